package trial

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/plimsoll/plimsoll/loadgen"
	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
	"github.com/plimsoll/plimsoll/tuner/compat"
)

// Beside is a trial beside autoscalers: one ramp and one hold on a workload whose replicas and Pods others change. It
// looks at the workload all the while and judges nothing but the SLOs.
type Beside struct {
	Traffic scenarios.Traffic
	// Address is one that reaches whatever Pods there are (a Service's); empty: that of Traffic.URL.
	Address string
	// Scenario ends with the hold.
	Scenario scenarios.Scenario
	SLOs     []scenarios.SLO
	// Begin is how many replicas the load shall begin with, and Rest how long is waited until no more are wanted; then it
	// begins with those that there are.
	Begin int
	Rest  time.Duration
	// Look is one look at the workload, with events or without.
	Look func(ctx context.Context, events bool) (compat.Sight, error)
	// Load offers the hits: loadgen.Run, or one that does it elsewhere.
	Load func(context.Context, loadgen.Plan) (loadgen.Result, error)
	// OnSecond is told each second of load; nil: nobody is.
	OnSecond func(loadgen.Second)
}

const (
	// lookEvery is how often the workload is looked at.
	lookEvery = 2 * time.Second
	// besideConnection is how long a connection lives where the file does not say. A Service chooses a Pod for each
	// connection, so that one that lives for ever would leave a new Pod without hits, and no HPA could be seen to help.
	besideConnection = time.Second
)

// Run completes t, which says what shall be, with what was seen. The error is for an instrument that broke; a load that
// was interrupted leaves the SLOs inconclusive.
func (b Beside) Run(ctx context.Context, t compat.Trajectory) (compat.Trajectory, error) {
	if err := b.rest(ctx); err != nil {
		return t, err
	}
	first, err := b.Look(ctx, true)
	if err != nil {
		return t, fmt.Errorf("look at the workload: %w", err)
	}
	w := &besideWatch{look: b.Look, seen: compat.NewSeen(first)}
	looking, stop := context.WithCancel(ctx)
	var group sync.WaitGroup
	group.Go(func() { w.follow(looking) })
	result, err := b.Load(ctx, b.plan())
	stop()
	group.Wait()
	if err != nil {
		return t, fmt.Errorf("load: %w", err)
	}
	w.take(ctx, true)
	w.seen.Into(&t)
	b.place(&t, w, result)
	t.SLOs, t.SLOWhy = b.judge(result)
	return t, nil
}

// rest waits until the workload has no more replicas than the load begins with. A look that fails is tried again.
func (b Beside) rest(ctx context.Context) error {
	over := time.NewTimer(b.Rest)
	defer over.Stop()
	next := time.NewTicker(lookEvery)
	defer next.Stop()
	for {
		if sight, err := b.Look(ctx, false); err == nil && sight.Desired <= b.Begin && len(sight.Pods) <= b.Begin && sight.Ready == len(sight.Pods) {
			return nil
		}
		select {
		case <-next.C:
		case <-over.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// plan is the load: by connections that live for a second unless the file says how its own clients do.
func (b Beside) plan() loadgen.Plan {
	p := loadgen.Plan{Traffic: b.Traffic, Scenario: b.Scenario, TightestSLO: TightestSLO(b.SLOs), Grace: b.Traffic.Timeout + drain, OnSecond: b.OnSecond}
	if p.Traffic.ConnectionLifetime == 0 && p.Traffic.HitsPerConnection == 0 {
		p.Traffic.ConnectionLifetime = besideConnection
	}
	if b.Address != "" {
		p.Addresses = []string{b.Address}
	}
	return p
}

// place puts the looks on the time line of the load, those before its beginning and after its end left out.
func (b Beside) place(t *compat.Trajectory, w *besideWatch, result loadgen.Result) {
	t.End = b.Scenario.Duration()
	if !result.Complete {
		t.End = result.Warmup + result.Window
	}
	hold := b.Scenario.Stages[len(b.Scenario.Stages)-1]
	t.Hold, t.HoldFrom = hold.To, b.Scenario.Duration()-hold.For
	within := func(at time.Time) (time.Duration, bool) {
		d := at.Sub(result.Started)
		return d, d >= 0 && d <= t.End
	}
	for _, l := range w.looks {
		at, ok := within(l.at)
		switch {
		case !ok:
		case l.failed:
			t.Missed++
		default:
			t.Points = append(t.Points, compat.Point{At: at, Offered: b.Scenario.RateAt(at), Desired: l.sight.Desired, Ready: l.sight.Ready, Pods: l.sight.Pods})
		}
	}
}

// judge says whether the SLOs that hits can answer were met. A load that fell behind or was ended says nothing.
func (b Beside) judge(result loadgen.Result) (tuner.Judgement, string) {
	switch {
	case len(result.Invalid) > 0:
		return tuner.Inconclusive, result.Invalid[0]
	case !result.Complete:
		return tuner.Inconclusive, "the load was ended before its time"
	}
	return tuner.JudgeLoad(b.SLOs, *LoadOf(result, b.SLOs))
}

// besideWatch looks at the workload again and again.
type besideWatch struct {
	look  func(context.Context, bool) (compat.Sight, error)
	seen  *compat.Seen
	looks []besideLook
}

// besideLook is one look and its time.
type besideLook struct {
	at     time.Time
	failed bool
	sight  compat.Sight
}

// follow looks every two seconds until ctx is done.
func (w *besideWatch) follow(ctx context.Context) {
	next := time.NewTicker(lookEvery)
	defer next.Stop()
	for {
		w.take(ctx, false)
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		}
	}
}

// take takes one look. One that was cut off by the end of the load is none.
func (w *besideWatch) take(ctx context.Context, events bool) {
	at := time.Now()
	sight, err := w.look(ctx, events)
	if err != nil && ctx.Err() != nil {
		return
	}
	w.looks = append(w.looks, besideLook{at, err != nil, sight})
	if err == nil {
		w.seen.See(sight)
	} else if events {
		w.seen.See(compat.Sight{EventsUnread: err.Error()})
	}
}
