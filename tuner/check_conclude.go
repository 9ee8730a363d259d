package tuner

import (
	"fmt"
	"slices"
	"strings"
)

// ConcludeCheck is the answer of the trials of a check. stopped is the error of RunCheck: a check that ended before it had
// its trials passes nothing, and what failed before has failed all the same. nil where nothing stopped it.
func ConcludeCheck(g CheckGoal, trials []Trial, stopped error) Check {
	c := Check{Judgement: Pass, Findings: []CheckFinding{}, Notes: []string{}}
	if why := unfinished(g, trials, stopped); why != "" {
		c.Judgement, c.Why = Inconclusive, why
	}
	c.failed(trials)
	if g.Baseline != nil {
		c.against(g, trials)
	} else if len(trials) < checkTrials {
		c.Notes = append(c.Notes, fmt.Sprintf("only %s fitted into the time: as a baseline they would show larger differences alone", plural(int64(len(trials)), "trial")))
	}
	c.tooLarge(g, trials)
	slices.SortStableFunc(c.Findings, func(a, b CheckFinding) int { return rank(a) - rank(b) })
	errors := slices.DeleteFunc(slices.Clone(c.Findings), func(f CheckFinding) bool { return !f.Error })
	switch {
	case len(errors) == 1:
		c.Judgement, c.Why = Fail, errors[0].Text
	case len(errors) > 1:
		c.Judgement, c.Why = Fail, fmt.Sprintf("%d findings, the first: %s", len(errors), errors[0].Text)
	case c.Judgement == Pass && g.Baseline == nil:
		c.Why = "every SLO held; there is no baseline to compare with"
	case c.Judgement == Pass:
		c.Why = "every SLO held, and nothing got worse than the baseline beyond the noise"
	}
	return c
}

// against adds what the comparison with the baseline says.
func (c *Check) against(g CheckGoal, trials []Trial) {
	c.Differences = Compare(g.Baseline, trials)
	c.regressions(trials)
	gone, figures := Uncompared(g.Baseline, trials)
	c.Notes = append(append(c.Notes, baselineNotes(g, trials)...), figures...)
	switch {
	case c.Judgement != Pass:
	case len(c.Differences) == 0:
		c.Judgement, c.Why = Inconclusive, "the baseline has no trial of the same scenarios, run whole, to compare with"
	case len(gone) > 0:
		c.Judgement, c.Why = Inconclusive, fmt.Sprintf("container %s of the baseline is gone, and its figures with it; make a new baseline", strings.Join(gone, ", "))
	default:
		c.Notes = append(c.Notes, smallestShown(c.Differences))
	}
}

// rank puts errors first.
func rank(f CheckFinding) int {
	if f.Error {
		return 0
	}
	return 1
}

// unfinished says why trials decide nothing, whatever they show; empty where they do.
func unfinished(g CheckGoal, trials []Trial, stopped error) string {
	if stopped != nil {
		return stopped.Error()
	}
	if why := unmeasured(trials); why != "" {
		return why
	}
	if why := undecided(g, trials); why != "" && len(trials) < checkTrials && !slices.ContainsFunc(trials, decisive) {
		return "there was no time for the trials that would decide: " + why
	}
	return ""
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
