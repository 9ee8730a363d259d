package e2e

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

var checks = flag.Int("checks", 0, "how many checks of an unchanged service TestCheckNoise runs; 0 skips it")

// baseline is a folder with the report.json of a check of the good service, or skips where the machine is too busy for one.
func newBaseline(t *testing.T) (folder, string) {
	t.Helper()
	f := newFolder(t, "check.yaml")
	for range 3 {
		code, printed := finish(t, f.plimsoll(t.Context(), "baseline", "check"))
		switch code {
		case 0:
			return f, filepath.Join("baseline", "report.json")
		case 3:
			if !busy(printed) {
				t.Fatalf("the baseline was not measured, and not for a busy machine:\n%s", printed)
			}
			t.Logf("no baseline yet:\n%s", printed)
		default:
			t.Fatalf("the baseline: exit code %d\n%s", code, printed)
		}
	}
	t.Skip("the machine is too busy to measure a baseline")
	return "", ""
}

// changeService gives the demo service another flag in the scenario file.
func (f folder) changeService(t *testing.T, flags string) {
	t.Helper()
	path := filepath.Join(string(f), "scenarios.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), "-cache,", flags+", -cache,", 1)
	if changed == string(text) {
		t.Fatal("the command of the demo service was not found")
	}
	if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
		t.Fatal(err)
	}
}

// busy says whether a check that measured nothing names what a busy machine does to it: the generator got no CPU, or the same
// trial failed and passed. Whatever else keeps it from measuring is a fault of the check.
func busy(printed string) bool {
	for _, cause := range []string{"hits were sent late: lag p99", "the generator was too late for them", "the generator was throttled by its own CPU quota",
		"the generator was out of CPU", "too noisy to tell"} {
		if strings.Contains(printed, cause) {
			return true
		}
	}
	return false
}

func TestOnlyABusyMachineExcusesACheck(t *testing.T) {
	for printed, want := range map[string]bool{
		"The check could not be measured\nthe soak could not be judged: hits were sent late: lag p99 31 ms is above 10 ms":                                    true,
		"the short scenario could not be judged: 40 of 800 hits were not sent because the generator was too late for them (its threads waited 3 s for a CPU)": true,
		"trial 2 failed (p99 612 ms of 500 ms) and the same again passed: too noisy to tell":                                                                  true,
		"":                                false,
		"The check could not be measured": false,
		"plimsoll: --baseline: report.json was measured under another load":          false,
		"the soak could not be judged: container app: memory.peak could not be read": false,
		"the soak could not be judged: it was interrupted":                           false,
	} {
		if busy(printed) != want {
			t.Errorf("%q excuses: %v, want %v", printed, !want, want)
		}
	}
}

// expect runs a check against the baseline. On a machine that is busy with other things a check may be unable to measure,
// and says so; that is no other answer, and the test skips.
func (f folder) expect(t *testing.T, baseline string, code int, parts ...string) {
	t.Helper()
	got, printed := finish(t, f.plimsoll(t.Context(), "reports", "check", "--baseline", baseline))
	if got == 3 && code != 3 && busy(printed) {
		t.Skipf("the machine was too busy to measure:\n%s", printed)
	}
	if got != code {
		t.Errorf("exit code %d, want %d\n%s", got, code, printed)
	}
	contains(t, printed, parts...)
}

func TestCheckPassesOnAGoodBaseline(t *testing.T) {
	f, baseline := newBaseline(t)
	f.expect(t, baseline, 0, "The limits hold", "CPU per hit")
}

func TestCheckFindsMoreCPUPerHit(t *testing.T) {
	f, baseline := newBaseline(t)
	f.changeService(t, "-cpu-extra, '0.3'")
	f.expect(t, baseline, 1, "regression: CPU per hit of app")
}

func TestCheckFindsALeak(t *testing.T) {
	f, baseline := newBaseline(t)
	f.changeService(t, "-leak-per-hit, 32KiB")
	f.expect(t, baseline, 1, "The check failed", "error: ")
}

// A service that prints its own secret and is killed with it in its last lines: the lines are in the report, the secret in no
// output of the check.
func TestCheckKeepsSecretsOfTheService(t *testing.T) {
	const planted = "planted-7f3a9c"
	f := newFolder(t, "check.yaml")
	path := filepath.Join(string(f), "scenarios.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.NewReplacer("80Mi", "16Mi", "command: [./demoservice, -cpu-per-hit, 2.6ms, -cache, 32MiB]",
		`command: [sh, -c, 'echo "the token is $API_TOKEN"; exec ./demoservice -cpu-per-hit 2.6ms -cache 32MiB']`+"\n      env: {API_TOKEN: "+planted+"}",
		"path: /work}", "path: /work, headers: {Authorization: Bearer "+planted+"}}").Replace(string(text))
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"check"}
	for _, format := range []string{"annotations", "csv", "html", "json", "junit", "load-performance", "markdown", "name", "openmetrics", "table", "wide", "yaml"} {
		args = append(args, "-o", format+"=reports/out."+format)
	}
	if err := os.Mkdir(filepath.Join(string(f), "reports"), 0o755); err != nil {
		t.Fatal(err)
	}
	code, printed := finish(t, f.plimsoll(t.Context(), "reports", args...))
	if code != 1 || strings.Contains(printed, planted) {
		t.Errorf("exit code %d, want 1\n%s", code, printed)
	}
	written, err := os.ReadDir(filepath.Join(string(f), "reports"))
	if err != nil || len(written) != 14 {
		t.Errorf("%d files, want 14: %v", len(written), err)
	}
	for _, file := range written {
		content, err := os.ReadFile(filepath.Join(string(f), "reports", file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(content), planted) {
			t.Errorf("the secret is in %s", file.Name())
		}
		if file.Name() == "report.json" && !strings.Contains(string(content), "the token is ") {
			t.Errorf("what the service printed is not in the report, so this shows nothing:\n%s", printed)
		}
	}
}

// A generator that gets no CPU most of the time measures nothing, and says so.
func TestCheckOfAStarvedGeneratorIsNotMeasured(t *testing.T) {
	f := newFolder(t, "check.yaml")
	cmd := f.plimsoll(t.Context(), "reports", "check")
	var printed strings.Builder
	cmd.Stdout, cmd.Stderr = &printed, &printed
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	starved := make(chan struct{})
	go func() {
		defer close(starved)
		starve(cmd, done)
	}()
	_ = cmd.Wait() // its exit code is looked at below
	close(done)
	<-starved
	if code := cmd.ProcessState.ExitCode(); code != 3 {
		t.Errorf("exit code %d, want 3\n%s", code, printed.String())
	}
	contains(t, printed.String(), "could not be measured")
}

// starve lets a process run for one tenth of the time.
func starve(cmd *exec.Cmd, done <-chan struct{}) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-done:
			return
		case <-tick.C:
		}
		signal := syscall.SIGSTOP
		if i%10 == 0 {
			signal = syscall.SIGCONT
		}
		if err := cmd.Process.Signal(signal); err != nil {
			return // it has ended
		}
	}
}

// TestCheckNoise counts false alarms: checks of an unchanged service that do not pass.
func TestCheckNoise(t *testing.T) {
	if *checks == 0 {
		t.Skip("takes twenty minutes; make check-noise runs it")
	}
	f, baseline := newBaseline(t)
	codes := map[int]int{}
	began := time.Now()
	for i := range *checks {
		code, printed := finish(t, f.plimsoll(t.Context(), "reports", "check", "--baseline", baseline, "--quiet"))
		codes[code]++
		if code == 3 && !busy(printed) {
			t.Errorf("check %d was not measured, and not for a busy machine", i+1)
		}
		if code != 0 {
			t.Logf("check %d: exit code %d\n%s", i+1, code, printed)
		}
	}
	t.Logf("%d checks of an unchanged service in %v: %d passed, %d false alarms, %d not measured", *checks, time.Since(began).Round(time.Second),
		codes[0], codes[1], codes[3])
	if codes[1] > 0 || codes[0]+codes[3] != *checks {
		t.Errorf("exit codes %v, want none but 0 and 3", codes)
	}
	if codes[0] == 0 {
		t.Error("no check was measured")
	}
}
