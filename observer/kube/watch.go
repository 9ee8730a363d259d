package kube

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/plimsoll/plimsoll/observer"
	"github.com/plimsoll/plimsoll/tuner"
)

// Source tells what containers use.
type Source interface {
	// Name is what reports call it.
	Name() string
	// Every is the longest pause between two samples of one container.
	Every() time.Duration
	// Read returns rows of the Pods of targets with times on this machine's clock; those it returned before too, where that
	// is simpler. What could be read comes with the error of what could not.
	Read(ctx context.Context, targets []observer.Target) ([]Row, error)
	// Note is what a reader of the figures should know of it; "" where there is nothing. It is asked after a reading.
	Note() string
	// Place is where the source is read, with its clock; nil: in this process. It is asked after a reading.
	Place() *tuner.Place
}

// Reading is how a Watch reads.
type Reading struct {
	// Source of the counters; nil where there is none, and all that is left is the metrics API.
	Source Source
	// Metrics asks the metrics API; nil where there is none.
	Metrics func(ctx context.Context, targets []observer.Target) ([]PodMetrics, error)
	// Pace is the pause between two readings. Settle is how long Stop waits, at most, for samples from after it was called.
	Pace, Settle time.Duration
}

// The pace of reading, and how long the last samples are waited for: a kubelet takes one every 10 to 20 seconds, and one
// of an idle container can take 30. The paces are no whole seconds, so that the Dates of the replies tell, one after the
// other, what a clock says between two seconds.
const (
	defaultPace   = 4700 * time.Millisecond
	closingPace   = 1900 * time.Millisecond
	defaultSettle = 35 * time.Second
)

// Watch reads the counters of the Pods that targets names, until it is stopped.
type Watch struct {
	reading Reading
	targets func() []observer.Target
	stop    context.CancelFunc
	done    chan struct{}
	once    sync.Once

	mu   sync.Mutex
	seen seen
	// last is what Stop returned.
	last []observer.Series
}

// Start reads once, and then at the pace. The caller calls Stop, which waits for what Start started.
func Start(r Reading, targets func() []observer.Target) *Watch {
	if r.Pace <= 0 {
		r.Pace = defaultPace
	}
	if r.Settle <= 0 {
		r.Settle = defaultSettle
	}
	ctx, stop := context.WithCancel(context.Background())
	w := &Watch{reading: r, targets: targets, stop: stop, done: make(chan struct{})}
	go func() {
		defer close(w.done)
		tick := time.NewTicker(r.Pace)
		defer tick.Stop()
		for {
			w.read(ctx)
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return w
}

// read reads the source and the metrics API once.
func (w *Watch) read(ctx context.Context) {
	targets := w.targets()
	if len(targets) == 0 {
		return
	}
	var rows []Row
	var err error
	note := ""
	var place *tuner.Place
	if w.reading.Source != nil {
		rows, err = w.reading.Source.Read(ctx, targets)
		note, place = w.reading.Source.Note(), w.reading.Source.Place()
	}
	var metrics []PodMetrics
	var metricsErr error
	if w.reading.Metrics != nil {
		metrics, metricsErr = w.reading.Metrics(ctx, targets)
	}
	if ctx.Err() != nil {
		err, metricsErr = nil, nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen.add(rows, metrics)
	w.seen.failed(err)
	w.seen.note, w.seen.place = note, place
	w.seen.without(metricsErr)
}

// Stop ends the reading, waits until every running container has a sample from after it was called, and returns all that
// was read. It waits no longer than Settle, nor than ctx allows. Once it has been called, calling it again returns the
// same.
func (w *Watch) Stop(ctx context.Context) []observer.Series {
	w.once.Do(func() {
		w.stop()
		<-w.done
		w.settle(ctx, time.Now())
		w.last = w.Series()
	})
	return w.last
}

// settle reads until every running container has a sample from after end.
func (w *Watch) settle(ctx context.Context, end time.Time) {
	ctx, cancel := context.WithTimeout(ctx, w.reading.Settle)
	defer cancel()
	for {
		w.read(ctx)
		if w.settled(end) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(closingPace):
		}
	}
}

func (w *Watch) settled(end time.Time) bool {
	if w.reading.Source == nil {
		return true
	}
	for _, s := range w.Series() {
		if n := len(s.Samples); s.Pod.ContainerID != "" && (n == 0 || s.Samples[n-1].At.Before(end)) {
			return false
		}
	}
	return true
}

// Series is what was read so far, in the order of the targets as they are now.
func (w *Watch) Series() []observer.Series {
	targets := w.targets()
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []observer.Series
	for _, t := range targets {
		s := w.seen.series(t)
		if w.reading.Source == nil {
			s.Problems = append(slices.Clip(s.Problems), "no source of counters answers: the metrics API knows no throttling, no peaks and no kills")
		} else {
			s.Source, s.Every = w.reading.Source.Name(), w.reading.Source.Every()
		}
		all = append(all, s)
	}
	return all
}
