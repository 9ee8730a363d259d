package reports

import (
	"fmt"
	"slices"

	"github.com/plimsoll/plimsoll/tuner"
)

// failedRule is the rule of the first finding that fails a check; empty where none does.
func failedRule(c tuner.Check) string {
	for _, f := range c.Findings {
		if f.Error {
			return string(f.Rule)
		}
	}
	return ""
}

// failedTrials are the trials that a check holds to be failed: one that failed while the same again passed is none of them.
func failedTrials(c tuner.Check) []int {
	var all []int
	for _, f := range c.Findings {
		if f.Rule == tuner.RuleFailed && f.Error {
			all = append(all, f.Trials...)
		}
	}
	return all
}

// checkSLOCases are the SLOs of both scenarios of a check, the soak and the short one.
func checkSLOCases(class string, r Run) []testCase {
	var cases []testCase
	for _, s := range []struct {
		purpose  tuner.Purpose
		scenario string
	}{{tuner.Confirm, r.Goal.Tuning.Confirm}, {tuner.Validate, r.Goal.Tuning.Probe}} {
		trials := slices.DeleteFunc(slices.Clone(r.Trials), func(t tuner.Trial) bool { return t.Step.Purpose != s.purpose })
		cases = append(cases, scenarioCases(class, s.scenario, trials, r)...)
	}
	return cases
}

// scenarioCases are the SLOs of one scenario of a check, as the trial that decides for it measured them.
func scenarioCases(class, scenario string, trials []tuner.Trial, r Run) []testCase {
	var cases []testCase
	if len(trials) == 0 {
		for _, slo := range r.Goal.SLOs[scenario] {
			cases = append(cases, testCase{Class: class + ".slo", Name: Clean(scenario + ": " + slo.Text), Time: seconds(0), Skipped: &problem{Message: "its scenario was not run"}})
		}
		return cases
	}
	trial := decidingOf(trials, failedTrials(*r.Check))
	for _, m := range trial.Verdict.Margins {
		c := sloCase(class, m, trial)
		c.Name = Clean(scenario) + ": " + c.Name
		if why := sloDoubt(m, trial, trials); why != "" {
			c.Output, c.Failure, c.Skipped = "", nil, &problem{Message: why}
		}
		cases = append(cases, c)
	}
	return cases
}

// decidingOf is the trial of one scenario that a check rests on: the last that it holds to be failed, or else the last that
// passed, or else the last.
func decidingOf(trials []tuner.Trial, failed []int) tuner.Trial {
	for _, decides := range []func(tuner.Trial) bool{
		func(t tuner.Trial) bool { return slices.Contains(failed, t.Number) },
		func(t tuner.Trial) bool { return t.Verdict.Judgement == tuner.Pass },
	} {
		for _, t := range slices.Backward(trials) {
			if decides(t) {
				return t
			}
		}
	}
	return trials[len(trials)-1]
}

// sloDoubt says why an SLO is neither met nor missed though trial, the one that decides among trials of the same scenario,
// measured it; empty where it is.
func sloDoubt(m tuner.Margin, trial tuner.Trial, trials []tuner.Trial) string {
	if trial.Verdict.Judgement == tuner.Inconclusive {
		return fmt.Sprintf("trial %d can't be judged: %s", trial.Number, Clean(trial.Verdict.Why))
	}
	if m.Met == nil || !*m.Met {
		return "" // not known, or missed in a trial that failed
	}
	for _, t := range trials {
		missed := t.Verdict.Judgement == tuner.Fail && slices.ContainsFunc(t.Verdict.Margins, func(o tuner.Margin) bool {
			return o.Name == m.Name && o.Container == m.Container && o.Replica == m.Replica && o.Met != nil && !*o.Met
		})
		if missed {
			return fmt.Sprintf("missed in trial %d, met in trial %d: too noisy to tell", t.Number, trial.Number)
		}
	}
	return ""
}

// restsOn are the trials that the headline of a check rests on: those of its first error; without one those that are in
// doubt or failed; where all passed, all of them.
func restsOn(r Run) []int {
	for _, f := range r.Check.Findings {
		if f.Error {
			return f.Trials
		}
	}
	var all, open []int
	for _, t := range r.Trials {
		all = append(all, t.Number)
		if t.Verdict.Judgement != tuner.Pass {
			open = append(open, t.Number)
		}
	}
	if len(open) > 0 {
		return open
	}
	return all
}
