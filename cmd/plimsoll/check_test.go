package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
