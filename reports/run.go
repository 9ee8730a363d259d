package reports

import (
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// Run is all that a report is made from: one search, finished or not.
type Run struct {
	// Version of the program that ran the search, and the unique name of the search.
	Version string
	RunID   string
	// Started is when the search began.
	Started time.Time
	// Simulated is true where no real service was measured; every format says so.
	Simulated bool
	Machine   Machine
	File      scenarios.File
	Goal      tuner.Goal
	// Trials in the order run, numbered from 1.
	Trials []tuner.Trial
	// Result is the step that ended the search; nil where it has not ended.
	Result *tuner.Step
	// Check is the answer where this was a check and not a search; nil otherwise. Result is then nil.
	Check *tuner.Check
	// Compat is what was found about autoscalers, budgets, ranges and quotas around the workload; nil where it is in no
	// cluster.
	Compat *Compat
}

// Machine is what the figures depend on. Empty strings and zeros are "not known".
type Machine struct {
	OS     string          `json:"os"`
	Arch   string          `json:"arch"`
	Kernel string          `json:"kernel"`
	CPU    string          `json:"cpu_model"`
	Cores  int             `json:"cores"`
	Memory scenarios.Bytes `json:"memory_bytes"`
	// Cgroup is the version of the cgroup hierarchy, 1 or 2.
	Cgroup int `json:"cgroup_version"`
}

// ended returns the result of the search; ok is false where it has not ended.
func (r Run) ended() (result tuner.Result, ok bool) {
	if r.Result == nil || r.Result.Result == nil {
		return tuner.Result{}, false
	}
	return *r.Result.Result, true
}

// trial returns the trial with that number; ok is false where there is none.
func (r Run) trial(number int) (tuner.Trial, bool) {
	for _, t := range r.Trials {
		if t.Number == number {
			return t, true
		}
	}
	return tuner.Trial{}, false
}

// elapsed is the time all trials took together.
func (r Run) elapsed() time.Duration {
	sum := time.Duration(0)
	for _, t := range r.Trials {
		sum += t.Elapsed
	}
	return sum
}
