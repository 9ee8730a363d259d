package runlog

import (
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// fullTrial is a trial in which every field is set.
func fullTrial(number int) tuner.Trial {
	var trial tuner.Trial
	f := filler{int64(number) * 1000}
	f.fill(reflect.ValueOf(&trial).Elem())
	trial.Number = number
	return trial
}

func fullHeader() Header {
	var header Header
	(&filler{}).fill(reflect.ValueOf(&header).Elem())
	header.Format = FormatVersion
	return header
}

var resultStep = tuner.Step{Reason: "every limit converged", Result: &tuner.Result{
	Outcome: tuner.Derived, Why: "confirmed", Verified: true, Sigma: new(0.04),
	Settings: tuner.Settings{{Container: "app", Resources: scenarios.Resources{CPULimit: 250, MemoryLimit: 96 * scenarios.MiB}}},
}}

// written makes a log with trials and returns its path and bytes.
func written(t testing.TB, trials ...tuner.Trial) (path string, b []byte) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "report", "run.plimsoll")
	l, err := Create(path, fullHeader())
	if err != nil {
		t.Fatal(err)
	}
	for _, trial := range trials {
		if err := l.Append(trial); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if b, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	return path, b
}

func TestRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.plimsoll")
	l, err := Create(path, fullHeader())
	if err != nil {
		t.Fatal(err)
	}
	trials := []tuner.Trial{fullTrial(1), {Number: 2}, fullTrial(3)}
	for _, trial := range trials {
		if err := l.Append(trial); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.AppendResult(resultStep); err != nil {
		t.Fatal(err)
	}
	if err := l.AppendBeside([]byte(`{"judgement":"pass"}`)); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	want := Contents{Header: fullHeader(), Trials: trials, Result: &resultStep, Beside: []byte(`{"judgement":"pass"}`)}
	// Secret has no exported field and is never saved: it must come back empty.
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b scenarios.Secret) bool { return a.Reveal() == b.Reveal() })); diff != "" {
		t.Errorf("what was read is not what was written (-written +read):\n%s", diff)
	}
	if got.Trials[1].Observation.Load != nil || got.Trials[1].Step.Change != nil {
		t.Error("a nil pointer did not stay nil")
	}
}

// A trial that comes after a verdict on coexistence makes it one on other limits; a result of the same trials does not.
func TestVerdictOnCoexistence(t *testing.T) {
	path, _ := written(t, fullTrial(1))
	l, _, err := Resume(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	has := func() bool {
		t.Helper()
		c, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		return len(c.Beside) > 0
	}
	if err := l.AppendBeside(nil); err == nil {
		t.Error("an empty verdict was written")
	}
	for _, step := range []struct {
		name string
		do   func() error
		want bool
	}{
		{"result", func() error { return l.AppendResult(resultStep) }, false},
		{"verdict", func() error { return l.AppendBeside([]byte("{}")) }, true},
		{"the same result", func() error { return l.AppendResult(resultStep) }, true},
		{"another trial", func() error { return l.Append(tuner.Trial{Number: 2}) }, false},
	} {
		if err := step.do(); err != nil || has() != step.want {
			t.Errorf("after %s: %v, a verdict %v", step.name, err, has())
		}
	}
	if err := l.AppendBeside([]byte("{}")); err != nil {
		t.Fatal(err)
	}
	var damage *DamageError
	if _, err := Open(path); !errors.As(err, &damage) {
		t.Errorf("a verdict without a result is read: %v", err)
	}
}

func TestSecretsAreNotSaved(t *testing.T) {
	const canary = "hunter2-canary"
	header := fullHeader()
	header.File.Traffic.Hits = []scenarios.Hit{{
		Headers: []scenarios.Variable{{Name: "Authorization", Value: scenarios.NewSecret(canary), Marked: true}},
		Body:    scenarios.NewSecret(canary),
		Data:    &scenarios.Data{Rows: [][]string{{canary}}},
	}}
	header.File.Workload.Containers[0].Env = []scenarios.Variable{{Name: "TOKEN", Value: scenarios.NewSecret(canary)}}
	path := filepath.Join(t.TempDir(), "run.plimsoll")
	l, err := Create(path, header)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(b), canary) {
		t.Error("the log holds a secret")
	}
}

func TestCreateNeverOverwrites(t *testing.T) {
	path, before := written(t, fullTrial(1))
	if _, err := Create(path, fullHeader()); !errors.Is(err, ErrExists) {
		t.Errorf("Create over a log: %v, want ErrExists", err)
	}
	if after, _ := os.ReadFile(path); string(after) != string(before) {
		t.Error("Create changed the log that was there")
	}
	l, err := Overwrite(path, fullHeader())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := Open(path)
	if err != nil || len(c.Trials) != 0 || c.Repair != nil {
		t.Errorf("after Overwrite: %d trials, repair %v, error %v; want an empty log", len(c.Trials), c.Repair, err)
	}
}

func TestOneWriter(t *testing.T) {
	path, before := written(t, fullTrial(1))
	l, _, err := Resume(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Resume(path); !errors.Is(err, ErrLocked) {
		t.Errorf("second Resume: %v, want ErrLocked", err)
	}
	if _, err := Overwrite(path, fullHeader()); !errors.Is(err, ErrLocked) {
		t.Errorf("Overwrite of a locked log: %v, want ErrLocked", err)
	}
	if after, _ := os.ReadFile(path); string(after) != string(before) {
		t.Error("the log was changed while locked")
	}
	if _, err := Open(path); err != nil {
		t.Errorf("a reader must not need the lock: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l, _, err = Resume(path)
	if err != nil {
		t.Fatalf("Resume after Close: %v", err)
	}
	l.Close()
}

func TestTrialsInOrder(t *testing.T) {
	path, _ := written(t, fullTrial(1))
	l, c, err := Resume(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, number := range []int{0, 1, 3} {
		if err := l.Append(tuner.Trial{Number: number}); err == nil {
			t.Errorf("trial %d was appended after %d", number, len(c.Trials))
		}
	}
	if err := l.AppendResult(tuner.Step{}); err == nil {
		t.Error("a step without a result was appended")
	}
	if err := l.Append(tuner.Trial{Number: 2}); err != nil {
		t.Error(err)
	}
}

func TestResultIsSupersededByTrials(t *testing.T) {
	path, _ := written(t, fullTrial(1))
	for _, number := range []int{2, 3} {
		l, _, err := Resume(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.AppendResult(resultStep); err != nil {
			t.Fatal(err)
		}
		if c, err := Open(path); err != nil || c.Result == nil {
			t.Fatalf("result %v, error %v; want the result", c.Result, err)
		}
		if err := l.Append(tuner.Trial{Number: number}); err != nil {
			t.Fatal(err)
		}
		if c, err := Open(path); err != nil || c.Result != nil {
			t.Fatalf("result %v, error %v; want none after trial %d", c.Result, err, number)
		}
		l.Close()
	}
}

func TestFutureFormat(t *testing.T) {
	encoded, err := encode(payload{Header: &Header{Format: FormatVersion + 1, Plimsoll: "v9.0.0"}})
	if err != nil {
		t.Fatal(err)
	}
	record, err := frame(0, encoded)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "run.plimsoll")
	if err := os.WriteFile(path, record, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, open := range map[string]func() error{
		"Open":   func() error { _, err := Open(path); return err },
		"Resume": func() error { _, _, err := Resume(path); return err },
	} {
		if err := open(); !errors.Is(err, ErrFuture) || !strings.Contains(err.Error(), "v9.0.0") {
			t.Errorf("%s of a future log: %v", name, err)
		}
	}
}

func TestFileSizeLimit(t *testing.T) {
	path, before := written(t, fullTrial(1))
	l, _, err := Resume(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	signal.Ignore(unix.SIGXFSZ)
	defer signal.Reset(unix.SIGXFSZ)
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: uint64(len(before) + 100), Max: old.Max}); err != nil {
		t.Skipf("needs to lower RLIMIT_FSIZE: %v", err)
	}
	err = l.Append(fullTrial(2))
	if back := unix.Setrlimit(unix.RLIMIT_FSIZE, &old); back != nil {
		t.Fatal(back)
	}
	if err == nil {
		t.Fatal("no error from a full file")
	}
	checkGoesOn(t, l, path, before)
}

// checkGoesOn checks that a failed append left the log as before, and that appending works again.
func checkGoesOn(t *testing.T, l *Log, path string, before []byte) {
	t.Helper()
	after, err := os.ReadFile(path)
	if err != nil || string(after) != string(before) {
		t.Fatalf("a failed append left %d bytes where %d were (%v)", len(after), len(before), err)
	}
	if err := l.Append(fullTrial(2)); err != nil {
		t.Fatalf("append once there is room: %v", err)
	}
	c, err := Open(path)
	if err != nil || len(c.Trials) != 2 || c.Repair != nil {
		t.Fatalf("%d trials, repair %v, error %v; want 2 whole ones", len(c.Trials), c.Repair, err)
	}
}
