package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// ran is what one run of the program came to.
type ran struct {
	Code     int
	Out, Err string
}

// plimsoll runs the whole program in process, with no environment but env ("NAME=value").
func plimsoll(t *testing.T, env []string, args ...string) ran {
	t.Helper()
	var out, errOut bytes.Buffer
	lookup := func(name string) (string, bool) {
		for _, e := range env {
			if k, v, _ := strings.Cut(e, "="); k == name {
				return v, true
			}
		}
		return "", false
	}
	code := run(context.Background(), args, streams{In: strings.NewReader(""), Out: &out, Err: &errOut}, lookup)
	return ran{code, out.String(), errOut.String()}
}

// golden compares text with testdata/name, or rewrites it.
func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("%s differs (-want +got); -update rewrites it:\n%s", path, diff)
	}
}

func TestHelpAndUsage(t *testing.T) {
	for _, c := range []struct {
		name string
		code int
		env  []string
		args []string
	}{
		{name: "help", args: nil},
		{name: "tune-help", args: []string{"tune", "--help"}},
		{name: "check-help", args: []string{"check", "--help"}},
		{name: "compare-help", args: []string{"compare", "--help"}},
		{name: "check-fail-on", code: 2, args: []string{"check", "-f", "testdata/simulated.yaml", "--fail-on", "everything"}},
		{name: "check-time", code: 2, args: []string{"check", "-f", "testdata/simulated.yaml", "--max-time", "10s"}},
		{name: "check-no-baseline", code: 2, args: []string{"check", "-f", "testdata/simulated.yaml", "--baseline", "testdata/none.json"}},
		{name: "bad-output", code: 2, args: []string{"tune", "-f", "testdata/simulated.yaml", "-o", "pdf"}},
		{name: "two-outputs", code: 2, args: []string{"tune", "-f", "testdata/simulated.yaml", "-o", "json", "-o", "yaml"}},
		{name: "scan-output", code: 2, args: []string{"scan", "-o", "pdf"}},
		{name: "load-help", args: []string{"load", "--help"}},
		{name: "compat-help", args: []string{"compat", "--help"}},
		{name: "preflight-help", args: []string{"preflight", "--help"}},
		{name: "init-help", args: []string{"init", "--help"}},
		{name: "unknown-command", code: 2, args: []string{"tun"}},
		{name: "unknown-flag", code: 2, args: []string{"tune", "--fast"}},
		{name: "too-many-arguments", code: 2, args: []string{"version", "now"}},
		{name: "bad-color", code: 2, args: []string{"version", "--color", "pink"}},
		{name: "bad-color-env", code: 2, env: []string{"PLIMSOLL_COLOR=pink"}, args: []string{"version"}},
		{name: "no-file", code: 2, args: []string{"tune", "-f", "testdata/none.yaml"}},
		{name: "bad-start", code: 2, args: []string{"tune", "-f", "testdata/simulated.yaml", "--start", "fast"}},
		{name: "resume-nothing", code: 2, args: []string{"tune", "-f", "testdata/simulated.yaml", "--report-dir", "testdata", "--resume"}},
		{name: "resume-overwrite", code: 2, args: []string{"tune", "-f", "testdata/simulated.yaml", "--resume", "--overwrite"}},
		{name: "resume-start", code: 2, args: []string{"tune", "-f", "testdata/simulated.yaml", "--resume", "--start", "current"}},
		{name: "restore-cluster", code: 2, args: []string{"restore", "deploy/web", "--kubeconfig", "testdata/none"}},
		{name: "init-nothing", code: 2, args: []string{"init", "web"}},
		{name: "load-nothing", code: 2, args: []string{"load"}},
		{name: "load-no-rate", code: 2, args: []string{"load", "http://127.0.0.1:1/"}},
		{name: "validate-good", args: []string{"validate", "-f", "testdata/simulated.yaml"}},
		{name: "validate-bad", code: 2, args: []string{"validate", "-f", "testdata/bad.yaml"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := plimsoll(t, c.env, c.args...)
			if got.Code != c.code {
				t.Errorf("exit code %d, want %d", got.Code, c.code)
			}
			golden(t, c.name+".txt", got.Out+got.Err)
		})
	}
}

// Flags go over the environment, that over the settings file, that over defaults.
func TestSettingsPrecedence(t *testing.T) {
	file := filepath.Join(t.TempDir(), "settings.yaml")
	if err := os.WriteFile(file, []byte("color: pink\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	env := []string{"PLIMSOLL_SETTINGS=" + file}
	if got := plimsoll(t, env, "version"); got.Code != 2 || !strings.Contains(got.Err, "pink") {
		t.Errorf("the settings file is not read: %+v", got)
	}
	env = append(env, "PLIMSOLL_COLOR=never")
	if got := plimsoll(t, env, "version"); got.Code != 0 {
		t.Errorf("the environment does not go over the settings file: %+v", got)
	}
	if got := plimsoll(t, env, "version", "--color", "green"); got.Code != 2 || !strings.Contains(got.Err, "green") {
		t.Errorf("the flag does not go over the environment: %+v", got)
	}
	if err := os.WriteFile(file, []byte("colour: never\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := plimsoll(t, env, "version"); got.Code != 2 || !strings.Contains(got.Err, "colour") {
		t.Errorf("an unknown key passes: %+v", got)
	}
}

// What init writes is a file that validate takes.
func TestInitValidates(t *testing.T) {
	for name, args := range map[string][]string{
		"url":     {"init", "http://127.0.0.1:8080/items"},
		"command": {"init", "--", "bin/my service", "--listen", "127.0.0.1:${PORT}", `--quote="`},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "scenarios.yaml")
			if got := plimsoll(t, nil, append(args[:1:1], append([]string{"-o", file}, args[1:]...)...)...); got.Code != 0 {
				t.Fatalf("init: %+v", got)
			}
			if got := plimsoll(t, nil, "validate", "-f", file); got.Code != 0 {
				t.Errorf("validate: %+v", got)
			}
			if got := plimsoll(t, nil, append(args[:1:1], append([]string{"-o", file}, args[1:]...)...)...); got.Code != 2 {
				t.Errorf("init wrote over a file: %+v", got)
			}
		})
	}
}

// A whole search over a simulated service: reports written, a second run refused, a resume that has nothing to do.
func TestTuneSimulated(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "report")
	tune := func(more ...string) ran {
		return plimsoll(t, nil, append([]string{"tune", "-f", "testdata/simulated.yaml", "--report-dir", dir}, more...)...)
	}
	first := tune()
	if first.Code != 0 {
		t.Fatalf("exit code %d\n%s%s", first.Code, first.Out, first.Err)
	}
	for _, out := range []string{first.Out, first.Err} {
		if !strings.Contains(out, "SIMULATED") {
			t.Errorf("a simulated run does not say so:\n%s", out)
		}
	}
	for _, name := range []string{"run.plimsoll", "report.html", "report.json"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	if again := tune(); again.Code != 2 || !strings.Contains(again.Err, "--resume") {
		t.Errorf("a second run is not refused: %+v", again)
	}
	if resumed := tune("--resume"); resumed.Code != 0 || resumed.Out != first.Out {
		t.Errorf("resuming a finished search differs:\n%s\nfirst:\n%s", resumed.Out, first.Out)
	}
	report := plimsoll(t, nil, "report", filepath.Join(dir, "run.plimsoll"))
	if report.Out != first.Out {
		t.Errorf("report prints another result:\n%s\nfirst:\n%s", report.Out, first.Out)
	}
}

// A search that begins at an earlier result takes two trials where nothing changed.
func TestTuneFromEarlier(t *testing.T) {
	dir := t.TempDir()
	tune := func(report string, more ...string) ran {
		return plimsoll(t, nil, append([]string{"tune", "-f", "testdata/simulated.yaml", "--report-dir", filepath.Join(dir, report)}, more...)...)
	}
	if first := tune("first"); first.Code != 0 {
		t.Fatalf("exit code %d\n%s%s", first.Code, first.Out, first.Err)
	}
	earlier := filepath.Join(dir, "first", "report.json")
	second := tune("second", "--from", earlier)
	if second.Code != 0 || !strings.Contains(second.Out, "2 trials") {
		t.Errorf("exit code %d\n%s%s", second.Code, second.Out, second.Err)
	}
	if bad := tune("third", "--from", "testdata/simulated.yaml"); bad.Code != 2 {
		t.Errorf("a file that is no report: %+v", bad)
	}
}

func TestLoad(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/fail" {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	defer server.Close()
	load := func(path string, more ...string) ran {
		return plimsoll(t, nil, append([]string{"load", "--rate", "200", "--duration", "1s", server.URL + path}, more...)...)
	}
	// On a busy machine the generator may be late, and then nothing is judged; a verdict is never the wrong one.
	judged := func(got ran, code int, line string) {
		t.Helper()
		doubtful := got.Code == 3 && regexp.MustCompile(`(?m)^(INVALID|unknown)`).MatchString(got.Out)
		if got.Code != code && !doubtful || !regexp.MustCompile(line).MatchString(got.Out) {
			t.Errorf("exit code %d, want %d and a line like %s\n%s%s", got.Code, code, line, got.Out, got.Err)
		}
	}
	judged(load("/", "--slo", "errors < 10%"), 0, `(?m)^ok +[1-9][0-9]* `)
	judged(load("/fail", "--slo", "errors < 10%"), 1, `(?m)^unexpected status +[1-9][0-9]* `)
	if got := load("/", "-o", "-"); !json.Valid([]byte(got.Out)) {
		t.Errorf("-o - is not JSON: %.200s", got.Out)
	}
}
