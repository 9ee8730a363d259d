package compat

import (
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/tuner"
)

// Mends that write a list of one object are the same, so that none undoes another when they are applied in turn.
func TestMendsOfOneObjectAgree(t *testing.T) {
	s := app().limits(100, 400, 256*mi, 256*mi).hpa(tuner.CPU, 50).vpa(Recreate, Policy{Container: "*", Limits: true, Max: Amounts{CPU: 50}})
	s.Workload.SidecarsExpected = []string{"istio-proxy"}
	s.HPAs[0].Metrics = append(s.HPAs[0].Metrics, Metric{Type: ResourceMetric, Resource: tuner.Memory, Target: Utilization, Utilization: 99, Written: map[string]any{"type": "Resource"}})
	s = s.ranged(LimitRange{Max: Amounts{CPU: 300, Memory: 100 * mi}, Written: []any{map[string]any{"type": "Container", "max": map[string]any{"cpu": "300m", "memory": "100Mi"}}}})
	byObject := map[Ref]string{}
	rules := map[string]bool{}
	for _, f := range Evaluate(s, derived(90, 400, 256*mi, 256*mi)).Findings {
		rules[f.Rule] = true
		if f.Mend == nil || f.Object.Kind == "Deployment" {
			continue
		}
		if old, seen := byObject[f.Mend.Object]; seen && old != f.Mend.YAML {
			t.Errorf("%s of %s has another mend:\n%s\n%s", f.Rule, f.Object, old, f.Mend.YAML)
		}
		byObject[f.Mend.Object] = f.Mend.YAML
	}
	for _, rule := range []string{"R1", "R3", "R8", "R9", "R11", "R17"} {
		if !rules[rule] {
			t.Errorf("%s is not among the findings, so this test says nothing of it: %v", rule, rules)
		}
	}
}

// What a VPA's mend leaves is what no rule about VPAs complains of any more.
func TestMendedVPAIsAtPeace(t *testing.T) {
	s := app().hpa(tuner.CPU, 50).vpa(Recreate)
	m := derived(300, 300, 77*mi, 78*mi)
	// As peacefulVPA writes it: memory alone, between request and limit, requests only.
	mended := s
	mended.VPAs = []VPA{{Ref: s.VPAs[0].Ref, Mode: Recreate, Policies: []Policy{{Container: "app", Min: Amounts{300, 77 * mi}, Max: Amounts{300, 77 * mi}, Controlled: []tuner.Resource{tuner.Memory}}}}}
	for _, f := range Evaluate(mended, m).Findings {
		switch f.Rule {
		case "R1", "R8", "R9", "R10", "R11":
			t.Errorf("still there: %+v", f)
		}
	}
	yaml := newView(s, m).peacefulVPA(s.VPAs[0]).YAML
	for _, part := range []string{"controlledResources:\n      - memory", "controlledValues: RequestsOnly", "maxAllowed:\n        cpu: 300m\n        memory: 77Mi"} {
		if !strings.Contains(yaml, part) {
			t.Errorf("lacks %q:\n%s", part, yaml)
		}
	}
}

// KEDA's triggers are changed in KEDA, which reverts its HPA.
func TestMendOfAScaledObject(t *testing.T) {
	s := app()
	o := HPA{Ref: Ref{"keda.sh/v1alpha1", "ScaledObject", "shop", "web"}, Min: 1, Max: 9, Metrics: []Metric{{Type: ResourceMetric, Resource: tuner.CPU, Target: Utilization, Utilization: 95,
		Written: map[string]any{"type": "cpu", "metadata": map[string]any{"value": "95"}}}}}
	s.ScaledObjects = []ScaledObject{{Ref: o.Ref, Makes: "keda-hpa-web", HPA: o}}
	s.HPAs = []HPA{{Ref: Ref{"autoscaling/v2", "HorizontalPodAutoscaler", "shop", "keda-hpa-web"}, By: &o.Ref, Current: 5, Max: 9}}
	checkRule(t, "R3", []ruleCase{{name: "in the trigger", snapshot: s, severity: Error, mend: []string{"kind: ScaledObject", "triggers:", "value: \"79\"", "metricType: Utilization"}}})
	if got := newView(s, nil).replicas(); got != 5 {
		t.Errorf("%d replicas, its HPA says 5", got)
	}
}
