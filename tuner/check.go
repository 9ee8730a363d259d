package tuner

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Check is the answer of a check: do the limits in force still hold, what got worse, what has become too large.
type Check struct {
	// Judgement is Pass where every SLO held and nothing got worse, Fail where not, Inconclusive where it can't be said.
	Judgement Judgement `json:"judgement"`
	// Why in words, one or two sentences with the figures.
	Why string `json:"why"`
	// Findings, the worst first.
	Findings []CheckFinding `json:"findings"`
	// Differences against the baseline, in the order of Compare; null where there was none.
	Differences []Difference `json:"differences"`
	// Notes say what a reader must know of the comparison: limits that are not those of the baseline, few trials.
	Notes []string `json:"notes"`
}

// CheckRule names a kind of finding.
type CheckRule string

// The rules of a check.
const (
	RuleFailed     CheckRule = "failed"     // an SLO missed, a kill, a leak
	RuleRegression CheckRule = "regression" // worse than the baseline, beyond the noise
	RuleTooLarge   CheckRule = "too-large"  // a request or limit of more than twice what was used
)

// CheckFinding is one thing found. Error is true where it fails the check.
type CheckFinding struct {
	Rule      CheckRule `json:"rule"`
	Error     bool      `json:"error"`
	Container string    `json:"container,omitempty"`
	Text      string    `json:"text"`
	// Trials that show it, ascending.
	Trials []int `json:"trials"`
}

// CheckGoal is what a check is told.
type CheckGoal struct {
	Goal Goal
	// Baseline are earlier trials to compare with, all at the same settings; nil where there is no baseline.
	Baseline []Trial
	// FailOnTooLarge makes RuleTooLarge fail the check.
	FailOnTooLarge bool
	// MaxTime is the time for all trials together; > 0.
	MaxTime time.Duration
}

// checkTrials is the most trials of a check. Two come first, a soak on fresh replicas and the short scenario; two more
// where there is no baseline yet, where one is in doubt or failed, or where a figure seems worse.
const checkTrials = 4

// seemsWorse is the level, one-sided and for each figure alone, at which two more trials are worth their time.
const seemsWorse = 0.1

// NextCheckStep is the next trial of a check; ok is false where it has enough, or where no time is left for another.
// elapsed is the time of all trials so far.
func NextCheckStep(g CheckGoal, trials []Trial, elapsed time.Duration) (step Step, ok bool) {
	n := len(trials)
	if n >= checkTrials || n >= 2 && !wantsMore(g, trials) || slices.ContainsFunc(trials, decisive) {
		return Step{}, false
	}
	step = Step{Purpose: Validate, Settings: g.Goal.Before, Scenario: g.Goal.Tuning.Probe, Whole: true,
		Reason: "the short scenario at the limits in force", Fresh: probedCold(g)}
	if n%2 == 0 {
		step = Step{Purpose: Confirm, Settings: g.Goal.Before, Scenario: g.Goal.Tuning.Confirm, Fresh: true, Whole: true,
			Reason: "a soak on fresh replicas at the limits in force"}
	}
	if n >= 2 {
		step.Reason += ", once more: it is how noisy this service is that decides"
	}
	if n >= 2 && elapsed+trials[n-2].Elapsed > g.MaxTime {
		return Step{}, false
	}
	return step, true
}

// probedCold says whether every short trial of the baseline had fresh replicas: they may do worse than warm ones, and like is
// compared with like.
func probedCold(g CheckGoal) bool {
	probes, cold := 0, 0
	for i := range g.Baseline {
		if t := &g.Baseline[i]; t.Step.Scenario == g.Goal.Tuning.Probe {
			probes++
			if t.Observation.Fresh {
				cold++
			}
		}
	}
	return probes > 0 && cold == probes
}

// CheckTime is how long the first two trials load the workload; starting it comes on top.
func CheckTime(g Goal) time.Duration {
	var sum time.Duration
	for _, s := range g.Scenarios {
		if s.Name == g.Tuning.Probe {
			sum += s.Duration()
		}
		if s.Name == g.Tuning.Confirm {
			sum += s.Duration()
		}
	}
	return sum
}

// decisive is a failure that no repeat can take back: a kill, a crash, growth without end.
func decisive(t Trial) bool {
	switch t.Verdict.Mode {
	case MemoryCreep, OOM, OOMStart, ChildOOM, Crashed, NotReady, NotReadyCPU, Liveness:
		return true
	}
	return false
}

// undecided says why trials do not decide; empty where they do.
func undecided(g CheckGoal, trials []Trial) string {
	for _, t := range trials {
		switch t.Verdict.Judgement {
		case Pass:
		case Fail:
			return fmt.Sprintf("trial %d failed (%s)", t.Number, t.Verdict.Why)
		default:
			return fmt.Sprintf("trial %d could not be judged (%s)", t.Number, t.Verdict.Why)
		}
	}
	if g.Baseline == nil {
		return ""
	}
	for _, d := range Compare(g.Baseline, trials) {
		if d.Worse || d.P/2 < seemsWorse && (d.Change > 0) != (d.Metric == "throughput") {
			return "it may be worse: " + d.String()
		}
	}
	return ""
}

// wantsMore says whether two trials do not decide, or do not make a good baseline.
func wantsMore(g CheckGoal, trials []Trial) bool {
	return g.Baseline == nil || undecided(g, trials) != ""
}

// RunCheck runs the trials of a check, two to four, and records each. clock is the runner's. The error is the runner's or
// the recorder's, or says that ctx was cancelled while trials were still wanted; those before it are returned beside it.
func RunCheck(ctx context.Context, g CheckGoal, runner Runner, clock func() time.Duration, record Recorder) ([]Trial, error) {
	var trials []Trial
	began := clock()
	for {
		step, more := NextCheckStep(g, trials, clock()-began)
		if ctx.Err() != nil && (more || slices.ContainsFunc(trials, cutShort)) {
			return trials, fmt.Errorf("stopped after %s: %s", plural(int64(len(trials)), "trial"), Interruption(ctx))
		}
		if !more {
			return trials, nil
		}
		t, err := runTrial(ctx, g.Goal, step, len(trials)+1, runner, clock)
		if err != nil {
			return trials, err
		}
		if err := record(t); err != nil {
			return trials, fmt.Errorf("trial %d: record: %w", t.Number, err)
		}
		trials = append(trials, t)
	}
}

// cutShort says whether a trial was ended by a person, or by the end of the time of all trials.
func cutShort(t Trial) bool {
	return slices.ContainsFunc(t.Observation.Invalid, func(d Doubt) bool { return d.Kind == StoppedByUser })
}
