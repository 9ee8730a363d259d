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
		Reason: "the short scenario at the limits in force"}
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

// decisive is a failure that no repeat can take back: a kill, a crash, growth without end, a person who stopped it.
func decisive(t Trial) bool {
	if slices.ContainsFunc(t.Observation.Invalid, func(d Doubt) bool { return d.Kind == StoppedByUser }) {
		return true
	}
	switch t.Verdict.Mode {
	case MemoryCreep, OOM, OOMStart, ChildOOM, Crashed, NotReady, NotReadyCPU, Liveness:
		return true
	}
	return false
}

// wantsMore says whether two trials do not decide.
func wantsMore(g CheckGoal, trials []Trial) bool {
	if g.Baseline == nil || slices.ContainsFunc(trials, func(t Trial) bool { return t.Verdict.Judgement != Pass }) {
		return true
	}
	return slices.ContainsFunc(Compare(g.Baseline, trials), func(d Difference) bool {
		return d.Worse || d.P/2 < seemsWorse && (d.Change > 0) != (d.Metric == "throughput")
	})
}

// RunCheck runs the trials of a check, two to four, and records each. clock is the runner's. The error is the runner's or
// the recorder's; the trials before it are returned beside it.
func RunCheck(ctx context.Context, g CheckGoal, runner Runner, clock func() time.Duration, record Recorder) ([]Trial, error) {
	var trials []Trial
	began := clock()
	for {
		step, more := NextCheckStep(g, trials, clock()-began)
		if !more || ctx.Err() != nil {
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

// ConcludeCheck is the answer of the trials of a check.
func ConcludeCheck(g CheckGoal, trials []Trial) Check {
	c := Check{Judgement: Pass, Findings: []CheckFinding{}, Notes: []string{}}
	if why := unmeasured(trials); why != "" {
		c.Judgement, c.Why = Inconclusive, why
	}
	c.failed(trials)
	if g.Baseline != nil {
		c.Differences = Compare(g.Baseline, trials)
		c.regressions(trials)
		c.Notes = append(c.Notes, baselineNotes(g, trials)...)
	}
	c.tooLarge(g, trials)
	slices.SortStableFunc(c.Findings, func(a, b CheckFinding) int { return rank(a) - rank(b) })
	errors := slices.DeleteFunc(slices.Clone(c.Findings), func(f CheckFinding) bool { return !f.Error })
	switch {
	case len(errors) == 1:
		c.Judgement, c.Why = Fail, errors[0].Text
	case len(errors) > 1:
		c.Judgement, c.Why = Fail, fmt.Sprintf("%d findings, the first: %s", len(errors), errors[0].Text)
	case c.Judgement == Pass && g.Baseline != nil && len(c.Differences) == 0:
		c.Judgement, c.Why = Inconclusive, "the baseline has no trial of the same scenarios, run whole, to compare with"
	case c.Judgement == Pass && g.Baseline == nil:
		c.Why = "every SLO held; there is no baseline to compare with"
	case c.Judgement == Pass:
		c.Why = "every SLO held, and nothing got worse than the baseline beyond the noise"
	}
	return c
}

// rank puts errors first.
func rank(f CheckFinding) int {
	if f.Error {
		return 0
	}
	return 1
}

// unmeasured says why trials decide nothing; empty where each of the two kinds was judged at least once.
func unmeasured(trials []Trial) string {
	if len(trials) == 0 {
		return "no trial was run"
	}
	for _, purpose := range []Purpose{Confirm, Validate} {
		why := "there was no time for it"
		judged := false
		for _, t := range trials {
			if t.Step.Purpose == purpose && t.Verdict.Judgement != Inconclusive {
				judged = true
			}
			if t.Step.Purpose == purpose && t.Verdict.Judgement == Inconclusive {
				why = t.Verdict.Why
			}
		}
		if !judged {
			return fmt.Sprintf("%s could not be judged: %s", map[Purpose]string{Confirm: "the soak", Validate: "the short scenario"}[purpose], why)
		}
	}
	return ""
}

// failed adds what failed: at once where no repeat takes it back, and otherwise where no more of the trials of that
// scenario passed than failed.
func (c *Check) failed(trials []Trial) {
	for _, purpose := range []Purpose{Confirm, Validate} {
		passed, failures, last := 0, []int{}, Trial{}
		final := false
		for _, t := range trials {
			switch {
			case t.Step.Purpose != purpose:
			case t.Verdict.Judgement == Pass:
				passed++
			case t.Verdict.Judgement == Fail:
				failures, last, final = append(failures, t.Number), t, final || decisive(t)
			}
		}
		switch {
		case len(failures) == 0:
		case final || len(failures) > passed:
			c.Findings = append(c.Findings, CheckFinding{RuleFailed, true, culpritOf(last), last.Verdict.Why, failures})
		default:
			c.Judgement = Inconclusive
			c.Why = fmt.Sprintf("trial %d failed (%s) and the same again passed: too noisy to tell", last.Number, last.Verdict.Why)
		}
	}
}

func culpritOf(t Trial) string {
	if t.Verdict.Culprit == nil {
		return ""
	}
	return t.Verdict.Culprit.Container
}

// regressions adds what is worse than the baseline beyond the noise.
func (c *Check) regressions(trials []Trial) {
	numbers := []int{}
	for _, t := range Comparable(trials) {
		numbers = append(numbers, t.Number)
	}
	for _, d := range c.Differences {
		if d.Worse {
			c.Findings = append(c.Findings, CheckFinding{RuleRegression, true, d.Container, d.String(), numbers})
		}
	}
}

// baselineNotes say where the comparison is weaker than it looks.
func baselineNotes(g CheckGoal, trials []Trial) []string {
	var all []string
	old := Comparable(g.Baseline)
	if len(old) == 0 || len(trials) == 0 {
		return nil
	}
	for _, now := range trials[0].Step.Settings {
		if was, ok := old[0].Step.Settings.Of(now.Container); ok && (was.CPULimit != now.CPULimit || was.MemoryLimit != now.MemoryLimit) {
			all = append(all, fmt.Sprintf("the limits of %s are %s and %s now; those of the baseline were %s and %s", now.Container,
				limitText(CPU, int64(now.CPULimit)), limitText(Memory, int64(now.MemoryLimit)),
				limitText(CPU, int64(was.CPULimit)), limitText(Memory, int64(was.MemoryLimit))))
		}
	}
	if len(old) < checkTrials {
		all = append(all, fmt.Sprintf("the baseline has %d trials to compare with: one of %d, as a check without a baseline makes, would show smaller differences", len(old), checkTrials))
	}
	return all
}
