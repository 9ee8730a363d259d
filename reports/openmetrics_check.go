package reports

import (
	"strconv"

	"github.com/plimsoll/plimsoll/tuner"
)

// check writes the families of a check: its verdict, the margin of each SLO, what was found, and the changes against the
// baseline with their noise.
func (m *metrics) check(r Run) {
	c := *r.Check
	m.family("plimsoll_check_verdict", "", "The answer: 1 for the one of pass, fail and inconclusive that holds.")
	for _, v := range []tuner.Judgement{tuner.Pass, tuner.Fail, tuner.Inconclusive} {
		m.sample("plimsoll_check_verdict", oneIf(c.Judgement == v), "verdict", string(v))
	}
	m.family("plimsoll_check_findings", "", "How many things of each rule were found.")
	for _, rule := range checkRules() {
		errors, warnings := 0, 0
		for _, f := range c.Findings {
			switch {
			case f.Rule == rule && f.Error:
				errors++
			case f.Rule == rule:
				warnings++
			}
		}
		m.sample("plimsoll_check_findings", float64(errors), "rule", string(rule), "severity", "error")
		m.sample("plimsoll_check_findings", float64(warnings), "rule", string(rule), "severity", "warning")
	}
	m.family("plimsoll_check_margin_ratio", "ratio", "Measured over allowed, the worst of all judged trials: above 1 the SLO is missed.")
	for _, worst := range worstMargins(r.Trials) {
		m.sample("plimsoll_check_margin_ratio", *worst.Ratio, "slo", worst.Name, "container", worst.Container)
	}
	m.differences(c.Differences)
	m.answers(Answers(r), "in_force", "Requests and limits in force.")
}

// differences writes the changes against the baseline; nothing where there was none.
func (m *metrics) differences(all []tuner.Difference) {
	if len(all) == 0 {
		return
	}
	for _, f := range []struct {
		name, help string
		of         func(tuner.Difference) float64
	}{
		{"plimsoll_check_change_ratio", "Change against the baseline: 0.1 is 10 % more, or 10 points more where the figure is a ratio itself.",
			func(d tuner.Difference) float64 { return d.Change }},
		{"plimsoll_check_noise_ratio", "How far the change may be from 0 by chance, in the same unit.",
			func(d tuner.Difference) float64 { return d.Noise }},
		{"plimsoll_check_regression", "1 where the change is for the worse and beyond the noise.",
			func(d tuner.Difference) float64 { return oneIf(d.Worse) }},
	} {
		unit := "ratio"
		if f.name == "plimsoll_check_regression" {
			unit = ""
		}
		m.family(f.name, unit, f.help)
		for _, d := range all {
			m.sample(f.name, f.of(d), "figure", d.Metric, "container", d.Container)
		}
	}
	m.family("plimsoll_check_baseline_trials", "", "Trials of the baseline that the change of a figure rests on.")
	for _, d := range all {
		m.sample("plimsoll_check_baseline_trials", float64(d.BeforeTrials), "figure", d.Metric, "container", d.Container)
	}
}

// worstMargins are, of each SLO, the margin nearest its bound or furthest beyond it in the trials that were judged, in the
// order first seen. What was not known in any of them is not among them.
func worstMargins(trials []tuner.Trial) []tuner.Margin {
	var all []tuner.Margin
	at := map[string]int{}
	for _, t := range trials {
		if t.Verdict.Judgement == tuner.Inconclusive {
			continue
		}
		for _, margin := range t.Verdict.Margins {
			if margin.Met == nil || margin.Ratio == nil {
				continue
			}
			key := strconv.Quote(margin.Name) + margin.Container
			i, seen := at[key]
			switch {
			case !seen:
				at[key], all = len(all), append(all, margin)
			case *margin.Ratio > *all[i].Ratio:
				all[i] = margin
			}
		}
	}
	return all
}

// checkRules are the rules of a check, the worst first.
func checkRules() []tuner.CheckRule {
	return []tuner.CheckRule{tuner.RuleFailed, tuner.RuleRegression, tuner.RuleTooLarge}
}
