package e2e

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/runlog"
	"github.com/plimsoll/plimsoll/tuner"
)

// A search that is cut off by its budget: every step moves one limit at most, the kill at 50Mi is in the report with
// the container's last output, and both reports are there.
func TestTuneChangesOneLimitPerTrial(t *testing.T) {
	f := newFolder(t, "two-containers.yaml")
	code, printed := finish(t, f.plimsoll(t.Context(), "reports", "tune", "--max-trials", "4"))
	if code == 2 || code == 4 {
		t.Errorf("exit code %d, want one of a search that ran\n%s", code, printed)
	}
	contains(t, printed, "web memory", "CONTAINER", "report.html")
	r := f.report(t, "reports")
	if len(r.Trials) == 0 || len(r.Trials) > 4 {
		t.Fatalf("%d trials in the report, want 1 to 4", len(r.Trials))
	}
	for i, trial := range r.Trials[1:] {
		if n := changed(r.Trials[i].Step.Settings, trial.Step.Settings); n > 1 {
			t.Errorf("trial %d changed %d limits", trial.Number, n)
		}
	}
	expectKillOfWeb(t, r)
	if _, err := os.Stat(filepath.Join(string(f), "reports", "report.html")); err != nil {
		t.Error(err)
	}
}

// expectKillOfWeb fails where no trial shows that web was killed at 50Mi. It skips where every trial was doubtful: on a
// machine that gives the generator no CPU for a second, too few hits are sent to need 50Mi.
func expectKillOfWeb(t *testing.T, r report) {
	t.Helper()
	judged := false
	for _, trial := range r.Trials {
		judged = judged || trial.Verdict.Judgement != tuner.Inconclusive
		for _, kill := range trial.Observation.Kills {
			if kill.Container == "web" && (kill.Kind == tuner.OOMKill || kill.Kind == tuner.OOMAtStart) {
				return
			}
		}
	}
	if !judged {
		t.Skipf("the machine was too busy to judge any trial: %s", r.Trials[0].Verdict.Why)
	}
	t.Errorf("no kill of web was seen in %d trials; the first: %s", len(r.Trials), r.Trials[0].Verdict.Why)
}

// The first interrupt ends the trial and still reports; a resume runs it again and loses nothing.
func TestInterruptReportsAndResumes(t *testing.T) {
	f := newFolder(t, "two-containers.yaml")
	cmd := f.plimsoll(t.Context(), "reports", "tune")
	var said bytes.Buffer
	pipe, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = io.Discard
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(io.TeeReader(pipe, &said))
	interrupted := false
	for lines.Scan() {
		if strings.Contains(lines.Text(), "→ next: ") && !interrupted {
			interrupted = true
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait() // its exit code is looked at below
	if code := cmd.ProcessState.ExitCode(); !interrupted || code != 3 {
		t.Fatalf("exit code %d, want 3\n%s", code, said.String())
	}
	r := f.report(t, "reports")
	if r.Result.Outcome != tuner.Interrupted || len(r.Trials) == 0 {
		t.Errorf("outcome %s after %d trials, want interrupted", r.Result.Outcome, len(r.Trials))
	}
	code, printed := finish(t, f.plimsoll(t.Context(), "reports", "tune", "--resume", "--max-trials", "3"))
	if code == 2 || code == 4 {
		t.Errorf("resume: exit code %d\n%s", code, printed)
	}
	if again := f.report(t, "reports"); len(again.Trials) < len(r.Trials) || again.Result.Outcome == tuner.Interrupted {
		t.Errorf("resumed search: outcome %s after %d trials", again.Result.Outcome, len(again.Trials))
	}
}

// A second interrupt quits at once.
func TestSecondInterruptQuits(t *testing.T) {
	f := newFolder(t, "two-containers.yaml")
	cmd := f.plimsoll(t.Context(), "reports", "tune")
	pipe, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(pipe)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "tuning ") || strings.HasPrefix(lines.Text(), "stopping: ") {
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait() // its exit code is looked at below
	if code := cmd.ProcessState.ExitCode(); code != 4 && code != 3 {
		t.Errorf("exit code %d, want 4, or 3 where it had stopped before the second interrupt", code)
	}
	// The next start cleans up; it is refused only for the log that is there.
	if code, printed := finish(t, f.plimsoll(t.Context(), "reports", "tune", "--overwrite", "--max-trials", "1")); code == 2 || code == 4 {
		t.Errorf("next start: exit code %d\n%s", code, printed)
	}
}

// A full disk is an error that loses no trial: the log stays whole.
func TestDiskFull(t *testing.T) {
	f := newFolder(t, "two-containers.yaml")
	disk := filepath.Join(string(f), "reports")
	if err := os.Mkdir(disk, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=16k"); err != nil {
		t.Skipf("a small disk can't be mounted: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	})
	began := time.Now()
	code, printed := finish(t, f.plimsoll(t.Context(), "reports", "tune", "--max-trials", "12"))
	if code != 3 || !strings.Contains(printed, "no space left on device") {
		t.Errorf("exit code %d after %v, want 3 and the kernel's message\n%s", code, time.Since(began), printed)
	}
	if _, err := runlog.Open(filepath.Join(disk, "run.plimsoll")); err != nil {
		t.Errorf("the log is not whole: %v", err)
	}
}
