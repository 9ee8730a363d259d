// Package chart renders the Helm chart in web/ as `helm template` does, with Helm's own engine, for tests of the values that
// a search writes. The engine is in a module of its own below render/, so that go.mod holds only what Plimsoll itself needs.
package chart

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Render is the manifest of the chart for a release, with the values of these files over its own, the last over the others.
// An error ends the test.
func Render(t testing.TB, release string, values ...string) string {
	t.Helper()
	listed, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/plimsoll/plimsoll").Output()
	if err != nil {
		t.Fatalf("find the repository: %v", err)
	}
	here := filepath.Join(strings.TrimSpace(string(listed)), "test", "chart")
	cmd := exec.Command("go", append([]string{"run", ".", release, filepath.Join(here, "web")}, values...)...)
	cmd.Dir = filepath.Join(here, "render")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("render the chart: %v\n%s", err, out)
	}
	return string(out)
}
