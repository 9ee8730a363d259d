package tuner

import "math"

// marginOf is y = ln(value/bound) of one SLO in one trial; ok is false where it is not known or censored.
func marginOf(t *Trial, slo string) (y float64, ok bool) {
	for i := range t.Verdict.Margins {
		m := &t.Verdict.Margins[i]
		if m.Name == slo && m.Ratio != nil && *m.Ratio > 0 && !m.AtLeast {
			return math.Log(*m.Ratio), true
		}
	}
	return 0, false
}

// marginNoise measures the noise of one SLO's margin over trials at equal CPU limits. What a change of usage explains by
// the prior slope is not noise.
func (h history) marginNoise(slo string, l Limit) noise {
	sameCPU := func(a, b Settings) bool { return h.sameOf(CPU, a, b) }
	return h.noiseOf(slo, l, sameCPU)
}

// repeatNoise is marginNoise over trials at wholly equal limits.
func (h history) repeatNoise(slo string, l Limit) noise { return h.noiseOf(slo, l, h.sameLimits) }

// noiseOf measures the noise of one SLO's margin over trials whose settings are the same.
func (h history) noiseOf(slo string, l Limit, same func(a, b Settings) bool) noise {
	n := noise{prior: cpuNoise, priorWeight: cpuNoiseWeight}
	for i := range h.trials {
		if h.seenBefore(i, func(s Settings) bool { return same(s, h.trials[i].Step.Settings) }) {
			continue
		}
		count, sum, squares := 0, 0.0, 0.0
		for j := i; j < len(h.trials); j++ {
			t := &h.trials[j]
			if t.Step.Scenario != h.goal.Tuning.Probe || !same(t.Step.Settings, h.trials[i].Step.Settings) {
				continue
			}
			raw, ok := marginOf(t, slo)
			y := raw
			if u := useOf(&t.Observation, l.Container); u.cpu != nil {
				y -= fitSlope * min(3, depth(*u.cpu*1000, float64(valueOf(t.Step.Settings, l))))
			}
			if ok && h.steady(j) && (t.Verdict.Judgement == Pass || t.Verdict.Judgement == Fail && raw > 0 && raw < hardMiss) {
				count, sum, squares = count+1, sum+y, squares+y*y
			}
		}
		n.addGroup(count, sum, squares)
	}
	return n
}

// steady says whether no container used more CPU than in the newest trial that passed: no collector and no kernel was
// short of memory.
func (h history) steady(i int) bool {
	for j := len(h.trials) - 1; j >= 0; j-- {
		if h.trials[j].Verdict.Judgement != Pass {
			continue
		}
		for _, s := range h.goal.Limits {
			now, then := useOf(&h.trials[i].Observation, s.Container), useOf(&h.trials[j].Observation, s.Container)
			if now.cpu != nil && then.cpu != nil && *now.cpu > 1.07**then.cpu {
				return false
			}
		}
		break
	}
	return true
}

// sameOf says whether two settings have equal limits of one resource wherever one is searched.
func (h history) sameOf(r Resource, a, b Settings) bool {
	for _, s := range h.goal.Limits {
		if s.Resource == r && valueOf(a, s.Limit) != valueOf(b, s.Limit) {
			return false
		}
	}
	return true
}
