package tuner

import "github.com/plimsoll/plimsoll/scenarios"

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
