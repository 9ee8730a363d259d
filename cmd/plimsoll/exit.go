package main

import (
	"errors"

	"github.com/plimsoll/plimsoll/tuner"
)

// exitCode is what the process ends with. The output format never changes it.
type exitCode int

const (
	exitOK          exitCode = 0 // derived and verified, SLOs met, nothing found
	exitMissed      exitCode = 1 // SLO missed, infeasible, regression, budget spent
	exitUsage       exitCode = 2 // bad usage or a bad file
	exitNotMeasured exitCode = 3 // inconclusive, too noisy, generator-bound, interrupted
	exitNotRestored exitCode = 4 // restore not confirmed; dominates all others
)

// exitError is an error that decides the exit code. Err may be nil: then nothing more is printed.
type exitError struct {
	Code exitCode
	Err  error
}

func (e exitError) Error() string {
	if e.Err == nil {
		return ""
	}
	return e.Err.Error()
}

func (e exitError) Unwrap() error { return e.Err }

// usage marks err as the user's: bad usage or a bad file.
func usage(err error) error { return exitError{exitUsage, err} }

// codeOf returns the exit code for err: that of an exitError in it, otherwise "not measured", because an instrument
// that broke has measured nothing.
func codeOf(err error) exitCode {
	if err == nil {
		return exitOK
	}
	if e, ok := errors.AsType[exitError](err); ok {
		return e.Code
	}
	return exitNotMeasured
}

// outcomeCode returns the exit code for the end of a search.
func outcomeCode(o tuner.Outcome) exitCode {
	switch o {
	case tuner.Derived, tuner.NotMonotone:
		return exitOK
	case tuner.BudgetSpent, tuner.Infeasible, tuner.Unexplained, tuner.LeakDetected:
		return exitMissed
	default:
		return exitNotMeasured
	}
}
