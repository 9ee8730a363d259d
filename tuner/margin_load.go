package tuner

import (
	"fmt"
	"strings"

	"github.com/plimsoll/plimsoll/scenarios"
)

// LoadMargins compares a load run alone with those of slos that hits alone can answer (response times, errors,
// throughput), in their order. rest are the others: nothing was observed that could meet or miss them.
func LoadMargins(slos []scenarios.SLO, load Load) (margins []Margin, rest []scenarios.SLO) {
	o := Observation{Load: &load, Complete: true}
	for _, slo := range slos {
		switch slo.Metric {
		case scenarios.ResponseTime, scenarios.ErrorRatio, scenarios.ThroughputRate:
			margins = append(margins, against(&slo, read(slo, Goal{}, Step{}, o)).Margin)
		default:
			rest = append(rest, slo)
		}
	}
	return margins, rest
}

// JudgeLoad judges a load run alone by those of slos that hits alone can answer, and says why in one sentence. Where there
// are none it passes, and says so.
func JudgeLoad(slos []scenarios.SLO, load Load) (Judgement, string) {
	margins, _ := LoadMargins(slos, load)
	if len(margins) == 0 {
		return Pass, "none of the SLOs is about hits"
	}
	var missed, all []string
	for _, m := range margins {
		all = append(all, marginText(m))
		if m.Met != nil && !*m.Met {
			missed = append(missed, marginText(m))
		}
	}
	if len(missed) > 0 {
		return Fail, "missed: " + strings.Join(missed, ", ")
	}
	for _, m := range margins {
		if m.Met == nil {
			return Inconclusive, fmt.Sprintf("%s can't be judged: %s", m.Name, m.Unknown)
		}
	}
	return Pass, "every SLO on hits met: " + strings.Join(all, ", ")
}
