package reports

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
	"github.com/plimsoll/plimsoll/tuner/compat"
)

// hostileName is one that means something in every format.
const hostileName = "web<script>alert(1)</script>|`x`\x1b[31m"

// judged is a Guaranteed workload with an HPA at 100 % and a free VPA, under settings that were derived.
func judged() *Compat {
	s := compat.Snapshot{Workload: compat.Workload{
		Ref: compat.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "shop", Name: hostileName}, Replicas: new(2),
		Containers: []compat.Container{{Name: "app", Role: compat.App, Resources: scenarios.Resources{CPURequest: 500, CPULimit: 500, MemoryRequest: 1 << 28, MemoryLimit: 1 << 28}}},
	}}
	s.HPAs = []compat.HPA{{Ref: compat.Ref{APIVersion: "autoscaling/v2", Kind: "HorizontalPodAutoscaler", Namespace: "shop", Name: hostileName}, Min: 2, Max: 8,
		Metrics: []compat.Metric{{Type: compat.ResourceMetric, Resource: tuner.CPU, Target: compat.Utilization, Utilization: 100}}}}
	s.VPAs = []compat.VPA{{Ref: compat.Ref{APIVersion: "autoscaling.k8s.io/v1", Kind: "VerticalPodAutoscaler", Namespace: "shop", Name: "web"}, Mode: compat.Recreate}}
	s.Unread = []compat.Unread{{Kind: compat.Quotas, Why: "forbidden"}}
	m := &compat.Measured{Settings: tuner.Settings{{Container: "app", Resources: scenarios.Resources{CPURequest: 340, CPULimit: 372, MemoryRequest: 77 << 20, MemoryLimit: 78 << 20}}},
		Replicas: 2, HitsPerPod: new(100.0), CPUPerHit: new(0.003), Startup: new(10 * time.Second), Trial: 9, Loads: compat.Loads{Typical: 300, Peak: 900}}
	together := compat.JudgeCoexistence(compat.Trajectory{HoldFrom: time.Minute, End: 5 * time.Minute, Derived: m.Settings, Hold: 300,
		Points: []compat.Point{{At: time.Minute, Offered: 300, Desired: 4, Ready: 4, Pods: []compat.Carried{{Pod: "web-1", Settings: m.Settings}}}}})
	return &Compat{Report: compat.Evaluate(s, m), Combination: compat.Combine(s, m, compat.HitsMetric), Coexistence: &together}
}

func TestCompatInEveryReport(t *testing.T) {
	run := Run{Version: "1", Compat: judged()}
	var page, text, short bytes.Buffer
	for _, err := range []error{HTML(&page, run), Text(&text, run, nil), Markdown(&short, run)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, b := range map[string]string{"html": page.String(), "text": text.String(), "markdown": short.String()} {
		for _, part := range []string{"R1", "R3", "can never scale out", "resourcequotas: forbidden", "http_requests_per_second"} {
			part = strings.NewReplacer(map[bool][]string{true: {"_", "&#95;"}}[name == "markdown"]...).Replace(part)
			if !strings.Contains(b, part) {
				t.Errorf("%s lacks %q", name, part)
			}
		}
		if name != "text" && strings.Contains(unfenced(b), "<script>alert") || strings.Contains(b, "\x1b[31m") {
			t.Errorf("%s: a name acts", name)
		}
	}
	if !strings.Contains(page.String(), "kind: VerticalPodAutoscaler") || !strings.Contains(page.String(), `class="copy"`) {
		t.Error("the page has no YAML that can be copied")
	}
}

// unfenced is Markdown without its code blocks, in which nothing acts.
func unfenced(text string) string {
	var b strings.Builder
	for i, part := range strings.Split(text, "```") {
		if i%2 == 0 {
			b.WriteString(part)
		}
	}
	return b.String()
}

func TestCompatJSON(t *testing.T) {
	var b bytes.Buffer
	if err := JSON(&b, Run{Compat: judged()}); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Compat struct {
			SchemaVersion int `json:"schema_version"`
			Findings      []compat.Finding
			Combination   *compat.Combination
			Coexistence   *compat.Coexistence
		}
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Compat.SchemaVersion != FindingsVersion || len(got.Compat.Findings) == 0 || got.Compat.Combination == nil || len(got.Compat.Coexistence.Checks) != 6 {
		t.Errorf("%+v", got.Compat)
	}
}

func TestCompatJUnit(t *testing.T) {
	var b bytes.Buffer
	if err := JUnit(&b, Run{Compat: judged()}); err != nil {
		t.Fatal(err)
	}
	var got suites
	if err := xml.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	cases := map[string]testCase{}
	for _, c := range got.Suites[len(got.Suites)-1].Cases {
		id, _, _ := strings.Cut(c.Name, ":")
		cases[id] = c
	}
	if len(cases) != 22 || cases["R3"].Failure == nil || cases["R12"].Skipped == nil || cases["R22"].Failure != nil || cases["R22"].Skipped != nil {
		t.Errorf("%d cases; R3 fails, R12 is not known, R22 passes: %+v", len(cases), cases)
	}
}
