package reports

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/scenarios"
)

func TestAdviceIsKnownOnlyWhereTheEnvironmentIs(t *testing.T) {
	for kind, want := range map[scenarios.Kind]string{scenarios.Local: "GOMEMLIMIT 450MiB → 86MiB", scenarios.Kubernetes: "the environment of the containers is not known", scenarios.Simulated: ""} {
		r := fixtureRun()
		r.File.Workload.Kind = kind
		if got := strings.Join(advices(r), "\n"); !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("%s: %q, want %q", kind, got, want)
		}
		if known := advice(r) != nil; known != (kind == scenarios.Local) {
			t.Errorf("%s: advice known: %v", kind, known)
		}
	}
	r := fixtureRun()
	r.File.Workload.Containers[0].Runtime = nil
	if b, err := json.Marshal(advice(r)); err != nil || string(b) != "[]" {
		t.Errorf("nothing at odds is %s, want an empty list", b)
	}
	r.Result.Result.Settings = nil
	if advice(r) != nil || advices(r) != nil || saving(r) != nil || saved(r) != "" {
		t.Error("something is said of limits that were not derived")
	}
}

func TestEveryFormatSaysWhatWasNotSetBefore(t *testing.T) {
	r := fixtureRun()
	r.Goal.Before[0].CPURequest, r.Goal.Before[0].CPULimit = 0, 0
	const want = "Not compared: no request or limit is set for CPU of app"
	for name, format := range map[string]func(io.Writer, Run) error{"text": screen, "html": HTML, "json": JSON, "markdown": Markdown} {
		if !strings.Contains(string(render(t, format, r)), want) {
			t.Errorf("%s does not say that %s", name, want)
		}
	}
}

func TestSkew(t *testing.T) {
	trial := fixtureRun().Trials[7]
	for _, row := range skew(trial).Rows {
		if row[0] == "hits answered" && (row[1] != "2327 (replica 1)" || row[3] != "2422 (replica 0)" || row[4] != "+2.0 %") {
			t.Errorf("hits: %q", row)
		}
	}
	uses := trial.Observation.Containers
	uses[0].CPU = nil
	if row := skew(trial).Rows[1]; row[0] != "app CPU" || row[1] != unknown || row[4] != unknown {
		t.Errorf("CPU not known for one replica: %q", row)
	}
	trial.Observation.Containers, trial.Observation.Load.Replicas = uses[:2], trial.Observation.Load.Replicas[:1]
	if rows := skew(trial).Rows; len(rows) != 0 {
		t.Errorf("skew of one replica: %q", rows)
	}
}

func TestSoakSaysHowMemoryGrew(t *testing.T) {
	r := fixtureRun()
	soak := r.Trials[8]
	text := memorySentence(soak.Observation, "app") + growth(soak.Verdict, "app")
	if !strings.Contains(text, "an hour (") || growth(r.Trials[7].Verdict, "app") != "" {
		t.Errorf("%q", text)
	}
	d := newTrialData(r, soak)
	if len(d.Slopes) != 2 || d.Slopes[0].Low > d.Slopes[0].Slope || d.Slopes[0].Slope > d.Slopes[0].High || d.Slopes[0].At < 50 {
		t.Errorf("slopes: %+v", d.Slopes)
	}
	soak.Verdict.Leaks[0].Slope = nil
	if d := newTrialData(r, soak); len(d.Slopes) != 1 {
		t.Errorf("a slope that is not known is drawn: %+v", d.Slopes)
	}
}
