package tuner

import (
	"math"

	"github.com/plimsoll/plimsoll/scenarios"
)

// marginOf is y of one SLO in one trial: ln(value/bound), but for the throttled ratio throttleMargin. Below 0 it is met.
// ok is false where it is not known or censored.
func marginOf(t *Trial, slo string) (y float64, ok bool) {
	for i := range t.Verdict.Margins {
		m := &t.Verdict.Margins[i]
		switch {
		case m.Name != slo || m.Ratio == nil || m.Value == nil || m.AtLeast:
		case m.Metric == scenarios.ThrottledRatio && m.Bound > 0 && m.Bound < 1:
			return throttleMargin(*m.Value, m.Bound), true
		case *m.Ratio > 0:
			return math.Log(*m.Ratio), true
		}
	}
	return 0, false
}

// idleMargin says whether an SLO's value is 0, as a throttled ratio is wherever CPU does not run short: how far it is from
// there being any is not seen, so repeats of it tell nothing of the noise.
func idleMargin(t *Trial, slo string) bool {
	for i := range t.Verdict.Margins {
		if m := &t.Verdict.Margins[i]; m.Name == slo && m.Value != nil {
			return *m.Value == 0
		}
	}
	return false
}

// throttleMargin is y of a throttled ratio v under a bound b. A share of some 100 periods has no useful logarithm: 1 and
// 3 throttled periods are the same service, yet a factor of 3, and 0 has none. The arcsine of its root has nearly the
// same noise everywhere (Anscombe, "The transformation of Poisson, binomial and negative-binomial data", Biometrika
// 1948); scaled to the slope of the logarithm at the bound, it means the same there:
//
//	y = 2·√((1−b)/b) · (asin √v − asin √b)
//
// Worked, b = 0.1: v = 0 is −1.93, 0.02 is −1.08, 0.1 is 0, 0.3 is 1.55, 1 is 7.49.
func throttleMargin(v, b float64) float64 {
	v = max(0, min(1, v))
	return 2 * math.Sqrt((1-b)/b) * (math.Asin(math.Sqrt(v)) - math.Asin(math.Sqrt(b)))
}

// marginNoise measures the noise of one SLO's margin over trials at equal CPU limits. What a change of usage explains by
// the prior slope is not noise.
func (h history) marginNoise(slo string, l Limit) noise { return h.noiseOf(slo, l, h.firstSameCPU) }

// repeatNoise is marginNoise over trials at wholly equal limits.
func (h history) repeatNoise(slo string, l Limit) noise { return h.noiseOf(slo, l, h.firstSame) }

// noiseOf measures the noise of one SLO's margin over groups of trials: those with the same first one.
func (h history) noiseOf(slo string, l Limit, first []int) noise {
	n := h.priorNoise(slo)
	for i := range h.trials {
		if first[i] != i {
			continue
		}
		var g group
		for j := i; j < len(h.trials); j++ {
			if first[j] != i {
				continue
			}
			if y, ok := h.levelMargin(j, slo, l); ok {
				g.add(y)
			}
		}
		n.addGroup(g)
	}
	return n
}

// levelMargin is y of one SLO in trial i with what its usage explains taken off; ok is false where it says nothing of
// the noise.
func (h history) levelMargin(i int, slo string, l Limit) (y float64, ok bool) {
	t := &h.trials[i]
	if t.Step.Scenario != h.goal.Tuning.Probe {
		return 0, false
	}
	raw, ok := marginOf(t, slo)
	y = raw
	if u := h.use(i, l.Container); u.cpu != nil {
		y -= fitSlope * min(3, depth(*u.cpu*1000, float64(h.value(i, l))))
	}
	return y, ok && !idleMargin(t, slo) && !h.warmedUp(i) && h.steady(i) && (t.Verdict.Judgement == Pass || t.Verdict.Judgement == Fail && raw > 0 && raw < hardMiss)
}

const (
	// independentPeriods is how many independent periods a short trial stands for. Throttled periods come in runs, as the
	// backlog of one is left to the next: three at a time near the knee, so that 100 of them say what 33 would.
	independentPeriods = 33
	// throttleNoiseWeight is large, as that much is certain; right at a steep knee trials differ by more (a real service
	// was throttled in 1 % of the periods of one trial, and in 52 % of another at the same limit).
	throttleNoiseWeight = 10.0
)

// throttleNoise is the noise of throttleMargin under a bound b before it was measured. The root's arcsine of a share of n
// independent draws has a standard deviation of 1/(2√n) (Anscombe, as above), which the margin scales by 2·√((1−b)/b):
//
//	s = √((1−b)/(b·n))
//
// Below b = 0.1 it is that of 0.1: no throttling at all is a margin of about −2 under any bound that small, and with less
// than three draws to be throttled the variance is no longer Anscombe's. Worked, n = 33: b = 0.1 gives 0.52, b = 0.25 gives 0.30.
func throttleNoise(b float64) float64 {
	b = max(b, 0.1)
	return math.Sqrt((1 - b) / (b * independentPeriods))
}

// priorNoise is what is assumed of the noise of an SLO's margin before it was measured.
func (h history) priorNoise(slo string) noise {
	for _, s := range h.goal.SLOs[h.goal.Tuning.Probe] {
		if s.Text == slo && s.Metric == scenarios.ThrottledRatio && s.Value > 0 && s.Value < 1 {
			return noise{prior: throttleNoise(s.Value), priorWeight: throttleNoiseWeight}
		}
	}
	return noise{prior: cpuNoise, priorWeight: cpuNoiseWeight}
}

// steadyUse is the CPU usage over that of the newest trial that passed from which a container was short of memory: its
// usage at an equal load varies by a percent or two.
const steadyUse = 1.04

// steady says whether no container used more CPU than in the newest trial that passed, where it had less memory: no collector
// and no kernel was short of it.
func (h history) steady(i int) bool {
	j := h.passedBefore(len(h.trials))
	for j >= 0 && !h.alike(i, j) {
		j = h.passedBefore(j)
	}
	if j < 0 || !h.lessMemory(i, j) {
		return true
	}
	for _, s := range h.goal.Limits {
		now, then := h.use(i, s.Container), h.use(j, s.Container)
		if now.cpu != nil && then.cpu != nil && *now.cpu > steadyUse**then.cpu {
			return false
		}
	}
	return true
}

// lessMemory says whether a container had less memory in trial i than in trial j.
func (h history) lessMemory(i, j int) bool {
	for _, l := range h.goal.Limits {
		if l.Resource == Memory && h.value(i, l.Limit) < h.value(j, l.Limit) {
			return true
		}
	}
	return false
}

// sameOf says whether two trials had equal limits of one resource wherever one is searched.
func (h history) sameOf(r Resource, i, j int) bool {
	if r == CPU {
		return h.firstSameCPU[i] == h.firstSameCPU[j]
	}
	return h.firstSameMemory[i] == h.firstSameMemory[j]
}
