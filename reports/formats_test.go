package reports

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"os/exec"
	"strings"
	"testing"
	"unicode"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// formats are the short ones, each with a golden file for each fixture.
var formats = map[string]func(io.Writer, Run) error{"md": Markdown, "junit.xml": JUnit, "openmetrics": OpenMetrics, "patch.yaml": patchOrReason,
	"kustomize.yaml": orReason(Kustomize), "helm.yaml": orReason(helmValues), "csv": CSV, "name": Name, "annotations": annotations, "gitlab.json": GitLabLoad}

// orReason is a patch, or why there is none.
func orReason(format func(io.Writer, Run) error) func(io.Writer, Run) error {
	return func(w io.Writer, r Run) error {
		err := format(w, r)
		if err != nil {
			_, err = io.WriteString(w, "# "+err.Error()+"\n")
		}
		return err
	}
}

func helmValues(w io.Writer, r Run) error { return HelmValues(w, r, "charts.{container}.resources") }

func TestHelmValuesAtAPath(t *testing.T) {
	r := fixtureRun()
	var values struct{ A struct{ B patchResources } }
	if err := yaml.Unmarshal(render(t, func(w io.Writer, r Run) error { return HelmValues(w, r, "a.b") }, r), &values); err != nil {
		t.Fatal(err)
	}
	if cpu := values.A.B.Limits["cpu"]; cpu == nil || *cpu != "280m" {
		t.Errorf("%+v", values)
	}
	if err := HelmValues(io.Discard, r, "a..b"); err == nil {
		t.Error("an empty key was taken")
	}
}

func TestNoPatchOfACustomResource(t *testing.T) {
	r := fixtureRun()
	r.File.Workload.Object = "rollout/harbour"
	if err := Kustomize(io.Discard, r); err == nil {
		t.Error("kustomize would replace the containers of a Rollout")
	}
	if _, err := Kubectl(r); err == nil {
		t.Error("kubectl would replace the containers of a Rollout")
	}
}

func annotations(w io.Writer, r Run) error {
	return errors.Join(GitHubAnnotations(w, r, "a,b: c.yaml"), GitLabAnnotations(w, r, "https://ci.example/1"))
}

// patchOrReason is the patch and the command, or why there is none.
func patchOrReason(w io.Writer, r Run) error {
	err := Patch(w, r)
	if errors.Is(err, ErrNothingDerived) {
		_, err = io.WriteString(w, "# "+err.Error()+"\n")
		return err
	}
	command, refused := Kubectl(r)
	if refused != nil {
		command = refused.Error()
	}
	_, writeErr := io.WriteString(w, "# "+command+"\n")
	return errors.Join(err, writeErr)
}

func TestFormats(t *testing.T) {
	for suffix, format := range formats {
		for name, r := range fixtures() {
			t.Run(name+"."+suffix, func(t *testing.T) { golden(t, name+"."+suffix, render(t, format, r)) })
		}
	}
}

func TestMarkdownKeepsItsTables(t *testing.T) {
	for _, r := range []Run{hostileRun(), hostileCheck()} {
		for _, line := range strings.Split(string(render(t, Markdown, r)), "\n") {
			if n := strings.Count(line, "|"); n != 0 && n != 8 && n != 5 {
				t.Errorf("%d bars in %q", n, line)
			}
			if strings.Contains(line, "::") || strings.Contains(line, "<img") {
				t.Errorf("markup or a workflow command in %q", line)
			}
			for _, r := range line {
				if unicode.IsControl(r) {
					t.Errorf("%U in %q", r, line)
				}
			}
		}
	}
}

// A name can't end a workflow command or begin another, nor be a formula.
func TestAnnotationsAreOneCommandPerLine(t *testing.T) {
	for _, r := range []Run{hostileRun(), hostileCheck()} {
		text := string(render(t, func(w io.Writer, r Run) error { return GitHubAnnotations(w, r, "") }, r))
		for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
			if !strings.HasPrefix(line, "::error title=") && !strings.HasPrefix(line, "::notice title=") && !strings.HasPrefix(line, "::warning title=") {
				t.Errorf("not one of ours: %q", line)
			}
		}
	}
}

func TestAnnotationsStayWithinTheCaps(t *testing.T) {
	r := checkedRun()
	for len(r.Check.Findings) < 30 {
		r.Check.Findings = append(r.Check.Findings, r.Check.Findings[0])
	}
	text := string(render(t, func(w io.Writer, r Run) error { return GitHubAnnotations(w, r, "") }, r))
	if n := strings.Count(text, "::error "); n != 10 || !strings.Contains(text, "and 20 more") {
		t.Errorf("%d errors:\n%s", n, text)
	}
	var b strings.Builder
	if err := GitHubSummary(&b, r, githubSummary-200); err != nil || !strings.Contains(b.String(), "too large") || b.Len() > 200 {
		t.Errorf("%v %q", err, b.String())
	}
}

func TestCellsRunNothing(t *testing.T) {
	for text, want := range map[string]string{"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "'=1": "''=1", "app": "app", "": "", "\t=1": `\x09=1`} {
		if got := cell(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func TestYAMLSaysWhatJSONDoes(t *testing.T) {
	var fromJSON, fromYAML map[string]any
	r := fixtureRun()
	if err := errors.Join(json.Unmarshal(render(t, JSON, r), &fromJSON), yaml.Unmarshal(render(t, YAML, r), &fromYAML)); err != nil {
		t.Fatal(err)
	}
	if len(fromJSON) != len(fromYAML) || fromYAML["headline"] != fromJSON["headline"] {
		t.Errorf("%d and %d keys", len(fromJSON), len(fromYAML))
	}
}

func TestJUnitIsXML(t *testing.T) {
	for name, r := range fixtures() {
		var s suites
		if err := xml.Unmarshal(render(t, JUnit, r), &s); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPatchSaysWhatWasDerived(t *testing.T) {
	for _, r := range []Run{fixtureRun(), hostileRun()} {
		var body patchBody
		if err := yaml.Unmarshal(render(t, Patch, r), &body); err != nil {
			t.Fatal(err)
		}
		c := body.Spec.Template.Spec.Containers
		if len(c) != 1 || c[0].Name != r.Goal.Before[0].Container || *c[0].Resources.Limits["cpu"] != "280m" {
			t.Errorf("patch: %+v", c)
		}
	}
}

func TestPatchRemovesALimit(t *testing.T) {
	r := fixtureRun()
	r.Result.Result.Settings[0].CPULimit = 0
	text := string(render(t, Patch, r))
	if !strings.Contains(text, "cpu: null") {
		t.Errorf("a limit that goes must be null:\n%s", text)
	}
}

func TestKubectlCommandIsOneWordPerArgument(t *testing.T) {
	r := fixtureRun()
	r.File.Workload.Object = `deploy/it's; $(touch x) "y"`
	command, err := Kubectl(r)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("sh", "-c", strings.Replace(command, "kubectl", `printf '%s\0'`, 1)).Output()
	if err != nil {
		t.Skipf("needs a shell: %v", err)
	}
	words := strings.Split(string(out), "\x00")
	if len(words) != 7 || words[1] != "deployment/"+strings.TrimPrefix(r.File.Workload.Object, "deploy/") {
		t.Fatalf("%d words: %q", len(words), words)
	}
	var body patchBody
	if err := json.Unmarshal([]byte(words[5]), &body); err != nil {
		t.Error(err)
	}
	if _, err := Kubectl(hostileRun()); err == nil {
		t.Error("a command with control characters was made")
	}
}

func TestSecretsReachNoFormat(t *testing.T) {
	const canary = "hunter2-canary"
	secret := scenarios.Variable{Name: "Authorization", Value: scenarios.NewSecret(canary), Marked: true}
	r := fixtureRun()
	r.File.Workload.Containers[0].Env = []scenarios.Variable{secret}
	r.File.Traffic.Hits[0].Headers, r.File.Traffic.Hits[0].Body = []scenarios.Variable{secret}, secret.Value
	r.File.Traffic.Hits[0].Data = &scenarios.Data{Columns: []string{"token"}, Rows: [][]string{{canary}}}
	all := map[string]func(io.Writer, Run) error{"txt": screen, "json": JSON, "yaml": YAML, "html": HTML}
	maps.Copy(all, formats)
	for name, format := range all {
		if strings.Contains(string(render(t, format, r)), canary) {
			t.Errorf("%s holds a secret", name)
		}
	}
}

func TestOutcomeIsNeverPassedInDoubt(t *testing.T) {
	for outcome, want := range map[tuner.Outcome]string{tuner.Derived: "good", tuner.NotMeasured: "doubt", tuner.Infeasible: "bad",
		tuner.LeakDetected: "bad", tuner.Interrupted: "doubt", tuner.BudgetSpent: "bad", tuner.Outcome("of a later version"): "bad"} {
		r := fixtureRun()
		r.Result.Result.Outcome = outcome
		if got := outcomeTone(r); got != want {
			t.Errorf("%s is %s, want %s", outcome, got, want)
		}
	}
}
