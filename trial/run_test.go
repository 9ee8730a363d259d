package trial

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll/plimsoll/loadgen"
	"github.com/plimsoll/plimsoll/observer"
	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
	"github.com/plimsoll/plimsoll/workload"
)

// fake is a workload of one container, and what a trial on it sees.
type fake struct {
	apply      func(context.Context) error
	awaitReady func(context.Context) (ready bool, err error)
	// killed is when the container is killed for its memory; zero: never.
	killed time.Time
	// sample changes a sample in which nothing is wrong.
	sample func(*observer.Sample)
}

func (f *fake) Apply(ctx context.Context, _ tuner.Settings, _ bool) (bool, error) {
	if f.apply == nil {
		return true, nil
	}
	return true, f.apply(ctx)
}

func (f *fake) AwaitReady(ctx context.Context) (time.Duration, bool, error) {
	if f.awaitReady == nil {
		return time.Second, true, nil
	}
	ready, err := f.awaitReady(ctx)
	return time.Second, ready, err
}

func (f *fake) Instances() []workload.Instance {
	return []workload.Instance{{Target: observer.Target{Container: "app"}, Address: "127.0.0.1:1", Restarts: len(f.Exits())}}
}

func (f *fake) Exits() []workload.Exit {
	if f.killed.IsZero() || time.Now().Before(f.killed) {
		return nil
	}
	return []workload.Exit{{Container: "app", At: f.killed, Reason: workload.OOMKilled, Code: 137}}
}

func (f *fake) Doubts() []tuner.Doubt { return nil }

func (f *fake) Close(context.Context) error { return nil }

// The limits under test, and a load of ten seconds after a warm-up of two.
var (
	limits   = scenarios.Resources{CPULimit: 500, MemoryLimit: 64 * scenarios.MiB}
	shape    = scenarios.Scenario{Name: "ramp", Warmup: 2 * time.Second, Stages: []scenarios.Stage{{From: 10, To: 10, For: 12 * time.Second}}}
	settings = tuner.Settings{{Container: "app", Resources: limits}}
)

// read is one reading: half a core, never throttled, 32Mi.
func (f *fake) read(began time.Time) observer.Sample {
	up := time.Since(began)
	s := observer.Sample{
		At: time.Now(), CPU: new(up / 2), Periods: new(int64(up / (100 * time.Millisecond))), ThrottledPeriods: new(int64(0)),
		WorkingSet: new(32 * scenarios.MiB), OOMKills: new(int64(len(f.Exits()))), CPULimit: new(limits.CPULimit), MemoryLimit: new(limits.MemoryLimit),
	}
	if f.sample != nil {
		f.sample(&s)
	}
	return s
}

// offer is a generator without hits: a second of the plan takes a second, until it is over or cancelled.
func offer(ctx context.Context, plan loadgen.Plan) (loadgen.Result, error) {
	r := loadgen.Result{Started: time.Now(), Warmup: plan.Scenario.Warmup}
	whole := plan.Scenario.Duration()
	for at := time.Duration(0); at < whole; {
		select {
		case <-ctx.Done():
			r.Window = max(0, at-r.Warmup)
			return r, nil
		case <-time.After(time.Second):
		}
		at += time.Second
		plan.OnSecond(loadgen.Second{At: at, Warmup: at <= r.Warmup, Planned: 10, Started: 10, OK: 10})
	}
	r.Window, r.Complete = whole-r.Warmup, true
	return r, nil
}

// runner runs trials on f.
func (f *fake) runner() *Runner {
	file := scenarios.File{Scenarios: []scenarios.Scenario{shape}}
	began := time.Now()
	return &Runner{
		Workload: f, File: file, Goal: tuner.NewGoal(file), Load: offer,
		Watch: func(targets func() []observer.Target) Watching {
			return observer.Start(targets(), func(observer.Target) (observer.Sample, error) { return f.read(began), nil })
		},
	}
}

// run runs one trial on f in virtual time.
func (f *fake) run(ctx context.Context) (tuner.Observation, error) {
	return f.runner().RunTrial(ctx, tuner.Step{Purpose: tuner.Probe, Settings: settings, Scenario: shape.Name})
}

func kinds(o tuner.Observation) []tuner.DoubtKind {
	var all []tuner.DoubtKind
	for _, d := range o.Invalid {
		all = append(all, d.Kind)
	}
	return slices.Compact(all)
}

func TestWholeTrial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, err := (&fake{}).run(t.Context())
		if err != nil || len(o.Invalid) > 0 || !o.Complete || len(o.Seconds) != 12 || o.Window != 10*time.Second {
			t.Fatalf("%v, %+v", err, o)
		}
		use := o.Containers[0]
		if use.CPU == nil || *use.CPU < 0.49 || *use.CPU > 0.51 || *use.WorkingSet != 32*scenarios.MiB || use.CPULimit != 500 {
			t.Errorf("use %+v", use)
		}
		if cpu := o.Seconds[5].Containers[0].CPU; cpu == nil || *cpu < 0.49 || *cpu > 0.51 {
			t.Errorf("the sixth second has a CPU usage of %v, want 0.5", cpu)
		}
	})
}

// What could not be read is missing, and nothing is said of how it differs.
func TestLimitsUnknown(t *testing.T) {
	for name, c := range map[string]struct {
		sample func(*observer.Sample)
		want   []tuner.DoubtKind
	}{
		"unreadable":       {func(s *observer.Sample) { s.CPULimit, s.MemoryLimit = nil, nil }, []tuner.DoubtKind{tuner.CountersMissing}},
		"another CPU":      {func(s *observer.Sample) { s.CPULimit = new(scenarios.MilliCPU(400)) }, []tuner.DoubtKind{tuner.SettingsDiffer}},
		"another memory":   {func(s *observer.Sample) { s.MemoryLimit = new(63 * scenarios.MiB) }, []tuner.DoubtKind{tuner.SettingsDiffer}},
		"no memory limit":  {func(s *observer.Sample) { s.MemoryLimit = new(scenarios.Bytes(0)) }, []tuner.DoubtKind{tuner.SettingsDiffer}},
		"rounded to pages": {func(s *observer.Sample) { s.MemoryLimit = new(64*scenarios.MiB - 4*scenarios.KiB) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o, err := (&fake{sample: c.sample}).run(t.Context())
				if err != nil || !slices.Equal(kinds(o), c.want) {
					t.Errorf("%v, doubts %+v, want %v", err, o.Invalid, c.want)
				}
			})
		})
	}
}

// A kill ends the load at the next second, and is one kill however often it was asked about.
func TestKillEndsTrial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{killed: time.Now().Add(4500 * time.Millisecond)}
		o, err := f.run(t.Context())
		if err != nil || o.Stopped == "" || o.Complete || len(o.Seconds) > 6 {
			t.Fatalf("%v, stopped %q after %d seconds, want before the seventh", err, o.Stopped, len(o.Seconds))
		}
		if len(o.Kills) != 1 || o.Kills[0].Kind != tuner.OOMKill || o.Containers[0].Restarts != 1 {
			t.Errorf("kills %+v, use %+v", o.Kills, o.Containers[0])
		}
	})
}

// slowly is a source with a sample every ten seconds of its own.
type slowly struct{ *observer.Watch }

func (s slowly) Series() []observer.Series { return thin(s.Watch.Series()) }

func (s slowly) Stop(ctx context.Context) []observer.Series { return thin(s.Watch.Stop(ctx)) }

func thin(all []observer.Series) []observer.Series {
	for i := range all {
		all[i].Every, all[i].Source = 10*time.Second, "a kubelet"
		var kept []observer.Sample
		for j := 5; j < len(all[i].Samples); j += 10 {
			kept = append(kept, all[i].Samples[j])
		}
		all[i].Samples = kept
	}
	return all
}

// A load that is lost ends once the counters can be read that tell why: not before there are two samples in its window.
func TestLostLoadWaitsForCounters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		r := f.runner()
		r.File.Scenarios[0].Stages = []scenarios.Stage{{From: 10, To: 10, For: time.Minute}}
		r.File.SLOs = []scenarios.SLO{{Metric: scenarios.ErrorRatio, Strict: true, Value: 0.01, Text: "errors < 1%"}}
		r.Goal = tuner.NewGoal(r.File)
		r.Load = func(ctx context.Context, plan loadgen.Plan) (loadgen.Result, error) {
			seconds := plan.OnSecond
			plan.OnSecond = func(s loadgen.Second) {
				s.OK, s.Failed = 0, s.Started
				seconds(s)
			}
			return offer(ctx, plan)
		}
		watch := r.Watch
		r.Watch = func(targets func() []observer.Target) Watching { return slowly{watch(targets).(*observer.Watch)} }
		o, err := r.RunTrial(t.Context(), tuner.Step{Purpose: tuner.Probe, Settings: settings, Scenario: shape.Name})
		if err != nil || o.Stopped == "" || o.Complete || slices.Contains(kinds(o), tuner.CountersMissing) {
			t.Fatalf("%v, stopped %q, doubts %v", err, o.Stopped, o.Invalid)
		}
		if n := len(o.Seconds); n < 14 || n > 18 || o.Containers[0].CPU == nil {
			t.Errorf("it ended after %d seconds with a CPU usage of %v: want it soon after the second sample of the window", n, o.Containers[0].CPU)
		}
	})
}

func TestNeverReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{awaitReady: func(context.Context) (bool, error) { time.Sleep(3 * time.Second); return false, nil }}
		o, err := f.run(t.Context())
		if err != nil || !o.NeverReady || o.Load != nil || o.Startup != nil {
			t.Errorf("%v, %+v", err, o)
		}
	})
}

// An interrupt is no failure of the service, whenever it comes; an instrument that breaks is an error.
func TestInterrupted(t *testing.T) {
	for name, after := range map[string]time.Duration{"waiting": time.Second, "under load": 8 * time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), after)
				defer cancel()
				f := &fake{awaitReady: func(ctx context.Context) (bool, error) {
					select {
					case <-ctx.Done():
						return false, ctx.Err()
					case <-time.After(3 * time.Second):
						return true, nil
					}
				}}
				o, err := f.run(ctx)
				if err != nil || o.NeverReady || !slices.Contains(kinds(o), tuner.StoppedByUser) {
					t.Errorf("%v, never ready %v, doubts %+v", err, o.NeverReady, o.Invalid)
				}
			})
		})
	}
	f := &fake{apply: func(ctx context.Context) error { return errors.Join(errors.New("no space"), ctx.Err()) }}
	if _, err := f.run(t.Context()); err == nil {
		t.Error("settings that could not be applied are no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if o, err := f.run(ctx); err != nil || !slices.Contains(kinds(o), tuner.StoppedByUser) {
		t.Errorf("interrupted while applying: %v, %+v", err, o)
	}
}
