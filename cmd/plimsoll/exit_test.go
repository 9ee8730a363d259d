package main

import (
	"errors"
	"fmt"
	"testing"

	"github.com/plimsoll/plimsoll/tuner"
)

func TestCodeOf(t *testing.T) {
	missed, left := exitError{Code: exitMissed}, exitError{exitNotRestored, errors.New("a cgroup is left")}
	for name, c := range map[string]struct {
		err  error
		code exitCode
		text string
	}{
		"nothing":                {nil, exitOK, ""},
		"an instrument broke":    {errors.New("fsync"), exitNotMeasured, "fsync"},
		"usage":                  {fmt.Errorf("file: %w", usage(errors.New("bad"))), exitUsage, "file: bad"},
		"silent":                 {missed, exitMissed, ""},
		"silent, joined":         {errors.Join(missed, nil), exitMissed, ""},
		"not restored alone":     {errors.Join(nil, left), exitNotRestored, "a cgroup is left"},
		"not restored dominates": {errors.Join(errors.Join(missed, nil), left), exitNotRestored, "a cgroup is left"},
		"not restored, wrapped":  {fmt.Errorf("tune: %w", errors.Join(usage(errors.New("bad")), left)), exitNotRestored, "tune: bad\na cgroup is left"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := codeOf(c.err); got != c.code {
				t.Errorf("exit code %d, want %d", got, c.code)
			}
			if got := textOf(c.err); got != c.text {
				t.Errorf("text %q, want %q", got, c.text)
			}
		})
	}
}

// Every outcome of a search has the exit code that the manual gives it.
func TestOutcomeCode(t *testing.T) {
	for outcome, want := range map[tuner.Outcome]exitCode{
		tuner.Derived: 0, tuner.NotMonotone: 0, tuner.BudgetSpent: 1, tuner.Infeasible: 1, tuner.Unexplained: 1,
		tuner.LeakDetected: 1, tuner.TooNoisy: 3, tuner.NotMeasured: 3, tuner.Interrupted: 3, "": 3,
	} {
		if got := outcomeCode(outcome); got != want {
			t.Errorf("outcome %q: exit code %d, want %d", outcome, got, want)
		}
	}
}
