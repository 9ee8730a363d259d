package trial

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll/plimsoll/loadgen"
	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
	"github.com/plimsoll/plimsoll/tuner/compat"
)

// besideShape is a ramp of ten seconds with a hold of twenty.
var besideShape = scenarios.Scenario{Name: "beside", Stages: []scenarios.Stage{
	{From: 0, To: 100, For: 10 * time.Second}, {From: 100, To: 100, For: 20 * time.Second}}}

// played is a Beside of a workload that has 3 replicas for 20 s and then 1, and under load goes to 4.
func played(t *testing.T, plan *loadgen.Plan) *Beside {
	began := time.Now()
	var loaded atomic.Pointer[time.Time]
	return &Beside{
		Traffic: scenarios.Traffic{URL: ""}, Address: "10.0.0.1:80", Scenario: besideShape, Begin: 1, Rest: time.Minute,
		Look: func(_ context.Context, events bool) (compat.Sight, error) {
			s := compat.Sight{Desired: 1, Restarts: map[string]compat.Told{}}
			if events {
				s.Refusals, s.Evictions = map[string]compat.Told{}, map[string]compat.Told{}
			}
			switch {
			case loaded.Load() != nil && time.Since(*loaded.Load()) > 15*time.Second:
				s.Desired = 4
			case time.Since(began) < 20*time.Second:
				s.Desired = 3
			}
			s.Ready = s.Desired
			s.Pods = make([]compat.Carried, s.Desired)
			return s, nil
		},
		Load: func(ctx context.Context, p loadgen.Plan) (loadgen.Result, error) {
			*plan = p
			loaded.Store(new(time.Now()))
			p.OnSecond = func(loadgen.Second) {}
			return offer(ctx, p)
		},
	}
}

// It waits for the replicas to begin with, then looks every two seconds, on the time line of the load.
func TestBeside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var plan loadgen.Plan
		began := time.Now()
		got, err := played(t, &plan).Run(t.Context(), compat.Trajectory{})
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 50*time.Second {
			t.Errorf("it took %v, want 20 s of rest and 30 s of load", took)
		}
		if len(plan.Addresses) != 1 || plan.Addresses[0] != "10.0.0.1:80" || plan.Traffic.ConnectionLifetime != time.Second {
			t.Errorf("the load went to %v, over connections of %v", plan.Addresses, plan.Traffic.ConnectionLifetime)
		}
		first, last := got.Points[0], got.Points[len(got.Points)-1]
		if len(got.Points) < 15 || got.Missed != 0 || first.Desired != 1 || first.Offered > 20 || last.Desired != 4 || last.At > got.End {
			t.Errorf("%d looks, %d missed, the first %+v, the last %+v", len(got.Points), got.Missed, first, last)
		}
		if got.HoldFrom != 10*time.Second || got.End != 30*time.Second || got.Hold != 100 {
			t.Errorf("the hold of %v/s from %v to %v", got.Hold, got.HoldFrom, got.End)
		}
		if got.SLOs != tuner.Pass {
			t.Errorf("%s: %s", got.SLOs, got.SLOWhy)
		}
	})
}

// What the file says of connections stands, a URL takes the place of the address, and a rest has an end.
func TestBesidePlan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var plan loadgen.Plan
		b := played(t, &plan)
		b.Traffic, b.Address, b.Begin, b.Rest = scenarios.Traffic{URL: "http://web", HitsPerConnection: 7}, "", 0, 10*time.Second
		got, err := b.Run(t.Context(), compat.Trajectory{})
		if err != nil || len(plan.Addresses) > 0 || plan.Traffic.ConnectionLifetime != 0 || got.Points[0].Desired != 3 {
			t.Errorf("%v, addresses %v, connections of %v, %d replicas", err, plan.Addresses, plan.Traffic.ConnectionLifetime, got.Points[0].Desired)
		}
	})
}

// A load in doubt leaves the SLOs in doubt; looks that fail are counted; an instrument that breaks is an error.
func TestBesideDoubts(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		name   string
		change func(*Beside)
		want   tuner.Judgement
		missed bool
		err    bool
	}{
		{"the generator fell behind", func(b *Beside) {
			load := b.Load
			b.Load = func(ctx context.Context, p loadgen.Plan) (loadgen.Result, error) {
				r, err := load(ctx, p)
				r.Invalid = []string{"late"}
				return r, err
			}
		}, tuner.Inconclusive, false, false},
		{"looks fail", func(b *Beside) {
			look, began := b.Look, time.Now()
			b.Look = func(ctx context.Context, events bool) (compat.Sight, error) {
				if time.Since(began) > 40*time.Second {
					return compat.Sight{}, broken
				}
				return look(ctx, events)
			}
		}, tuner.Pass, true, false},
		{"the load can't run", func(b *Beside) {
			b.Load = func(context.Context, loadgen.Plan) (loadgen.Result, error) { return loadgen.Result{}, broken }
		}, "", false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var plan loadgen.Plan
				b := played(t, &plan)
				c.change(b)
				got, err := b.Run(t.Context(), compat.Trajectory{})
				if got.SLOs != c.want || got.Missed > 0 != c.missed || (got.EventsUnread != "") != c.missed || (err != nil) != c.err {
					t.Errorf("%s, %d missed, events %q, %v", got.SLOs, got.Missed, got.EventsUnread, err)
				}
			})
		})
	}
}

// Interrupted, it says nothing of the SLOs.
func TestBesideInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 35*time.Second)
		defer cancel()
		var plan loadgen.Plan
		got, err := played(t, &plan).Run(ctx, compat.Trajectory{})
		if err != nil || got.SLOs != tuner.Inconclusive || compat.JudgeCoexistence(got).Judgement == tuner.Pass {
			t.Errorf("%v, %s", err, got.SLOs)
		}
	})
}
