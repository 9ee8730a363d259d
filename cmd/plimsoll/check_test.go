package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// changedModel writes the simulated scenario file with something replaced.
func changedModel(t *testing.T, old, changed string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/simulated.yaml")
	if err != nil {
		t.Fatal(err)
	}
	with := strings.Replace(string(text), old, changed, 1)
	if with == string(text) {
		t.Fatalf("%q is not in the scenario file", old)
	}
	path := filepath.Join(t.TempDir(), "scenarios.yaml")
	if err := os.WriteFile(path, []byte(with), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// A baseline is made, the unchanged service passes against it, more CPU per hit and another load do not.
func TestCheckSimulated(t *testing.T) {
	dir := t.TempDir()
	check := func(file, report string, more ...string) ran {
		return plimsoll(t, nil, append([]string{"check", "-f", file, "--report-dir", filepath.Join(dir, report)}, more...)...)
	}
	baseline := filepath.Join(dir, "baseline", "report.json")
	if got := check("testdata/simulated.yaml", "baseline"); got.Code != 0 || !strings.Contains(got.Out, "4 trials") {
		t.Fatalf("%+v", got)
	}
	if got := check(changedModel(t, "path: /work", "path: /other"), "traffic", "--baseline", baseline); got.Code != 3 || !strings.Contains(got.Err, "what is sent differs") {
		t.Errorf("another path: %+v", got)
	}
	other := changedModel(t, "seed: 7", "seed: 8")
	if got := check(other, "same", "--baseline", baseline); got.Code != 0 || !strings.Contains(got.Out, "The limits hold") {
		t.Errorf("an unchanged service: %+v", got)
	}
	if got := check(other, "large", "--baseline", baseline, "--fail-on", "too-large"); got.Code != 1 || !strings.Contains(got.Out, "error: too-large") {
		t.Errorf("--fail-on too-large: %+v", got)
	}
	more := check(changedModel(t, "cpu_per_hit: 1.3ms", "cpu_per_hit: 1.7ms"), "more", "--baseline", baseline)
	if more.Code != 1 || !strings.Contains(more.Out, "regression: CPU per hit of app") {
		t.Errorf("30 %% more CPU per hit: %+v", more)
	}
	if got := check(changedModel(t, "rate: 200/s", "rate: 150/s"), "load", "--baseline", baseline); got.Code != 3 || !strings.Contains(got.Err, "another load") {
		t.Errorf("another load: %+v", got)
	}
	compared := plimsoll(t, nil, "compare", baseline, filepath.Join(dir, "more", "report.json"))
	golden(t, "compare.txt", compared.Out)
	if compared.Code != 1 {
		t.Errorf("compare: exit code %d", compared.Code)
	}
	if same := plimsoll(t, nil, "compare", baseline, baseline, "-o", "json"); same.Code != 0 || !json.Valid([]byte(same.Out)) {
		t.Errorf("compare with itself: %+v", same)
	}
	golden(t, "compare.md", plimsoll(t, nil, "compare", baseline, filepath.Join(dir, "more", "report.json"), "-o", "markdown").Out)
	if same := plimsoll(t, nil, "compare", baseline, baseline, "-o", "yaml"); same.Code != 0 || !strings.HasPrefix(same.Out, "- metric: p50 response time\n") {
		t.Errorf("compare with itself: %+v", same)
	}
}

// figuresOf runs a check of the simulated service as if it were a real one, which depends on its machine. It returns the error
// with its exit code.
func figuresOf(t *testing.T, dir string, o checkOptions) error {
	t.Helper()
	a := &app{streams: streams{Out: io.Discard, Err: io.Discard}, settings: settings{ReportDir: dir, Color: "never"},
		lookupEnv: func(string) (string, bool) { return "", false }}
	file, text, err := a.readFile("testdata/simulated.yaml")
	if err != nil {
		t.Fatal(err)
	}
	b := openSimulated(file)
	b.simulated = false
	o.File, o.Time = "testdata/simulated.yaml", 10*time.Minute
	var baseline *savedReport
	if o.Baseline != "" {
		r, err := readReport(o.Baseline)
		if err != nil {
			t.Fatal(err)
		}
		baseline = &r
	}
	run, err := a.runCheck(t.Context(), o, baseline, b, newHeader(text, b))
	if err != nil {
		return err
	}
	return a.deliver(run, outputs{})
}

// A baseline of another kind of machine measures nothing, unless it is allowed; compare says the same.
func TestBaselineOfAnotherMachine(t *testing.T) {
	dir := t.TempDir()
	here := filepath.Join(dir, "report.json")
	if err := figuresOf(t, dir, checkOptions{}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(here)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(machine map[string]any){
		"the same":        func(map[string]any) {},
		"a newer kernel":  func(machine map[string]any) { machine["kernel"] = "9.9.9" },
		"a processor":     func(machine map[string]any) { machine["cpu_model"] = "Another CPU" },
		"a core more":     func(machine map[string]any) { machine["cores"] = 1 + machine["cores"].(float64) },
		"not known":       func(machine map[string]any) { machine["cpu_model"] = "" },
		"an architecture": func(machine map[string]any) { machine["arch"] = "another" },
	} {
		t.Run(name, func(t *testing.T) {
			var report map[string]any
			if err := json.Unmarshal(text, &report); err != nil {
				t.Fatal(err)
			}
			change(report["machine"].(map[string]any))
			changed, err := json.Marshal(report)
			if err != nil {
				t.Fatal(err)
			}
			there := filepath.Join(t.TempDir(), "baseline.json")
			if err := os.WriteFile(there, changed, 0o644); err != nil {
				t.Fatal(err)
			}
			want := exitNotMeasured
			if name == "the same" || name == "a newer kernel" {
				want = exitOK
			}
			err = figuresOf(t, t.TempDir(), checkOptions{Baseline: there})
			if codeOf(err) != want || want != exitOK && !strings.Contains(textOf(err), "another kind of machine") {
				t.Errorf("exit code %d, want %d: %v", codeOf(err), want, err)
			}
			if err := figuresOf(t, t.TempDir(), checkOptions{Baseline: there, OtherMachine: true}); err != nil {
				t.Errorf("allowed: %v", err)
			}
			if got := plimsoll(t, nil, "compare", there, here); got.Code != int(want) {
				t.Errorf("compare: %+v", got)
			}
			if got := plimsoll(t, nil, "compare", there, here, "--allow-other-machine"); got.Code != 0 {
				t.Errorf("compare, allowed: %+v", got)
			}
		})
	}
}

// A check that was interrupted passes nothing, and reports what it has; one whose baseline is missing opens no workload.
func TestCheckCutShort(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := t.TempDir()
	var out, errOut bytes.Buffer
	code := run(ctx, []string{"check", "-f", "testdata/simulated.yaml", "--report-dir", dir}, streams{In: strings.NewReader(""), Out: &out, Err: &errOut},
		func(string) (string, bool) { return "", false })
	if _, err := os.Stat(filepath.Join(dir, "report.json")); err != nil || code != 3 || !strings.Contains(out.String(), "it was interrupted") {
		t.Errorf("exit code %d, %v\n%s%s", code, err, out.String(), errOut.String())
	}
	a := &app{settings: settings{ReportDir: filepath.Join(dir, "none")}}
	file := scenarios.File{Workload: scenarios.Workload{Kind: scenarios.Kubernetes}}
	for name, o := range map[string]checkOptions{
		"no baseline": {Time: time.Hour, Baseline: filepath.Join(dir, "none.json")},
		"a typo":      {Time: time.Hour, FailOn: []string{"to-large"}},
		"no time":     {},
	} {
		if _, err := a.prepareCheck(o, file); codeOf(err) != exitUsage {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "none")); err == nil {
		t.Error("the report directory was made for nothing")
	}
}

// An instrument that breaks in the third trial costs neither the answer of the others nor their report.
func TestCheckWithABrokenInstrument(t *testing.T) {
	a := &app{streams: streams{Out: io.Discard, Err: io.Discard}, settings: settings{Color: "never"}, lookupEnv: func(string) (string, bool) { return "", false }}
	file, text, err := a.readFile("testdata/simulated.yaml")
	if err != nil {
		t.Fatal(err)
	}
	b := openSimulated(file)
	b.runner = &breaking{Runner: b.runner, after: 2}
	run, err := a.runCheck(t.Context(), checkOptions{Time: time.Hour}, nil, b, newHeader(text, b))
	if err == nil || run.Check == nil || run.Check.Judgement != tuner.Inconclusive || len(run.Trials) != 2 || !strings.Contains(run.Check.Why, "no space left") {
		t.Errorf("%v: %+v", err, run.Check)
	}
	left := exitError{exitNotRestored, errors.New("left")}
	if code := codeOf(errors.Join(judged(run.Check.Judgement), errors.Join(err, left), nil)); code != exitNotRestored {
		t.Errorf("what is not restored has exit code %d", code)
	}
}

// breaking is a runner that fails after some trials.
type breaking struct {
	tuner.Runner
	after int
}

func (b *breaking) RunTrial(ctx context.Context, step tuner.Step) (tuner.Observation, error) {
	if b.after--; b.after < 0 {
		return tuner.Observation{}, errors.New("no space left")
	}
	return b.Runner.RunTrial(ctx, step)
}

// What can't be written does not change the exit code of a search or a check, and a check writes no patch.
func TestOutputsKeepTheExitCode(t *testing.T) {
	file := changedModel(t, "memory_base: 40Mi", "memory_base: 600Mi")
	dir := t.TempDir()
	patch := "patch=" + filepath.Join(dir, "patch.yaml")
	if got := plimsoll(t, nil, "tune", "-f", changedModel(t, "p99 < 100ms", "p99 < 1ms"), "--report-dir", dir, "-o", patch); got.Code != 1 || !strings.Contains(got.Err, "nothing to apply") {
		t.Errorf("a search that derives nothing: %+v", got)
	}
	if got := plimsoll(t, nil, "check", "-f", file, "--report-dir", dir, "-o", "junit="+filepath.Join(dir, "none", "junit.xml")); got.Code != 1 || !strings.Contains(got.Err, "junit.xml") {
		t.Errorf("a failed check without a place for its report: %+v", got)
	}
	if got := plimsoll(t, nil, "check", "-f", file, "--report-dir", dir, "-o", patch); got.Code != 2 || strings.Contains(got.Err, "trial") {
		t.Errorf("a patch of a check: %+v", got)
	}
}

// Every format can be asked for of the same run; in GitHub Actions the summary and the annotations come on top.
func TestOutputs(t *testing.T) {
	dir := t.TempDir()
	if got := plimsoll(t, nil, "tune", "-f", "testdata/simulated.yaml", "--report-dir", dir, "--quiet"); got.Code != 0 || got.Err != "" {
		t.Fatalf("tune --quiet: %+v", got)
	}
	log := filepath.Join(dir, "run.plimsoll")
	for _, name := range formatNames() {
		file := filepath.Join(dir, "out."+name)
		got := plimsoll(t, nil, "report", log, "-o", name, "-o", name+"="+file, "--quiet")
		written, err := os.ReadFile(file)
		if got.Code != 0 || err != nil || string(written) != got.Out || got.Out == "" {
			t.Errorf("%s: exit code %d, %v, %d bytes on standard output and %d in the file", name, got.Code, err, len(got.Out), len(written))
		}
	}
	summary := filepath.Join(dir, "summary.md")
	for range 2 {
		if got := plimsoll(t, []string{"GITHUB_ACTIONS=true", "GITHUB_STEP_SUMMARY=" + summary}, "report", log, "-o", "name"); got.Code != 0 ||
			!strings.Contains(got.Err, "::") || strings.Contains(got.Out, "::") {
			t.Errorf("in GitHub Actions: %+v", got)
		}
	}
	if text, err := os.ReadFile(summary); err != nil || strings.Count(string(text), "## Limits derived") != 2 {
		t.Errorf("the summary is not appended to: %v\n%s", err, text)
	}
}
