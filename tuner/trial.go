package tuner

import (
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// Trial is the one record of the whole program: what is decided on, saved and rendered.
type Trial struct {
	// Number counts from 1, in the order run, over the whole search.
	Number      int         `json:"number"`
	Step        Step        `json:"step"`
	Observation Observation `json:"observation"`
	Verdict     Verdict     `json:"verdict"`
	// Elapsed is the whole cost of the trial: apply, start-up, load, close.
	Elapsed time.Duration `json:"elapsed_ns"`
}

// Purpose says why a trial is run.
type Purpose string

// The purposes of a trial.
const (
	Begin    Purpose = "begin"    // the start settings; the only step that may move several limits
	Probe    Purpose = "probe"    // one limit moved, to see what happens
	Repeat   Purpose = "repeat"   // nothing moved: how noisy is this service?
	Validate Purpose = "validate" // nothing moved: limits that passed have failed once since; do they hold?
	Confirm  Purpose = "confirm"  // the soak on fresh replicas at exactly the values that will be printed
)

// Step is the next thing to do: run one trial, or stop because Result is set.
type Step struct {
	Purpose Purpose `json:"purpose"`
	// Settings to run with, complete for every container.
	Settings Settings `json:"settings"`
	// Change against the settings of the trial before; nil where none moved (or where Purpose is Begin).
	Change *Change `json:"change,omitempty"`
	// Scenario is the name of the load shape to run.
	Scenario string `json:"scenario"`
	// Fresh asks for new replicas, started cold, whether or not the settings need them.
	Fresh bool `json:"fresh_replicas"`
	// Whole forbids stopping early for anything but a failure beyond doubt: set for the confirming soak.
	Whole bool `json:"run_whole"`
	// Reason in words, one sentence, and warnings that a reader must see.
	Reason   string   `json:"reason"`
	Warnings []string `json:"warnings,omitempty"`
	// Result ends the search; then the fields above but Reason and Warnings are zero.
	Result *Result `json:"result,omitempty"`
}

// soak is whether a step is the soak at settings that may be printed: it confirms, or begins at an earlier result.
func (s Step) soak() bool { return s.Purpose == Confirm || s.Whole && s.Purpose == Begin }

// Outcome is how a search ended.
type Outcome string

// The outcomes of a search. The values are stable; they are in report.json.
const (
	Derived      Outcome = "derived"           // limits found and confirmed by a soak
	NotMonotone  Outcome = "not_monotone"      // derived, but a larger limit failed where a smaller one passed
	BudgetSpent  Outcome = "budget_spent"      // the best limits verified so far, or none
	Infeasible   Outcome = "infeasible"        // no allowed limit passes
	TooNoisy     Outcome = "too_noisy"         // run-to-run noise too large to tell limits apart
	NotMeasured  Outcome = "not_measured"      // trials stayed inconclusive (generator-bound, counters missing, …)
	Unexplained  Outcome = "no_limit_explains" // it fails, and no container is near any limit: a lock, a dependency
	Interrupted  Outcome = "interrupted"       // stopped by a person
	LeakDetected Outcome = "leak"              // memory grows without end: no limit holds for ever
)

// Result ends a search.
type Result struct {
	Outcome Outcome `json:"outcome"`
	// Why in words, one or two sentences.
	Why string `json:"why"`
	// Settings derived, requests included; nil where nothing was verified.
	Settings Settings `json:"settings,omitempty"`
	// Verified is true where Settings passed a confirming soak on fresh replicas exactly as they stand.
	Verified bool `json:"verified"`
	// Evidence for each limit searched, in the order container, CPU, memory.
	Evidence []Evidence `json:"evidence,omitempty"`
	// Sigma is the run-to-run noise measured: the standard deviation of the natural logarithm of the binding metric.
	// nil where it was not measured.
	Sigma *float64 `json:"sigma_ln,omitempty"`
	// Confidence that a run at Settings meets every SLO, 0–1; nil where it cannot be stated.
	Confidence *float64 `json:"confidence_ratio,omitempty"`
	Warnings   []string `json:"warnings,omitempty"`
}

// Evidence says what a derived limit rests on.
type Evidence struct {
	Limit
	// Derived is the value, in millicores or bytes; Request the request beside it. 0 is "not set".
	Derived int64 `json:"derived"`
	Request int64 `json:"request"`
	// Trials are the numbers of those that bear on this limit, ascending.
	Trials []int `json:"trials"`
	// Passed is the number of the trial that passed at Derived; 0 where none did.
	Passed int `json:"passed_trial"`
	// Below is the failure seen just below Derived; nil where nothing below was seen to fail.
	Below *Below `json:"failure_below,omitempty"`
	// Margin kept above the estimated demand, as a ratio of it (0.05 is 5 %); nil where unknown.
	Margin *float64 `json:"margin_ratio,omitempty"`
	// Confidence that this limit is enough, 0–1; nil where it cannot be stated.
	Confidence *float64 `json:"confidence_ratio,omitempty"`
	// Reasons in words for the limit and for the request.
	LimitReason   string `json:"limit_reason"`
	RequestReason string `json:"request_reason"`
}

// Below is the largest value below the derived limit that was seen to fail.
type Below struct {
	Value int64  `json:"value"`
	Trial int    `json:"trial"`
	Mode  Mode   `json:"mode"`
	Text  string `json:"text"`
}

// Goal is all that a search is told besides its trials. NewGoal makes one from a scenario file.
type Goal struct {
	// Before are the settings in the file or on the object; the first column of the table.
	Before Settings `json:"before"`
	// Limits that may move, in the order container, CPU, memory, with their bounds in millicores or bytes.
	Limits []Searched `json:"limits"`
	// Ranges of the namespace that requests are kept within too; empty where there are none. See Within.
	Ranges []Range `json:"ranges,omitempty"`
	// Replicas is how many replicas share the load.
	Replicas int `json:"replicas"`
	// SLOs by scenario name are those of the file and the scenario's own. Where none names OOM kills or restarts, one
	// of either fails a trial.
	SLOs map[string][]scenarios.SLO `json:"slos"`
	// Tuning is the file's: start, QoS policy, budget, scenario names.
	Tuning scenarios.Tuning `json:"tuning"`
	// ResumedAt is how many trials there were when the search was last resumed, 0 where it was not: doubtful ones among
	// them no longer count against it.
	ResumedAt int `json:"resumed_at,omitempty"`
	// Scenarios of the file.
	Scenarios []scenarios.Scenario `json:"scenarios"`
	// Traffic is the digest of what is sent, scenarios.Traffic.Digest; empty: not known.
	Traffic string `json:"traffic_sha256,omitempty"`
	// Earlier is the result of an earlier search of the same workload; nil where there is none. The search then begins
	// at its settings: where nothing changed, two trials say so.
	Earlier *Result `json:"earlier,omitempty"`
}

// Searched is one limit that may move, between Min and Max, both included.
type Searched struct {
	Limit
	Min int64 `json:"min"`
	Max int64 `json:"max"`
}
