// Package judge says whether a trial met every SLO, apart from the tuner's own judge: two ways to the same answer.
package judge

import (
	"fmt"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// Judge says whether a trial met every SLO without a kill, and why not. known is false where the trial can't be judged.
func Judge(slos []scenarios.SLO, o tuner.Observation) (pass, known bool, why string) {
	if len(o.Kills) > 0 {
		return false, true, string(o.Kills[0].Kind)
	}
	if o.NeverReady {
		return false, true, "never ready"
	}
	if len(o.Invalid) > 0 {
		return false, false, o.Invalid[0].Text
	}
	if o.Load == nil || !o.Complete {
		return false, false, "not run whole"
	}
	for _, slo := range slos {
		value, known := measured(slo, o)
		if !known {
			return false, false, slo.Text + " is not known"
		}
		if !holds(slo, value) {
			return false, true, fmt.Sprintf("%s: %.4g", slo.Text, value)
		}
	}
	return true, true, ""
}

// measured is the value an SLO bounds: seconds, a ratio or a count.
func measured(slo scenarios.SLO, o tuner.Observation) (float64, bool) {
	switch slo.Metric {
	case scenarios.ResponseTime:
		q, ok := o.Load.Quantile(slo.Quantile)
		return q.Time.Seconds(), ok
	case scenarios.ErrorRatio:
		return 1 - float64(o.Load.Outcomes["ok"])/float64(o.Load.Hits), o.Load.Hits > 0
	case scenarios.ThroughputRate:
		return o.Load.Throughput / o.Load.Offered, o.Load.Offered > 0
	case scenarios.ThrottledRatio:
		worst := 0.0
		for _, c := range o.Containers {
			if c.CPULimit == 0 {
				continue
			}
			if c.Periods == nil || c.ThrottledPeriods == nil || *c.Periods == 0 {
				return 0, false
			}
			worst = max(worst, float64(*c.ThrottledPeriods)/float64(*c.Periods))
		}
		return worst, true
	case scenarios.OOMKills, scenarios.Restarts:
		return 0, true // a kill was answered above
	}
	return 0, false
}

// holds compares a value with the bound of an SLO.
func holds(slo scenarios.SLO, value float64) bool {
	bound := slo.Value
	if slo.Metric == scenarios.ResponseTime {
		bound = slo.Time.Seconds()
	}
	switch {
	case slo.AtLeast && slo.Strict:
		return value > bound
	case slo.AtLeast:
		return value >= bound
	case slo.Strict:
		return value < bound
	}
	return value <= bound
}
