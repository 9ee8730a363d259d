package tuner

import (
	"fmt"
	"math"

	"github.com/plimsoll/plimsoll/scenarios"
)

// What it takes to judge a value. Below these a value is still shown, but neither met nor missed.
const (
	// tailHits is the least number of hits beyond a quantile: p99 needs 500 hits, p99.9 needs 5,000. With fewer, the
	// quantile is the mood of a handful of hits.
	tailHits = 5
	// ratioHits is the least number of hits for a ratio of them.
	ratioHits = 100
	// throttlePeriods is the least number of CFS periods of 100 ms, nearly 10 s of a busy container.
	throttlePeriods = 95
	// surely is the probability below which chance is no explanation of a miss, however few the hits.
	surely = 1e-4
	// maxRatio caps Margin.Ratio, so that a record holds numbers only.
	maxRatio = 1000
)

// measured is a margin and what Judge must know of it beyond what is recorded.
type measured struct {
	Margin
	// slo is the line it answers to; nil for a margin that only informs.
	slo *scenarios.SLO
}

// missed is whether it certainly breaks its SLO.
func (m measured) missed() bool { return m.slo != nil && m.Met != nil && !*m.Met }

// reading is the measured value behind one SLO.
type reading struct {
	value     *float64
	atLeast   bool // the true value is this or larger
	container string
	replica   int
	// unknown says why the SLO can't be judged on value; inapplicable why there is nothing to judge.
	unknown, inapplicable string
	// certain is true where a miss stands although the samples are too few for a pass.
	certain bool
}

// missing is a reading that could not be had.
func missing(format string, args ...any) reading {
	return reading{unknown: fmt.Sprintf(format, args...)}
}

// slosOf returns the SLOs a step is judged by: those of the scenario, and no OOM kill and no restart where none names
// them.
func slosOf(goal Goal, step Step) []scenarios.SLO {
	slos := goal.SLOs[step.Scenario]
	all := append(make([]scenarios.SLO, 0, len(slos)+2), slos...)
	for _, metric := range []scenarios.Metric{scenarios.OOMKills, scenarios.Restarts} {
		if !names(slos, metric) {
			all = append(all, scenarios.SLO{Metric: metric, Text: string(metric) + " <= 0"})
		}
	}
	return all
}

// names is whether one of slos bounds metric.
func names(slos []scenarios.SLO, metric scenarios.Metric) bool {
	for _, s := range slos {
		if s.Metric == metric {
			return true
		}
	}
	return false
}

// measure compares an observation with every SLO of the step, then with every limit.
func measure(goal Goal, step Step, o Observation) []measured {
	slos := slosOf(goal, step)
	margins := make([]measured, 0, len(slos)+3*len(step.Settings))
	for i := range slos {
		margins = append(margins, against(&slos[i], read(slos[i], goal, step, o)))
	}
	for _, c := range step.Settings {
		margins = append(margins, limitMargins(c.Container, o, names(slos, scenarios.ThrottledRatio))...)
	}
	return margins
}

// against compares a reading with its SLO.
func against(slo *scenarios.SLO, r reading) measured {
	m := measured{slo: slo, Margin: Margin{
		Name: slo.Text, Metric: slo.Metric, Bound: bound(*slo), Container: r.container, Replica: r.replica,
		Value: r.value, AtLeast: r.atLeast,
	}}
	if r.inapplicable != "" {
		m.Name += " (not applicable: " + r.inapplicable + ")"
		m.slo, m.Value = nil, nil
		return m
	}
	if m.Value == nil || math.IsNaN(*m.Value) || math.IsInf(*m.Value, 0) || *m.Value < 0 {
		m.Value, m.Unknown = nil, orElse(r.unknown, "its value is no number")
		return m
	}
	m.Ratio = new(ratioOf(*slo, *m.Value))
	met := holds(*slo, *m.Value)
	switch {
	case !met && (r.unknown == "" || r.certain), met && r.unknown == "" && !r.atLeast:
		m.Met = &met
	default:
		m.Unknown = orElse(r.unknown, "it is known only to be at least that")
	}
	return m
}

// bound is the SLO's bound in the unit of Margin.Value.
func bound(s scenarios.SLO) float64 {
	if s.Metric == scenarios.ResponseTime {
		return s.Time.Seconds()
	}
	return s.Value
}

// holds is whether value meets the SLO.
func holds(s scenarios.SLO, value float64) bool {
	b := bound(s)
	switch {
	case s.AtLeast && s.Strict:
		return value > b
	case s.AtLeast:
		return value >= b
	case s.Strict:
		return value < b
	}
	return value <= b
}

// ratioOf is value / bound, or bound / value for a bound from below: less than 1 is met. Where that divides by zero it
// is 0 for a value that equals its bound, 1 + value for one above a bound of 0, and never more than maxRatio.
//
//	60 ms of 50 ms → 1.2     98 % of at least 99 % → 1.0102     2 kills of 0 → 3     0 of 0 → 0
func ratioOf(s scenarios.SLO, value float64) float64 {
	over, under := value, bound(s)
	if s.AtLeast {
		over, under = under, over
	}
	switch {
	case over == 0:
		return 0
	case under == 0 && s.AtLeast:
		return maxRatio
	case under == 0:
		return min(1+over, maxRatio)
	}
	return min(over/under, maxRatio)
}

// limitMargins are usage over limit of one container, its busiest replica deciding: peak working set, mean CPU usage,
// and, where no SLO bounds it, the throttled ratio. A limit that is not set has no margin.
func limitMargins(container string, o Observation, throttledNamed bool) []measured {
	var out []measured
	add := func(name string, metric scenarios.Metric, value func(ContainerUse) *float64) {
		if r := busiest(o, container, value); r.value != nil {
			out = append(out, measured{Margin: Margin{
				Name: container + " " + name, Metric: metric, Container: container, Replica: r.replica,
				Value: r.value, AtLeast: r.atLeast, Bound: 1, Ratio: r.value,
			}})
		}
	}
	add("memory peak / limit", scenarios.MemoryUse, memoryOfLimit)
	add("CPU usage / limit", scenarios.CPUUse, cpuOfLimit)
	if !throttledNamed {
		add("throttled periods / periods", scenarios.ThrottledRatio, ContainerUse.ThrottledRatio)
	}
	return out
}

// memoryOfLimit is the largest working set seen over the memory limit; nil where it is not known or no limit is set.
// The kernel's own high-water mark is not it: it counts page cache that reclaim would have given back.
func memoryOfLimit(c ContainerUse) *float64 {
	if c.WorkingSet == nil || c.MemoryLimit <= 0 {
		return nil
	}
	return new(float64(*c.WorkingSet) / float64(c.MemoryLimit))
}

// cpuOfLimit is mean CPU usage over the CPU limit; nil where it is not known or no limit is set.
func cpuOfLimit(c ContainerUse) *float64 {
	if c.CPU == nil || c.CPULimit <= 0 {
		return nil
	}
	return new(*c.CPU / c.CPULimit.Cores())
}

// busiest is the largest value of a container over its replicas, or of all containers where container is empty. It is
// a lower bound where one replica's value is not known, and unknown where none is.
func busiest(o Observation, container string, value func(ContainerUse) *float64) reading {
	r := reading{}
	for _, c := range o.Containers {
		if container != "" && c.Container != container {
			continue
		}
		v := value(c)
		switch {
		case v == nil || math.IsNaN(*v) || math.IsInf(*v, 0):
			r.atLeast = true
		case r.value == nil || *v > *r.value:
			r.value, r.container, r.replica = v, c.Container, c.Replica
		}
	}
	return r
}

func orElse(s, otherwise string) string {
	if s != "" {
		return s
	}
	return otherwise
}
