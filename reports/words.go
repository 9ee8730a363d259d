package reports

import (
	"fmt"
	"strings"

	"github.com/plimsoll/plimsoll/tuner"
)

// modes are the failure modes in words, as they stand after "failed: ".
var modes = map[tuner.Mode]string{
	tuner.MemoryCreep:        "memory grows without end",
	tuner.CPUPegged:          "CPU pegged",
	tuner.Errors:             "errors",
	tuner.HighLatency:        "slow",
	tuner.DroppedHits:        "hits dropped",
	tuner.LatencyVariance:    "slow tail",
	tuner.OOM:                "OOM-killed",
	tuner.OOMStart:           "OOM-killed at start",
	tuner.ChildOOM:           "child process OOM-killed",
	tuner.Thrashing:          "page cache thrashing",
	tuner.Crashed:            "crashed",
	tuner.Liveness:           "killed by its liveness probe",
	tuner.NotReady:           "never Ready",
	tuner.NotReadyCPU:        "never Ready, throttled",
	tuner.Saturation:         "saturated, no limit near",
	tuner.CreepingSaturation: "saturates over time",
}

// kills are the kinds of kill in words.
var kills = map[tuner.KillKind]string{
	tuner.OOMKill:      "OOM-killed",
	tuner.OOMAtStart:   "OOM-killed before it was Ready",
	tuner.OOMChild:     "a child process was OOM-killed",
	tuner.Crash:        "crashed",
	tuner.LivenessKill: "killed by its liveness probe",
	tuner.NodeOOM:      "killed for the node's memory",
	tuner.Evicted:      "evicted",
	tuner.Deleted:      "its Pod was deleted",
	tuner.UnknownKill:  "gone, cause unknown",
}

// outcomes are the headlines of a report.
var outcomes = map[tuner.Outcome]string{
	tuner.Derived:      "Limits derived and confirmed",
	tuner.NotMonotone:  "Limits derived, but a larger limit failed where a smaller one passed",
	tuner.BudgetSpent:  "The budget was spent before the limits converged",
	tuner.Infeasible:   "No allowed limit passes",
	tuner.TooNoisy:     "The service is too noisy to tell limits apart",
	tuner.NotMeasured:  "Not measured",
	tuner.Unexplained:  "It fails, and no limit explains why",
	tuner.Interrupted:  "Interrupted",
	tuner.LeakDetected: "Memory grows without end: no limit holds for ever",
}

// named looks key up, and falls back to the key itself, cleaned: a report of a newer search still reads.
func named[K ~string](words map[K]string, key K) string {
	if w, ok := words[key]; ok {
		return w
	}
	return Clean(strings.ReplaceAll(string(key), "_", " "))
}

// headline says how the search ended.
func headline(r Run) string {
	if r.Check != nil {
		return named(checked, r.Check.Judgement)
	}
	result, ok := r.ended()
	if !ok {
		return "The search has not ended"
	}
	if result.Outcome == tuner.Derived && !result.Verified {
		return "Limits derived, not confirmed"
	}
	return named(outcomes, result.Outcome)
}

// limitName is "app CPU limit".
func limitName(l tuner.Limit) string {
	return Clean(l.Container) + " " + resourceName(l.Resource) + " limit"
}

func resourceName(r tuner.Resource) string {
	if r == tuner.CPU {
		return "CPU"
	}
	return Clean(string(r))
}

// what says what a step does: "app CPU limit 100m → 200m", or its purpose where no limit moves.
func what(s tuner.Step) string {
	if c := s.Change; c != nil {
		text := fmt.Sprintf("%s %s → %s", limitName(c.Limit), about(c.Resource, c.From), about(c.Resource, c.To))
		if s.Purpose == tuner.Confirm {
			text += ", confirmed by a soak"
		}
		return text
	}
	switch s.Purpose {
	case tuner.Begin:
		return "start settings"
	case tuner.Repeat:
		return "repeat, nothing moved"
	case tuner.Validate:
		return "short scenario, nothing moved"
	case tuner.Confirm:
		return "confirming soak"
	}
	return Clean(string(s.Purpose))
}

// judgement is the verdict in one or two words.
func judgement(v tuner.Verdict) string {
	switch v.Judgement {
	case tuner.Pass:
		return "passed"
	case tuner.Fail:
		return "failed"
	case tuner.Inconclusive:
		return "doubtful"
	}
	return "not judged"
}
