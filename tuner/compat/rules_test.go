package compat

import (
	"strings"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

const mi = scenarios.MiB

// app is a workload of one Guaranteed container of 500m and 256Mi, three replicas.
func app() Snapshot {
	return Snapshot{Server: 35, Workload: Workload{
		Ref: Ref{"apps/v1", "Deployment", "shop", "web"}, Replicas: new(3), MaxSurge: Share{25, true},
		Containers: []Container{{Name: "app", Role: App, Resources: scenarios.Resources{CPURequest: 500, CPULimit: 500, MemoryRequest: 256 * mi, MemoryLimit: 256 * mi}}},
	}}
}

func (s Snapshot) limits(cpuRequest, cpuLimit scenarios.MilliCPU, memoryRequest, memoryLimit scenarios.Bytes) Snapshot {
	s.Workload.Containers[0].Resources = scenarios.Resources{CPURequest: cpuRequest, CPULimit: cpuLimit, MemoryRequest: memoryRequest, MemoryLimit: memoryLimit}
	return s
}

// with adds a second container.
func (s Snapshot) with(c Container) Snapshot {
	s.Workload.Containers = append(s.Workload.Containers, c)
	return s
}

// hpa adds an HPA with a target for a resource, 2 to 10 replicas, 4 now.
func (s Snapshot) hpa(r tuner.Resource, percent int) Snapshot {
	m := Metric{Type: ResourceMetric, Resource: r, Target: Utilization, Utilization: percent, Written: map[string]any{"type": "Resource", "resource": map[string]any{"name": string(r)}}}
	return s.scaled(m)
}

func (s Snapshot) scaled(metrics ...Metric) Snapshot {
	s.HPAs = append(s.HPAs, HPA{Ref: Ref{"autoscaling/v2", "HorizontalPodAutoscaler", "shop", "web"}, Min: 2, Max: 10, Current: 4, Metrics: metrics})
	return s
}

// averaged adds an HPA with an average value.
func (s Snapshot) averaged(r tuner.Resource, value int64) Snapshot {
	return s.scaled(Metric{Type: ResourceMetric, Resource: r, Target: AverageValue, Average: value})
}

func (s Snapshot) vpa(mode Mode, policies ...Policy) Snapshot {
	s.VPAs = append(s.VPAs, VPA{Ref: Ref{"autoscaling.k8s.io/v1", "VerticalPodAutoscaler", "shop", "web"}, Mode: mode, Policies: policies})
	return s
}

// edit changes the first HPA.
func (s Snapshot) edit(change func(h *HPA)) Snapshot {
	change(&s.HPAs[0])
	return s
}

// derived are measured settings for container app, tested at 100 hits/s and 3 ms of CPU each on 2 Pods.
func derived(cpuRequest, cpuLimit scenarios.MilliCPU, memoryRequest, memoryLimit scenarios.Bytes) *Measured {
	return &Measured{
		Settings: tuner.Settings{{Container: "app", Resources: scenarios.Resources{CPURequest: cpuRequest, CPULimit: cpuLimit, MemoryRequest: memoryRequest, MemoryLimit: memoryLimit}}},
		Replicas: 2, HitsPerPod: new(100.0), CPUPerHit: new(0.003), Startup: new(10 * time.Second), Trial: 9,
	}
}

// rising sets the slope of the planned load.
func (m *Measured) rising(perSecond float64) *Measured { m.Rise = perSecond; return m }

func (m *Measured) started(after time.Duration) *Measured { m.Startup = &after; return m }

// ruleCase is one snapshot and what one rule says of it. No severity: nothing.
type ruleCase struct {
	name     string
	snapshot Snapshot
	measured *Measured
	severity Severity
	// why and mend are parts of the sentence and of the YAML.
	why, mend []string
}

func checkRule(t *testing.T, rule string, cases []ruleCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var found []Finding
			for _, f := range Evaluate(c.snapshot, c.measured).Findings {
				if f.Rule == rule {
					found = append(found, f)
				}
			}
			if c.severity == "" {
				if len(found) > 0 {
					t.Errorf("found %+v, want nothing", found)
				}
				return
			}
			if len(found) != 1 {
				t.Fatalf("%d findings, want 1: %+v", len(found), found)
			}
			compare(t, found[0], c)
		})
	}
}

func compare(t *testing.T, f Finding, c ruleCase) {
	t.Helper()
	if f.Severity != c.severity {
		t.Errorf("severity %s, want %s", f.Severity, c.severity)
	}
	if f.Object.Name == "" || f.Field == "" || f.Fix == "" {
		t.Errorf("object, field or fix is missing: %+v", f)
	}
	for _, part := range c.why {
		if !strings.Contains(f.Why, part) {
			t.Errorf("why lacks %q:\n%s", part, f.Why)
		}
	}
	yaml := ""
	if f.Mend != nil {
		yaml = f.Mend.YAML
	}
	for _, part := range c.mend {
		if !strings.Contains(yaml, part) {
			t.Errorf("mend lacks %q:\n%s", part, yaml)
		}
	}
}

func TestR1Spiral(t *testing.T) {
	memoryOnly := Policy{Container: "*", Limits: true, Controlled: []tuner.Resource{tuner.Memory}}
	byContainer := Metric{Type: ContainerResourceMetric, Resource: tuner.CPU, Container: "app", Target: Utilization, Utilization: 50}
	proxy := Container{Name: "proxy", Role: App, Resources: scenarios.Resources{CPURequest: 100}}
	checkRule(t, "R1", []ruleCase{
		// 1 ÷ (1.15 × 0.5) = 1.739; bounds 1 ÷ (1.15 × 1.1) = 79.05 %, 1 ÷ (1.15 × 0.9) = 96.6 %
		{name: "spirals out", snapshot: app().hpa(tuner.CPU, 50).vpa(Recreate), severity: Error,
			why: []string{"multiplies the replicas by 1.74", "maxReplicas 10", "from 79.1 % to 96.6 %"}, mend: []string{"containerName: app", "controlledResources:", "- memory"}},
		{name: "collapses", snapshot: app().hpa(tuner.CPU, 100).vpa(Initial), severity: Error, why: []string{"by 0.87, down to minReplicas 2"}},
		{name: "just below the lower bound", snapshot: app().hpa(tuner.CPU, 79).vpa(Recreate), severity: Error, why: []string{"multiplies the replicas by 1.1,"}},
		{name: "just above it", snapshot: app().hpa(tuner.CPU, 80).vpa(Recreate), severity: Error, why: []string{"stands still only while usage is even"}},
		{name: "memory is controlled, CPU scaled on", snapshot: app().hpa(tuner.CPU, 50).vpa(Recreate, memoryOnly)},
		{name: "both on memory alone", snapshot: app().hpa(tuner.Memory, 50).vpa(Recreate, memoryOnly), severity: Error, mend: []string{`mode: "Off"`}},
		{name: "VPA off", snapshot: app().hpa(tuner.CPU, 50).vpa(Off)},
		{name: "the container alone", snapshot: app().with(proxy).scaled(byContainer).vpa(Recreate, Policy{Container: "proxy", Limits: true}, Policy{Container: "app", Off: true})},
	})
}

func TestR2SharedAverage(t *testing.T) {
	atLeast := func(m scenarios.MilliCPU) Policy { return Policy{Container: "app", Limits: true, Min: Amounts{CPU: m}} }
	checkRule(t, "R2", []ruleCase{
		{name: "shared", snapshot: app().averaged(tuner.CPU, 300).vpa(Recreate), severity: Info, why: []string{"near 300m of CPU"}},
		{name: "above the limit", snapshot: app().averaged(tuner.CPU, 501).vpa(Recreate), severity: Warning, why: []string{"501m is above the CPU limit of 500m"}, mend: []string{"averageValue: 395m"}},
		{name: "at the limit", snapshot: app().averaged(tuner.CPU, 500).vpa(Recreate), severity: Info},
		{name: "below minAllowed", snapshot: app().averaged(tuner.CPU, 300).vpa(Recreate, atLeast(400)), severity: Warning, why: []string{"at least 400m", "25 % of every request"}},
		{name: "VPA off", snapshot: app().averaged(tuner.CPU, 501).vpa(Off)},
	})
}

func TestR3DeadTarget(t *testing.T) {
	checkRule(t, "R3", []ruleCase{
		// 95 % × 1.1 = 104.5 % of 500m; the limit allows 100 %. 100 ÷ 1.15 ÷ 1.1 = 79.05
		{name: "Guaranteed at 95 %", snapshot: app().hpa(tuner.CPU, 95), severity: Error, why: []string{"104.5 % of the CPU request", "limit of 500m", "no more than 100 %", "throttles"}, mend: []string{"averageUtilization: 79"}},
		{name: "Guaranteed at 91 %", snapshot: app().hpa(tuner.CPU, 91), severity: Error, why: []string{"100.1 %"}},
		{name: "Guaranteed at 90 %", snapshot: app().hpa(tuner.CPU, 90)},
		{name: "its own tolerance", snapshot: app().hpa(tuner.CPU, 91).edit(func(h *HPA) { h.UpTolerance = new(0.05) })},
		{name: "no limit", snapshot: app().limits(500, 0, 256*mi, 0).hpa(tuner.CPU, 200)},
		{name: "memory", snapshot: app().hpa(tuner.Memory, 95), severity: Error, why: []string{"OOM-killed first"}},
		{name: "an average value at the limit", snapshot: app().averaged(tuner.CPU, 480), severity: Error, why: []string{"acts above 480m × 1.1", "500m"}, mend: []string{"averageValue: 395m"}},
		{name: "an average value below it", snapshot: app().averaged(tuner.CPU, 450)},
		{name: "derived limits", snapshot: app().limits(500, 1000, 256*mi, 256*mi).hpa(tuner.CPU, 95), measured: derived(400, 400, 256*mi, 256*mi), severity: Error, why: []string{"limit of 400m"}},
	})
}

func TestR4MovedTarget(t *testing.T) {
	wide := app().limits(500, 1000, 256*mi, 256*mi)
	checkRule(t, "R4", []ruleCase{
		// 60 % of 500m = 300m; 300 ÷ 340 = 88.2 %; 4 × 500 ÷ 340 = 5.9
		{name: "a lower request", snapshot: wide.hpa(tuner.CPU, 60), measured: derived(340, 1000, 256*mi, 256*mi), severity: Warning,
			why: []string{"from 500m to 340m", "1.47 times", "4 → 6 now", "10 → 15 at maxReplicas, capped at 10", "204m per Pod instead of 300m"}, mend: []string{"averageUtilization: 80"}},
		{name: "a request within the tolerance", snapshot: wide.hpa(tuner.CPU, 60), measured: derived(455, 1000, 256*mi, 256*mi), severity: ""},
		{name: "just outside", snapshot: wide.hpa(tuner.CPU, 60), measured: derived(454, 1000, 256*mi, 256*mi), severity: Warning, why: []string{"4 → 5 now"}},
		{name: "an average value does not move", snapshot: wide.averaged(tuner.CPU, 300), measured: derived(340, 1000, 256*mi, 256*mi)},
		{name: "nothing derived", snapshot: wide.hpa(tuner.CPU, 60)},
	})
}

func TestR4SuggestsOverHundredPercent(t *testing.T) {
	m := derived(200, 1000, 256*mi, 256*mi)
	m.HitsPerPod = nil // nothing known of what a Pod can take
	checkRule(t, "R4", []ruleCase{{name: "legal", snapshot: app().limits(500, 1000, 256*mi, 256*mi).hpa(tuner.CPU, 60), measured: m, severity: Warning, mend: []string{"averageUtilization: 150"}}})
}

func TestR5LateTarget(t *testing.T) {
	// Each hit takes 3 ms of CPU; one Pod was tested to 100 hits/s = 300m. 60 % × 1.1 of 500m = 330m = 110 hits/s.
	wide := app().limits(500, 1000, 256*mi, 256*mi)
	same := func() *Measured { return derived(500, 1000, 256*mi, 256*mi) }
	checkRule(t, "R5", []ruleCase{
		// Room of 100 hits/s: 300m ÷ 1.1 ÷ 500m = 54 %
		{name: "beyond what was tested", snapshot: wide.hpa(tuner.CPU, 60), measured: same(), severity: Warning, why: []string{"at 110 hits/s per Pod", "tested up to 100 hits/s"}, mend: []string{"averageUtilization: 54"}},
		{name: "just within", snapshot: wide.hpa(tuner.CPU, 54), measured: same()},
		// 30 % × 500m = 150m = 50 hits/s, acts at 55; lead 35 + 15 + 10 = 60 s; 2 × (100 − 55) ÷ 60 = 1.5/s²
		{name: "too steep", snapshot: wide.hpa(tuner.CPU, 30), measured: same().rising(1.6), severity: Warning, why: []string{"60 s before it serves", "start 10 s", "with 2 Pods it follows a rise of 1.5 hits/s", "rises by 1.6"}, mend: []string{"averageUtilization: 28"}},
		{name: "as steep as it can follow", snapshot: wide.hpa(tuner.CPU, 30), measured: same().rising(1.5)},
		{name: "an average value", snapshot: wide.averaged(tuner.CPU, 400), measured: same(), severity: Warning, why: []string{"146.7 hits/s"}},
		{name: "memory says nothing of hits", snapshot: wide.hpa(tuner.Memory, 60), measured: same()},
	})
}

func TestR6MissingRequest(t *testing.T) {
	proxy := Container{Name: "proxy", Role: App}
	byContainer := Metric{Type: ContainerResourceMetric, Resource: tuner.CPU, Container: "app", Target: Utilization, Utilization: 60}
	recommended := app().with(proxy).hpa(tuner.CPU, 60).vpa(Off)
	recommended.VPAs[0].Recommendations = []Recommendation{{Container: "proxy", Target: Amounts{CPU: 25, Memory: 50 * mi}}}
	ranged := app().with(proxy).hpa(tuner.CPU, 60)
	ranged.LimitRanges = []LimitRange{{DefaultRequest: Amounts{CPU: 50}}}
	checkRule(t, "R6", []ruleCase{
		{name: "a sidecar without", snapshot: app().with(proxy).hpa(tuner.CPU, 60), severity: Error, why: []string{"needs a CPU request of every container", "proxy has none"}, mend: []string{"containerResource:", "container: app"}},
		{name: "a native sidecar too", snapshot: app().with(Container{Name: "log", Role: Sidecar}).hpa(tuner.CPU, 60), severity: Error, why: []string{"log has none"}},
		{name: "an init container ends", snapshot: app().with(Container{Name: "migrate", Role: Init}).hpa(tuner.CPU, 60)},
		{name: "by container", snapshot: app().with(proxy).scaled(byContainer)},
		{name: "a container that is not there", snapshot: app().scaled(Metric{Type: ContainerResourceMetric, Resource: tuner.CPU, Container: "web", Target: Utilization, Utilization: 60}), severity: Error, why: []string{"web has none"}},
		{name: "what the VPA recommends", snapshot: recommended, severity: Error, mend: []string{"name: proxy", "cpu: 25m"}},
		{name: "a default of a LimitRange", snapshot: ranged},
		{name: "a limit is a request", snapshot: app().limits(0, 500, 0, 256*mi).hpa(tuner.CPU, 60)},
		{name: "an average value needs none", snapshot: app().with(proxy).averaged(tuner.CPU, 300)},
	})
}
