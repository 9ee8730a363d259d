package main

import (
	"strings"

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

// codeOf returns the exit code for err: that of the first exitError in it, or of one that says "not restored" wherever
// that stands; otherwise "not measured", because an instrument that broke has measured nothing.
func codeOf(err error) exitCode {
	if err == nil {
		return exitOK
	}
	decided := exitErrors(err)
	for _, e := range decided {
		if e.Code == exitNotRestored {
			return exitNotRestored
		}
	}
	if len(decided) > 0 {
		return decided[0].Code
	}
	return exitNotMeasured
}

// exitErrors are all exitErrors that err is or wraps, in the order in which they are printed.
func exitErrors(err error) []exitError {
	var all []exitError
	switch e := err.(type) {
	case exitError:
		all = append(all, e)
		all = append(all, exitErrors(e.Err)...)
	case interface{ Unwrap() []error }:
		for _, part := range e.Unwrap() {
			all = append(all, exitErrors(part)...)
		}
	case interface{ Unwrap() error }:
		all = exitErrors(e.Unwrap())
	}
	return all
}

// textOf is what is printed of err: its text without the empty lines that silent exitErrors leave in it.
func textOf(err error) string {
	if err == nil {
		return ""
	}
	return strings.TrimSpace(err.Error())
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
