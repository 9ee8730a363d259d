package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A planted secret reaches no output of a whole run: not the run log, no report, nothing printed.
func TestSecretReachesNoOutput(t *testing.T) {
	const planted = "planted-7f3a9c"
	text, err := os.ReadFile("testdata/simulated.yaml")
	if err != nil {
		t.Fatal(err)
	}
	hit := `{name: work, path: /work, body: {value: "pin=` + planted + `", secret: true}, headers: {Authorization: {env: TOKEN, secret: true}}}`
	with := strings.Replace(string(text), "{name: work, path: /work}", hit, 1)
	if with == string(text) {
		t.Fatal("the hit was not found in the scenario file")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "scenarios.yaml")
	if err := os.WriteFile(file, []byte(with), 0o600); err != nil {
		t.Fatal(err)
	}
	reports := filepath.Join(dir, "reports")
	args := []string{"tune", "-f", file, "--report-dir", reports}
	for _, name := range formatNames() {
		args = append(args, "-o", name+"="+filepath.Join(reports, "out."+name))
	}
	got := plimsoll(t, []string{"TOKEN=Bearer " + planted, "GITHUB_ACTIONS=true", "GITHUB_STEP_SUMMARY=" + filepath.Join(reports, "summary.md")}, args...)
	if got.Code != 0 {
		t.Fatalf("exit code %d\n%s%s", got.Code, got.Out, got.Err)
	}
	if strings.Contains(got.Out+got.Err, planted) {
		t.Error("the secret was printed")
	}
	written, err := os.ReadDir(reports)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range written {
		content, err := os.ReadFile(filepath.Join(reports, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(content), planted) {
			t.Errorf("the secret is in %s", f.Name())
		}
	}
	if want := 4 + len(formatNames()); len(written) < want {
		t.Errorf("%d files were written, want %d: the log, two reports, the summary and every format", len(written), want)
	}
}
