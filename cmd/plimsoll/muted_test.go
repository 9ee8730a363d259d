package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// runnerCommand is what the runner of GitHub takes for a command: "::" first in a line but for white space, "##[" anywhere.
var runnerCommand = regexp.MustCompile(`(?m)(^|[\r\n])[\s\x{85}\x{a0}\x{2000}-\x{200a}\x{3000}]*::|##\[`)

func TestMute(t *testing.T) {
	for text, want := range map[string]string{
		"::error::x\n":                  ": :error::x\n",
		"  ::add-mask::x":               "  : :add-mask::x",
		"a\r::stop-commands::x":         "a\r: :stop-commands::x",
		"a\n\u00a0\u3000::warning::x\n": "a\n\u00a0\u3000: :warning::x\n",
		"plimsoll: ::1 is no host":      "plimsoll: ::1 is no host",
		"##[command]x ###[y]":           "## [command]x ### [y]",
		"# #[ ##x[ a:: ##":              "# #[ ##x[ a:: ##",
		"::::\n":                        ": :::\n",
	} {
		for cut := range len(text) { // wherever it is cut into two writes
			var b strings.Builder
			m := &mute{to: &b, blank: true}
			for _, part := range []string{text[:cut], text[cut:]} {
				if n, err := fmt.Fprint(m, part); n != len(part) || err != nil {
					t.Errorf("%d bytes of %q, %v", n, part, err)
				}
			}
			if b.String() != want || runnerCommand.MatchString(b.String()) {
				t.Errorf("%q cut at %d is %q, want %q", text, cut, b.String(), want)
			}
		}
	}
}

// spoiltReport is the report.json of a check with its processor's name and its containers' names replaced.
func spoiltReport(t *testing.T, processor, container string) string {
	t.Helper()
	dir := t.TempDir()
	if err := figuresOf(t, dir, checkOptions{}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "report.json")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	quoted, err := json.Marshal(container)
	if err != nil {
		t.Fatal(err)
	}
	var report map[string]any
	if err := json.Unmarshal([]byte(strings.ReplaceAll(string(text), `"container": "app"`, `"container": `+string(quoted))), &report); err != nil {
		t.Fatal(err)
	}
	report["machine"].(map[string]any)["cpu_model"] = processor
	if text, err = json.Marshal(report); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A report.json comes from a pull request: nothing in it acts on the terminal or on the pipeline that reads what is printed.
func TestHostileReportActsOnNothing(t *testing.T) {
	const processor = "Example\n::add-mask::a\x1b[31m\u202e##[command]b\r::stop-commands::c"
	before, after := spoiltReport(t, "Example", "::error::x"), spoiltReport(t, processor, "::error::x")
	inActions := []string{"GITHUB_ACTIONS=true"}
	for _, args := range [][]string{
		{"compare", before, after},
		{"compare", before, after, "--allow-other-machine"},
		{"check", "-f", "testdata/simulated.yaml", "--baseline", after, "--report-dir", t.TempDir()},
		{"validate", "-f", "::error::x\n##[error]y\x1b[31m"},
	} {
		for _, env := range [][]string{nil, inActions} {
			got := plimsoll(t, env, args...)
			if printed := got.Out + got.Err; strings.ContainsAny(printed, "\x1b\r\u202e") || env != nil && runnerCommand.MatchString(printed) {
				t.Errorf("%q, environment %q: %q", args, env, printed)
			}
		}
	}
	if got := plimsoll(t, nil, "compare", before, after); got.Code != 3 || !strings.Contains(got.Err, `\x1b[31m\u202e##[command]b`) {
		t.Errorf("what was refused does not show: %+v", got)
	}
	if got := plimsoll(t, inActions, "compare", before, after, "--allow-other-machine"); got.Code != 0 || !strings.Contains(got.Out, ": :error::x") {
		t.Errorf("the container does not show: %+v", got)
	}
}
