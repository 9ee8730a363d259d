package sim

import (
	"context"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// file is a scenario file of one simulated service that uses 240m and holds about 91Mi.
func file(noise float64, seed uint64) scenarios.File {
	return scenarios.File{
		Workload: scenarios.Workload{Kind: scenarios.Simulated, Name: "web", Replicas: 1,
			Containers: []scenarios.Container{{Name: "app", Tune: true, Bounds: scenarios.Bounds{CPUMin: 20, CPUMax: 4000,
				MemoryMin: 8 * scenarios.MiB, MemoryMax: 2 * scenarios.GiB}}},
			Simulated: &scenarios.SimulatedService{CPUPerHit: 1200 * time.Microsecond, BaseService: 8 * time.Millisecond, StartupCPU: 300 * time.Millisecond,
				MemoryBase: 60 * scenarios.MiB, MemoryPerHit: 256 * scenarios.KiB, MemoryCache: 30 * scenarios.MiB, Noise: noise, Seed: seed}},
		Traffic:   scenarios.Traffic{Timeout: 2 * time.Second},
		Scenarios: []scenarios.Scenario{steady("probe", 12*time.Second), steady("confirm", 60*time.Second)},
		SLOs: []scenarios.SLO{{Metric: scenarios.ResponseTime, Quantile: 0.99, Strict: true, Time: 50 * time.Millisecond, Text: "p99 < 50ms"},
			{Metric: scenarios.ErrorRatio, Strict: true, Value: 0.001, Text: "errors < 0.1%"}},
		Tuning: scenarios.Tuning{Start: scenarios.Conservative, CPU: true, Memory: true, QoS: scenarios.Burstable, MaxTrials: 30,
			MaxTime: time.Hour, Safety: 0.95, Probe: "probe", Confirm: "confirm"},
	}
}

func steady(name string, length time.Duration) scenarios.Scenario {
	return scenarios.Scenario{Name: name, Kind: scenarios.Soak, Warmup: 2 * time.Second,
		Stages: []scenarios.Stage{{From: 200, To: 200, For: length}}}
}

// searched runs a search to its end.
func searched(t testing.TB, goal tuner.Goal, r *Runner) ([]tuner.Trial, tuner.Step) {
	t.Helper()
	trials, step, err := tuner.Search(context.Background(), goal, nil, r, r.Elapsed, func(tuner.Trial) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	return trials, step
}

// Every search ends within its budget, moves at most one limit a step, stays in bounds, and can be replayed; so does one
// that begins at what an earlier one derived.
func TestRandomSearches(t *testing.T) {
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 1))
		goal, service := randomSearch(r)
		result := checkSearch(t, seed, goal, NewRunner(service, goal.Scenarios, r.Uint64()))
		if result.Settings == nil {
			continue
		}
		goal.Earlier = result
		for i := range service.Containers { // it may have changed since
			service.Containers[i].Usage *= 0.8 + r.Float64()/2
		}
		checkSearch(t, seed, goal, NewRunner(service, goal.Scenarios, r.Uint64()))
	}
}

// checkSearch runs one search, checks every step of it, and returns its result.
func checkSearch(t *testing.T, seed uint64, goal tuner.Goal, runner *Runner) *tuner.Result {
	t.Helper()
	trials, step := searched(t, goal, runner)
	if len(trials) > goal.Tuning.MaxTrials || runner.Elapsed() > goal.Tuning.MaxTime+time.Minute {
		t.Fatalf("seed %d: %d trials in %s exceed the budget", seed, len(trials), runner.Elapsed())
	}
	for i := range trials {
		checkStep(t, seed, goal, trials, i)
	}
	if again := tuner.Decide(goal, trials); !reflect.DeepEqual(again, step) {
		t.Fatalf("seed %d: the same trials give another result", seed)
	}
	last := trials[len(trials)-1]
	if step.Result.Verified && last.Step.Purpose == tuner.Confirm && last.Verdict.Judgement == tuner.Pass &&
		!reflect.DeepEqual(step.Result.Settings, last.Step.Settings) {
		t.Fatalf("seed %d: printed %v, confirmed %v", seed, step.Result.Settings, last.Step.Settings)
	}
	for _, c := range step.Result.Settings {
		if step.Result.Verified && (c.CPURequest == 0 || c.MemoryRequest == 0) {
			t.Fatalf("seed %d: printed without a request: %v", seed, step.Result.Settings)
		}
	}
	return step.Result
}

// randomSearch draws a service of one or two containers and a goal: any start, policy and budget; one probe in four is a ramp.
func randomSearch(r *rand.Rand) (tuner.Goal, Service) {
	f := file(0, 0)
	f.Tuning.MaxTrials = 2 + r.IntN(30)
	f.Tuning.MaxTime = time.Duration(1+r.IntN(20)) * time.Minute
	f.Tuning.Start = []scenarios.Start{scenarios.Conservative, scenarios.Current, scenarios.Relaxed}[r.IntN(3)]
	f.Tuning.QoS = []scenarios.QoS{scenarios.Guaranteed, scenarios.Burstable, scenarios.NoCPULimit}[r.IntN(3)]
	s := Service{Replicas: 1 + r.IntN(3), Rate: 100, Timeout: 2 * time.Second, LatencyNoise: r.Float64() * 0.4, MemoryNoise: r.Float64() * 0.1, UsageNoise: r.Float64() * 0.05}
	if r.IntN(8) == 0 {
		s.LockAt = 50
	}
	if r.IntN(4) == 0 {
		f.Scenarios[0].Kind = scenarios.Ramp
		f.Scenarios[0].Stages = []scenarios.Stage{{From: 20, To: 200, For: 20 * time.Second}, {From: 200, To: 200, For: 8 * time.Second}}
	}
	for i := range 1 + r.IntN(2) {
		if i == 1 {
			c := f.Workload.Containers[0]
			c.Name = "proxy"
			f.Workload.Containers = append(f.Workload.Containers, c)
		}
		s.Containers = append(s.Containers, Container{Name: f.Workload.Containers[i].Name, Usage: 5 + r.Float64()*3000, Base: time.Duration(1e6 + r.Float64()*20e6),
			Curve: Queue(0.7 + r.Float64()), StartCPU: r.Float64() * 3, Anon: scenarios.Bytes(1e6 + r.Float64()*2e9), File: scenarios.Bytes(r.Float64() * 1e7),
			Cache: scenarios.Bytes(r.Float64() * 1e9), HeapShare: float64(r.IntN(2)) * 0.9, Leak: scenarios.Bytes(r.IntN(5) / 4 * 20000)})
	}
	s.Rate = 200 / float64(s.Replicas)
	return tuner.NewGoal(f), s
}

// checkStep checks trial i's step against the trials before it.
func checkStep(t *testing.T, seed uint64, goal tuner.Goal, trials []tuner.Trial, i int) {
	t.Helper()
	step := trials[i].Step
	if again := tuner.Decide(goal, trials[:i]); !reflect.DeepEqual(again, step) {
		t.Fatalf("seed %d: replayed, step %d is another", seed, i+1)
	}
	if step.Reason == "" {
		t.Fatalf("seed %d: step %d has no reason", seed, i+1)
	}
	moved := 0
	for _, l := range goal.Limits {
		now := value(step.Settings, l.Limit)
		if now < l.Min || now > l.Max {
			t.Fatalf("seed %d: step %d: %v = %d is out of %d–%d", seed, i+1, l.Limit, now, l.Min, l.Max)
		}
		if i > 0 && now != value(trials[i-1].Step.Settings, l.Limit) {
			moved++
		}
	}
	if moved > 1 || moved > 0 != (step.Change != nil) || moved > 0 && step.Purpose != tuner.Probe {
		t.Fatalf("seed %d: step %d (%s) moved %d limits, its change is %v", seed, i+1, step.Purpose, moved, step.Change)
	}
	for _, c := range step.Settings {
		if c.CPULimit > 0 && c.CPURequest > c.CPULimit || c.MemoryLimit > 0 && c.MemoryRequest > c.MemoryLimit {
			t.Fatalf("seed %d: step %d: a request exceeds its limit: %v", seed, i+1, c)
		}
	}
}

func value(s tuner.Settings, l tuner.Limit) int64 {
	c, _ := s.Of(l.Container)
	if l.Resource == tuner.CPU {
		return int64(c.CPULimit)
	}
	return int64(c.MemoryLimit)
}

// Without noise the search agrees with a slow, obvious one: every value in steps of 1 %, from below, until one passes. Half of
// each service's peak memory and more is page cache that could be given back, so that no figure shows the need and only
// trials bring the limit down to it.
func TestAgreesWithSlowSearch(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 2))
		f := file(0, seed)
		m := f.Workload.Simulated
		m.CPUPerHit = time.Duration(300e3 + r.Float64()*5e6)
		m.MemoryBase = scenarios.Bytes(20e6 + r.Float64()*1e9)
		runner := New(f)
		app := &runner.service.Containers[0]
		app.Cache = scenarios.Bytes(float64(app.Anon) * (1 + r.Float64()))
		app.File = scenarios.Bytes(float64(app.Anon) * 0.3 * r.Float64())
		goal := tuner.NewGoal(f)
		_, step := searched(t, goal, runner)
		if step.Result.Outcome != tuner.Derived {
			t.Fatalf("seed %d: %s: %s", seed, step.Result.Outcome, step.Result.Why)
		}
		for _, l := range goal.Limits {
			least := slowSearch(&runner.service, goal, l)
			derived := float64(value(step.Result.Settings, l.Limit))
			if derived < least || derived > least*1.12 {
				t.Errorf("seed %d: %v derived %.0f, the slow search says %.0f", seed, l.Limit, derived, least)
			}
		}
	}
}

// slowSearch tries every value in steps of 1 % from the lower bound up, the other limit at its upper bound.
func slowSearch(s *Service, goal tuner.Goal, l tuner.Searched) float64 {
	settings := tuner.Settings{{Container: "app", Resources: scenarios.Resources{CPULimit: 4000, MemoryLimit: 2 * scenarios.GiB}}}
	for x := float64(l.Min); ; x *= 1.01 {
		if l.Resource == tuner.CPU {
			settings[0].CPULimit = scenarios.MilliCPU(x)
		} else {
			settings[0].MemoryLimit = scenarios.Bytes(x)
		}
		if x >= float64(l.Max) || s.Passes(settings, s.Quiet(), 0.05) {
			return x
		}
	}
}

// A runtime that compiles its code while it serves needs more CPU right after a start: what is derived holds a start.
func TestSearchOfAServiceThatWarmsUp(t *testing.T) {
	for seed := range uint64(20) {
		f := file(0.02, seed)
		goal := tuner.NewGoal(f)
		r := New(f)
		r.service.Containers[0].Warming = 0.3
		trials, step := searched(t, goal, r)
		if step.Result == nil || step.Result.Outcome != tuner.Derived {
			t.Fatalf("seed %d: the search ended with %+v", seed, step.Result)
		}
		passed, warm := false, 0
		for _, x := range trials {
			if c := x.Step.Change; passed && c != nil && c.Resource == tuner.CPU && !x.Step.Fresh {
				warm++
			}
			passed = passed || x.Verdict.Judgement == tuner.Pass
			if c := x.Verdict.Culprit; x.Step.Purpose == tuner.Confirm && c != nil && c.Resource == tuner.CPU {
				t.Errorf("seed %d: the soak of trial %d failed: %s", seed, x.Number, x.Verdict.Why)
			}
		}
		if warm > 1 {
			t.Errorf("seed %d: CPU moved %d times on warm replicas, though the first showed that fresh ones use more", seed, warm)
		}
		if !r.service.Passes(step.Result.Settings, r.service.Quiet(), 0.05) {
			t.Errorf("seed %d: fresh replicas fail at %+v", seed, step.Result.Settings)
		}
		least := 240 * 1.3 * 1.05
		if got := float64(step.Result.Settings[0].CPULimit); got < least || got > 1.35*least {
			t.Errorf("seed %d: a CPU limit of %.0fm for fresh replicas that use 312m", seed, got)
		}
	}
}
