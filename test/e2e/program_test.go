package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
	"github.com/plimsoll/plimsoll/workload/local"
)

// folder holds the programs and the scenario files of one test.
type folder string

// newFolder builds the programs into a folder and copies a scenario file beside them.
func newFolder(t *testing.T, scenarioFile string) folder {
	t.Helper()
	w, err := local.New(scenarios.File{}, local.Options{})
	if errors.Is(err, local.ErrNoCgroup) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, source := range map[string]string{"plimsoll": "../../cmd/plimsoll", "demoservice": "../../demo"} {
		if out, err := exec.Command("go", "build", "-o", filepath.Join(dir, name), source).CombinedOutput(); err != nil {
			t.Fatalf("build %s: %v\n%s", source, err, out)
		}
	}
	text, err := os.ReadFile(filepath.Join("testdata", scenarioFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "scenarios.yaml"), text, 0o644); err != nil {
		t.Fatal(err)
	}
	return folder(dir)
}

// plimsoll is the program with its reports in dir of the folder.
func (f folder) plimsoll(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(string(f), "plimsoll"), append(args, "--report-dir", dir)...)
	cmd.Dir = string(f)
	return cmd
}

// finish runs a command to its end and returns its exit code and all it printed.
func finish(t *testing.T, cmd *exec.Cmd) (code int, printed string) {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String()
}

// report is the part of report.json that these tests look at.
type report struct {
	Result tuner.Result  `json:"result"`
	Trials []tuner.Trial `json:"trials"`
}

func (f folder) report(t *testing.T, dir string) report {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(string(f), dir, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// changed is how many limits differ between two settings.
func changed(a, b tuner.Settings) int {
	n := 0
	for i := range a {
		if a[i].CPULimit != b[i].CPULimit {
			n++
		}
		if a[i].MemoryLimit != b[i].MemoryLimit {
			n++
		}
	}
	return n
}

// contains fails where text lacks one of the parts.
func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing in:\n%s", part, text)
		}
	}
}
