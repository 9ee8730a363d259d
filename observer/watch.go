package observer

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/plimsoll/plimsoll/tuner"
)

// every is the pause between two samples of a target.
const every = time.Second

// Series is what was read of one target, ascending in time.
type Series struct {
	Target
	Samples []Sample
	// Problems holds each different error of a reading that failed, once. Such a reading has no sample.
	Problems []string
	// Every is the longest pause between two samples where the source takes them at its own pace; 0: one a second, as they
	// are asked for.
	Every time.Duration
	// Source names where the samples come from; empty for this machine's kernel.
	Source string
	// Reader is where they were read; nil: in this process.
	Reader *tuner.Place
	// Doubts are what the source saw that makes the trial invalid; Notes what a reader should know of it.
	Doubts []tuner.Doubt
	Notes  []string
	// Metrics is what the metrics API said beside it, ascending; nil where it was not asked or did not answer.
	Metrics []MetricsSample
}

// Watch samples targets once a second until it is stopped.
type Watch struct {
	read func(Target) (Sample, error)
	stop chan struct{}
	done chan struct{}
	once sync.Once

	mu     sync.Mutex
	series []Series
}

// Start takes a first sample of every target, and then one a second, all targets right after each other. Where read
// leaves Sample.At zero it becomes the time at which read was called. The caller calls Stop, which waits for what Start
// started.
func Start(targets []Target, read func(Target) (Sample, error)) *Watch {
	w := &Watch{read: read, stop: make(chan struct{}), done: make(chan struct{})}
	for _, t := range targets {
		w.series = append(w.series, Series{Target: t})
	}
	w.sample()
	go func() {
		defer close(w.done)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-w.stop:
				return
			case <-tick.C:
				w.sample()
			}
		}
	}()
	return w
}

// Stop takes a last sample, ends the watch and returns all that was read, in the order of the targets. Once it has been
// called, calling it again returns the same.
// A last sample costs less than a wait, so the context, which other readings of counters wait under, is not looked at.
func (w *Watch) Stop(context.Context) []Series {
	w.once.Do(func() {
		close(w.stop)
		<-w.done
		w.sample()
	})
	return w.Series()
}

// Series returns what was read so far, in the order of the targets. The caller may append to it and may not change what
// is in it: it shares the samples with the watch, so that asking every second of a long trial costs nothing.
func (w *Watch) Series() []Series {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := slices.Clone(w.series)
	for i := range all {
		all[i].Samples = slices.Clip(all[i].Samples)
		all[i].Problems = slices.Clip(all[i].Problems)
	}
	return all
}

// sample reads every target once. A reading may take long (a kubelet is asked over the network), so it holds no lock.
func (w *Watch) sample() {
	for i := range w.series {
		at := time.Now()
		s, err := w.read(w.series[i].Target) // the target itself never changes
		if s.At.IsZero() {
			s.At = at
		}
		w.keep(i, s, err)
	}
}

func (w *Watch) keep(i int, s Sample, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	series := &w.series[i]
	switch {
	case err == nil:
		series.Samples = append(series.Samples, s)
	case !slices.Contains(series.Problems, err.Error()):
		series.Problems = append(series.Problems, err.Error())
	}
}
