package tuner

import (
	"math"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// coldTrial is a probe of 120 hits/s that passed, at a CPU limit in millicores and a memory limit in Mi.
func coldTrial(cpu scenarios.MilliCPU, memory scenarios.Bytes, fresh bool, used float64, p99 time.Duration) Trial {
	s := Settings{{"app", scenarios.Resources{CPULimit: cpu, MemoryLimit: memory << 20}}}
	slo := coldGoal().SLOs["probe"][0]
	ratio := p99.Seconds() / slo.Time.Seconds()
	return Trial{Step: Step{Settings: s, Scenario: "probe"}, Observation: Observation{Fresh: fresh, Load: &Load{Offered: 120, Throughput: 120},
		Containers: []ContainerUse{{Container: "app", CPULimit: cpu, CPU: &used, CPUP95: &used}}},
		Verdict: Verdict{Judgement: Pass, Margins: []Margin{{Name: slo.Text, Metric: slo.Metric, Value: new(p99.Seconds()), Ratio: &ratio}}}}
}

func coldGoal() Goal {
	slo := scenarios.SLO{Metric: scenarios.ResponseTime, Quantile: 0.99, Strict: true, Time: 200 * time.Millisecond, Text: "p99 < 200ms"}
	return Goal{Limits: []Searched{{Limit{"app", CPU}, 20, 4000}, {Limit{"app", Memory}, 16 << 20, 1 << 30}}, SLOs: map[string][]scenarios.SLO{"probe": {slo}},
		Tuning: scenarios.Tuning{Safety: 0.95, Probe: "probe", Confirm: "soak"}}
}

// The worked value of colder, and what it takes to be one.
func TestColdness(t *testing.T) {
	ms := time.Millisecond
	cases := map[string]struct {
		trials    []Trial
		use, slow float64
	}{
		"one of each":                     {[]Trial{coldTrial(600, 100, true, 0.190, 50*ms), coldTrial(500, 100, false, 0.155, 50*ms)}, math.Log(190.0 / 155), 0},
		"other memory":                    {[]Trial{coldTrial(600, 100, true, 0.190, 50*ms), coldTrial(500, 900, false, 0.155, 50*ms)}, 0, 0},
		"no more than noise":              {[]Trial{coldTrial(600, 100, true, 0.160, 50*ms), coldTrial(500, 100, false, 0.155, 50*ms)}, 0, 0},
		"as much as the cold ones differ": {[]Trial{coldTrial(600, 100, true, 0.190, 50*ms), coldTrial(600, 100, true, 0.140, 50*ms), coldTrial(500, 100, false, 0.15, 50*ms)}, 0, 0},
		"warm ones use more":              {[]Trial{coldTrial(600, 100, true, 0.155, 50*ms), coldTrial(500, 100, false, 0.190, 50*ms)}, 0, 0},
		"slower at equal CPU":             {[]Trial{coldTrial(600, 100, true, 0.155, 50*ms), coldTrial(600, 100, false, 0.155, 5*ms)}, 0, math.Log(10)},
		"slower at less CPU":              {[]Trial{coldTrial(500, 100, true, 0.155, 50*ms), coldTrial(600, 100, false, 0.155, 5*ms)}, 0, 0},
		"slower, far below the bound":     {[]Trial{coldTrial(600, 100, true, 0.155, 20*ms), coldTrial(600, 100, true, 0.155, 45*ms), coldTrial(600, 100, false, 0.155, 5*ms)}, 0, 0},
		"only cold":                       {[]Trial{coldTrial(600, 100, true, 0.190, 50*ms), coldTrial(600, 100, true, 0.155, 5*ms)}, 0, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := newHistory(coldGoal(), c.trials).cold
			near(t, "use", got.use, c.use, 1e-9)
			near(t, "slow", got.slow, c.slow, 1e-9)
		})
	}
}

// Once a CPU limit moved on fresh replicas, more trials that blur the difference do not take it back; a search of memory alone
// has no use for it.
func TestColdnessStays(t *testing.T) {
	ms := time.Millisecond
	trials := []Trial{coldTrial(600, 100, true, 0.190, 50*ms), coldTrial(500, 100, false, 0.155, 50*ms), coldTrial(400, 100, true, 0.130, 50*ms)}
	if h := newHistory(coldGoal(), trials); h.cold.matters() {
		t.Fatalf("cold trials of 190m and 130m still differ from one of 155m: %+v", h.cold)
	}
	trials[2].Step.Purpose, trials[2].Step.Fresh, trials[2].Step.Change = Probe, true, &Change{Limit: Limit{"app", CPU}, From: 500, To: 400}
	if h := newHistory(coldGoal(), trials); !h.cold.matters() {
		t.Error("a CPU limit moved on fresh replicas, and the next would not")
	}
	goal := coldGoal()
	goal.Limits = goal.Limits[1:]
	if h := newHistory(goal, trials[:2]); h.cold.matters() {
		t.Errorf("no CPU limit is searched, and yet %+v", h.cold)
	}
}

// No throttling at all is enough under any bound, with the noise that is assumed at first.
func TestThrottleBoundsCanBeMet(t *testing.T) {
	for _, b := range []float64{0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5} {
		f := fit{noise: noise{prior: throttleNoise(b), priorWeight: throttleNoiseWeight}, usage: 240,
			points: []fitPoint{{limit: 480, span: spanOf(480), u: depth(240, 480), y: throttleMargin(0, b)}}}
		if p := f.confidence(480, 0); p < 0.95 {
			t.Errorf("bound %v: no throttling in a trial is enough with a confidence of %.3f", b, p)
		}
	}
	near(t, "noise under 10 %", throttleNoise(0.1), 0.52, 0.005)
	near(t, "noise under 25 %", throttleNoise(0.25), 0.30, 0.005)
}

// What warm replicas passed at says nothing of a CPU limit once fresh ones are known to need more; of memory it does.
func TestWarmPassesDoNotCount(t *testing.T) {
	h := newHistory(coldGoal(), []Trial{coldTrial(600, 100, true, 0.190, 50*time.Millisecond), coldTrial(300, 100, false, 0.155, 50*time.Millisecond)})
	if passed, _ := h.extremes(Limit{"app", CPU}); passed != 600 {
		t.Errorf("the least CPU limit that passed is %dm, want that of the cold trial, 600m", passed)
	}
	near(t, "usage", h.usageOf(Limit{"app", CPU}), 190, 1e-9)
	near(t, "usage that a request rests on", h.usageFor(Limit{"app", CPU}), 155, 1e-9)
	if !h.passes(1, Limit{"app", Memory}) {
		t.Error("the warm trial does not count as one that its memory limit was enough for")
	}
	if step := h.toward(withLimit(h.lastSettings(), Limit{"app", CPU}, 400, scenarios.Burstable), Probe, "why"); !step.Fresh {
		t.Errorf("the next step is %+v, want fresh replicas", step)
	}
}
