package compat

import (
	"strings"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

func TestCombine(t *testing.T) {
	m := derived(300, 400, 77*mi, 96*mi).rising(1)
	m.Loads = Loads{Minimum: 50, Typical: 400, Peak: 900}
	m.P99 = new(12 * time.Millisecond)
	c := Combine(app(), m, HitsMetric)
	if c == nil {
		t.Fatal("nothing suggested")
	}
	// (100 − 1 ÷ 2 × 60) ÷ 1.1 = 63.6; 50 → 1, 400 → 7, 900 → 15; 15 × 1.25 = 18.75 → 19
	near(t, "target", c.Target, 63.64)
	want := []int{1, 7, 15}
	for i, n := range c.Replicas {
		if n.Replicas != want[i] {
			t.Errorf("%s: %d replicas, want %d", n.Load, n.Replicas, want[i])
		}
	}
	if c.Min != 1 || c.Max != 19 || *c.Lead != time.Minute {
		t.Errorf("bounds %d to %d, lead %v; want 1 to 19, 1m", c.Min, c.Max, *c.Lead)
	}
	near(t, "fastest rise of one Pod", *c.FastestRise, (100-63.64*1.1)/60)
	for _, part := range []string{"scaleTargetRef:", "kind: Deployment", "minReplicas: 1", "maxReplicas: 19", "name: http_requests_per_second", "averageValue: \"63\""} {
		if !strings.Contains(c.OnHits.YAML, part) {
			t.Errorf("the HPA lacks %q:\n%s", part, c.OnHits.YAML)
		}
	}
	if !strings.Contains(c.OnLatency.YAML, "averageValue: 12m") {
		t.Errorf("on latency:\n%s", c.OnLatency.YAML)
	}
	for _, part := range []string{"updateMode: \"Off\"", "controlledValues: RequestsOnly", "memory: 77Mi", "cpu: 400m"} {
		if !strings.Contains(c.VPA.YAML, part) {
			t.Errorf("the VPA lacks %q:\n%s", part, c.VPA.YAML)
		}
	}
	if !strings.Contains(c.Predictive, "must begin 60 hits/s before") || !strings.Contains(c.Predictive, "between 1 and 19") {
		t.Errorf("predictive: %s", c.Predictive)
	}
}

func TestCombineChangesWhatIsThere(t *testing.T) {
	m := derived(300, 400, 77*mi, 96*mi)
	m.Loads = Loads{Peak: 2000}
	m.Knee, m.KneeTrial = new(120.0), 4
	s := app().hpa(tuner.CPU, 50).vpa(Recreate)
	s.VPAs[0].Recommendations = []Recommendation{{Container: "app", Uncapped: Amounts{CPU: 250, Memory: 250 * mi}}}
	c := Combine(s, m, HitsMetric)
	if c.Min != 2 || c.Max != 24 || c.Limit != 120 { // 2000 ÷ (120 ÷ 1.1) = 18.3 → 19; × 1.25 = 24
		t.Errorf("bounds %d to %d at %v a Pod, want 2 to 24 at 120", c.Min, c.Max, c.Limit)
	}
	if c.OnHits.How != MergePatch || strings.Contains(c.OnHits.YAML, "scaleTargetRef") {
		t.Errorf("not the HPA that is there: %+v", c.OnHits)
	}
	if len(c.Compared) != 2 || !strings.Contains(c.Compared[0].Text, "16.7 % less") || !strings.Contains(c.Compared[1].Text, "160.4 % more than the limit that passed") {
		t.Errorf("compared: %+v", c.Compared)
	}
	steep := derived(300, 400, 77*mi, 96*mi).rising(4) // 4 ÷ 2 × 60 = 120 > 100
	if c := Combine(app(), steep, HitsMetric); !strings.Contains(strings.Join(c.Notes, " "), "no target is early enough") {
		t.Errorf("notes: %v", c.Notes)
	}
	if Combine(app(), nil, HitsMetric) != nil || Combine(app(), &Measured{}, HitsMetric) != nil {
		t.Error("suggests without a trial that says what a Pod takes")
	}
}

// What trials tell: the soak that passed at the derived limits, its start, the load shapes.
func TestFromTrials(t *testing.T) {
	settings := tuner.Settings{{Container: "app", Resources: scenarios.Resources{CPURequest: 300, CPULimit: 400, MemoryRequest: 77 * mi, MemoryLimit: 96 * mi}}}
	other := tuner.Settings{{Container: "app", Resources: scenarios.Resources{CPULimit: 800, MemoryLimit: 96 * mi}}}
	passed := func(number int, s tuner.Settings, rate float64) tuner.Trial {
		return tuner.Trial{Number: number, Step: tuner.Step{Settings: s}, Verdict: tuner.Verdict{Judgement: tuner.Pass}, Observation: tuner.Observation{
			Startup: new(time.Duration(number) * time.Second), Load: &tuner.Load{Throughput: rate, Response: []tuner.Quantile{{Q: 0.99, Time: 9 * time.Millisecond}}},
			Containers: []tuner.ContainerUse{{CPU: new(0.3)}, {CPU: new(0.3)}}}}
	}
	file := scenarios.File{Workload: scenarios.Workload{Replicas: 2}, Scenarios: []scenarios.Scenario{
		{Kind: scenarios.Ramp, Stages: []scenarios.Stage{{From: 0, To: 300, For: time.Minute}}},
		{Kind: scenarios.Soak, Stages: []scenarios.Stage{{From: 200, To: 200, For: time.Hour}}},
	}}
	failed := passed(4, settings, 500)
	failed.Verdict.Judgement = tuner.Fail
	m := FromTrials(file, []tuner.Trial{passed(1, other, 999), passed(2, settings, 200), failed}, tuner.Result{Settings: settings})
	// 200 hits/s over 2 Pods; 0.6 cores over 200 hits/s = 3 ms; 300 ÷ 60 s = 5/s²
	near(t, "hits per Pod", *m.HitsPerPod, 100)
	near(t, "CPU per hit", *m.CPUPerHit, 0.003)
	if m.Trial != 2 || *m.Startup != 4*time.Second || m.Rise != 5 || m.Loads != (Loads{200, 200, 300}) || *m.P99 != 9*time.Millisecond {
		t.Errorf("%+v", m)
	}
	unknown := passed(3, settings, 200)
	unknown.Observation.Containers[1].CPU = nil
	if m := FromTrials(file, []tuner.Trial{passed(2, settings, 200), unknown}, tuner.Result{Settings: settings}); m.CPUPerHit != nil {
		t.Error("the CPU of a hit is known though that of one container is not")
	}
	if FromTrials(file, nil, tuner.Result{}) != nil {
		t.Error("something measured though nothing was derived")
	}
}
