package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll/plimsoll/runlog"
	"github.com/plimsoll/plimsoll/tuner"
)

// A budget given as a flag holds for the resumed search too, until another is given; the log goes on without a gap.
func TestResumeKeepsBudget(t *testing.T) {
	dir := t.TempDir()
	tune := func(more ...string) ran {
		return plimsoll(t, nil, append([]string{"tune", "-f", "testdata/simulated.yaml", "--report-dir", dir}, more...)...)
	}
	if first := tune("--max-trials", "3"); first.Code != 1 || trialsIn(t, dir) != 3 {
		t.Fatalf("exit code %d after %d trials\n%s", first.Code, trialsIn(t, dir), first.Out)
	}
	if again := tune("--resume"); again.Code != 1 || trialsIn(t, dir) != 3 {
		t.Errorf("resumed without a budget: exit code %d after %d trials, want the 3 of before\n%s", again.Code, trialsIn(t, dir), again.Out)
	}
	if more := tune("--resume", "--max-trials", "4"); more.Code != 1 || trialsIn(t, dir) != 4 {
		t.Errorf("resumed with a larger budget: exit code %d after %d trials, want 4\n%s", more.Code, trialsIn(t, dir), more.Out)
	}
}

func trialsIn(t *testing.T, dir string) int {
	t.Helper()
	contents, err := runlog.Open(filepath.Join(dir, "run.plimsoll"))
	if err != nil {
		t.Fatal(err)
	}
	return len(contents.Trials)
}

// A log that was made and never written to, as a kill leaves it, says what to do.
func TestResumeEmptyLog(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "run.plimsoll"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	got := plimsoll(t, nil, "tune", "-f", "testdata/simulated.yaml", "--report-dir", dir, "--resume")
	if got.Code != 2 || !strings.Contains(got.Err, "--overwrite") {
		t.Errorf("%+v", got)
	}
}

// cutLog runs a whole search and returns the folder of a log that holds only its first trials, as a kill leaves it.
func cutLog(t *testing.T, trials int, more ...string) string {
	t.Helper()
	whole := t.TempDir()
	if got := plimsoll(t, nil, append([]string{"tune", "-f", "testdata/simulated.yaml", "--report-dir", whole}, more...)...); got.Code != 0 {
		t.Fatalf("%+v", got)
	}
	contents, err := runlog.Open(filepath.Join(whole, "run.plimsoll"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	log, err := runlog.Create(filepath.Join(dir, "run.plimsoll"), contents.Header)
	if err != nil {
		t.Fatal(err)
	}
	for _, trial := range contents.Trials[:trials] {
		if err := log.Append(trial); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A log without a result, as a kill leaves it, is reported as far as it goes; so is one without a trial.
func TestReportUnfinished(t *testing.T) {
	for name, trials := range map[string]int{"no trial": 0, "two trials": 2} {
		t.Run(name, func(t *testing.T) {
			dir := cutLog(t, trials)
			if got := plimsoll(t, nil, "report", filepath.Join(dir, "run.plimsoll")); got.Code != 0 || got.Err != "" {
				t.Errorf("%+v", got)
			}
			for _, report := range []string{"report.html", "report.json"} {
				if _, err := os.Stat(filepath.Join(dir, report)); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// broken is a pipe that nobody reads.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, syscall.EPIPE }

// The reports are written although the table could not be printed; where they cannot be, the table is printed.
func TestReportLosesNothing(t *testing.T) {
	dir := cutLog(t, 1)
	var errOut strings.Builder
	code := run(t.Context(), []string{"report", filepath.Join(dir, "run.plimsoll")},
		streams{In: strings.NewReader(""), Out: broken{}, Err: &errOut}, func(string) (string, bool) { return "", false })
	if code != 3 || !strings.Contains(errOut.String(), "print the result") {
		t.Errorf("exit code %d, %s", code, errOut.String())
	}
	savedIn(t, dir)
	for _, name := range []string{"report.html", "report.json"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil { // in the way, for root too
			t.Fatal(err)
		}
	}
	got := plimsoll(t, nil, "report", filepath.Join(dir, "run.plimsoll"))
	if got.Code != 3 || strings.Count(got.Err, "write "+dir) != 2 || got.Out == "" {
		t.Errorf("%+v", got)
	}
	left, err := filepath.Glob(filepath.Join(dir, ".report*"))
	if err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}

// A search that was killed goes on to the same result as one that was not.
func TestResumeEndsTheSame(t *testing.T) {
	whole, cut := cutLog(t, 0), cutLog(t, 3)
	for _, dir := range []string{whole, cut} {
		if got := plimsoll(t, nil, "tune", "-f", "testdata/simulated.yaml", "--report-dir", dir, "--resume"); got.Code != 0 {
			t.Fatalf("%+v", got)
		}
	}
	if a, b := resultIn(t, whole), resultIn(t, cut); !cmp.Equal(a.Settings, b.Settings) {
		t.Errorf("limits differ: %s", cmp.Diff(a.Settings, b.Settings))
	}
}

// An interrupted search reports the best limits that passed so far, unverified, and ends with 3.
func TestInterruptedSearchReportsBest(t *testing.T) {
	dir := cutLog(t, 2, "--start", "relaxed")
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	var out, errOut strings.Builder
	code := run(ctx, []string{"tune", "-f", "testdata/simulated.yaml", "--report-dir", dir, "--resume"},
		streams{In: strings.NewReader(""), Out: &out, Err: &errOut}, func(string) (string, bool) { return "", false })
	if code != 3 {
		t.Fatalf("exit code %d, want 3\n%s%s", code, out.String(), errOut.String())
	}
	r := resultIn(t, dir)
	if r.Outcome != tuner.Interrupted || len(r.Settings) == 0 || r.Verified {
		t.Errorf("result %+v, want interrupted, with the limits that passed, not verified", r)
	}
}

// resultIn is the result in the report.json of a folder.
func resultIn(t *testing.T, dir string) tuner.Result {
	t.Helper()
	r := savedIn(t, dir)
	if r.Result == nil {
		t.Fatalf("the report in %s has no result", dir)
	}
	return *r.Result
}

// savedIn is the report.json of a folder.
func savedIn(t *testing.T, dir string) savedReport {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r savedReport
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// A search whose budget was spent goes on where a resume gives it more, instead of taking what it had for the answer.
func TestResumeWithMoreBudgetGoesOn(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "report")
	tune := func(more ...string) ran {
		return plimsoll(t, nil, append([]string{"tune", "-f", "testdata/simulated.yaml", "--report-dir", dir}, more...)...)
	}
	if spent := tune("--start", "relaxed", "--max-trials", "3"); spent.Code != 1 {
		t.Fatalf("exit code %d, want 1\n%s%s", spent.Code, spent.Out, spent.Err)
	}
	got := tune("--resume", "--max-trials", "40")
	if got.Code != 0 {
		t.Errorf("exit code %d, want 0\n%s%s", got.Code, got.Out, got.Err)
	}
	contents, err := runlog.Open(filepath.Join(dir, "run.plimsoll"))
	if err != nil {
		t.Fatal(err)
	}
	if len(contents.Trials) < 5 {
		t.Errorf("%d trials: the resumed search did not search", len(contents.Trials))
	}
}
