package sim

import (
	"context"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// file is a scenario file of one simulated service that needs 300m and about 100Mi.
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

func TestSearchEndsDerived(t *testing.T) {
	f := file(0.05, 1)
	r := New(f)
	trials, step, err := tuner.Search(context.Background(), tuner.NewGoal(f), nil, r, r.Elapsed, func(tuner.Trial) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range trials {
		t.Logf("%d %s %v %s | %s | %s", x.Number, x.Step.Purpose, x.Step.Settings, x.Step.Reason, x.Verdict.Judgement, x.Verdict.Why)
	}
	if step.Result.Outcome != tuner.Derived {
		t.Errorf("outcome %s: %s", step.Result.Outcome, step.Result.Why)
	}
	t.Logf("%+v", *step.Result)
}
