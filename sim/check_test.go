package sim

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// checkedService is a service of random size and noise that has room at its limits, with its goal.
func checkedService(r *rand.Rand) (Service, tuner.Goal) {
	usage := 50 + 500*r.Float64()
	need := scenarios.Bytes(40+200*r.Float64()) * scenarios.MiB
	s := Service{Replicas: 1, Rate: 100, Timeout: 2 * time.Second, LatencyNoise: 0.02 + 0.13*r.Float64(), MemoryNoise: 0.03 * r.Float64(),
		UsageNoise: 0.005 + 0.035*r.Float64(),
		Containers: []Container{{Name: "app", Usage: usage, Base: time.Duration((2 + 10*r.Float64()) * float64(time.Millisecond)), Curve: Queue(1), Anon: need}}}
	shape := func(name string, kind scenarios.ScenarioKind, length time.Duration) scenarios.Scenario {
		return scenarios.Scenario{Name: name, Kind: kind, Warmup: 3 * time.Second, Stages: []scenarios.Stage{{From: 100, To: 100, For: length}}}
	}
	f := scenarios.File{
		Workload: scenarios.Workload{Replicas: 1, Containers: []scenarios.Container{{Name: "app", Tune: true, Resources: scenarios.Resources{
			CPULimit: scenarios.MilliCPU(usage * 2), MemoryLimit: need * 3 / 2}}}},
		SLOs:      []scenarios.SLO{{Metric: scenarios.ResponseTime, Quantile: 0.99, Strict: true, Time: time.Second, Text: "p99 < 1s"}},
		Scenarios: []scenarios.Scenario{shape("ramp", scenarios.Ramp, 13*time.Second), shape("soak", scenarios.Soak, 34*time.Second)},
		Tuning:    scenarios.Tuning{CPU: true, Memory: true, Probe: "ramp", Confirm: "soak"},
	}
	return s, tuner.NewGoal(f)
}

// checkOf runs a check of a service in virtual time.
func checkOf(t *testing.T, s Service, goal tuner.Goal, baseline []tuner.Trial, seed uint64) ([]tuner.Trial, tuner.Check) {
	t.Helper()
	r := NewRunner(s, goal.Scenarios, seed)
	g := tuner.CheckGoal{Goal: goal, Baseline: baseline, MaxTime: time.Hour}
	trials, err := tuner.RunCheck(t.Context(), g, r, r.Elapsed, func(tuner.Trial) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	return trials, tuner.ConcludeCheck(g, trials, nil)
}

// The rates of a fleet of services with noises of 2–15 % in latency, 0–3 % in memory and 0.5–4 % in CPU: how often an
// unchanged service fails, and how often one that takes 30 % more CPU per hit, or 25 % more memory, does.
func TestCheckRates(t *testing.T) {
	const services = 500
	random := rand.New(rand.NewPCG(11, 13))
	alarms, unmeasured, cpu, memory, trials := 0, 0, 0, 0, 0
	for i := range services {
		s, goal := checkedService(random)
		seed := uint64(3 * i)
		baseline, _ := checkOf(t, s, goal, nil, seed)
		ran, check := checkOf(t, s, goal, baseline, seed+1)
		trials += len(ran)
		switch check.Judgement {
		case tuner.Fail:
			alarms++
		case tuner.Inconclusive:
			unmeasured++
		}
		more := s
		more.Containers = []Container{s.Containers[0]}
		more.Containers[0].Usage *= 1.3
		if _, check := checkOf(t, more, goal, baseline, seed+2); check.Judgement == tuner.Fail {
			cpu++
		}
		more.Containers[0] = s.Containers[0]
		more.Containers[0].Anon = s.Containers[0].Anon * 5 / 4
		if _, check := checkOf(t, more, goal, baseline, seed+2); check.Judgement == tuner.Fail {
			memory++
		}
	}
	t.Logf("of %d services: %d false alarms, %d not measured, %.2f trials a check; 30 %% more CPU found in %d, 25 %% more memory in %d",
		services, alarms, unmeasured, float64(trials)/services, cpu, memory)
	if alarms > services/100 || unmeasured > 0 {
		t.Errorf("%d false alarms and %d not measured in %d checks", alarms, unmeasured, services)
	}
	if cpu < services*95/100 || memory < services*95/100 {
		t.Errorf("30 %% more CPU was found in %d of %d, 25 %% more memory in %d", cpu, services, memory)
	}
}
