package tuner

import (
	"fmt"
	"math"

	"github.com/plimsoll/plimsoll/scenarios"
)

const (
	// loud is the noise from which the limits themselves are tried minRepeats times before the soak: the headroom is a
	// multiple of the noise, so not knowing it costs most there.
	loud       = 0.08
	minRepeats = 3
)

// littleKnown says whether the noise is loud and the settled limits have passed less than minRepeats times. Scatter far below
// an SLO's bound is none: see outOfReach.
func (h history) littleKnown(held Settings) (sigma float64, few bool) {
	for _, l := range h.goal.Limits {
		for _, slo := range h.goal.SLOs[h.goal.Tuning.Probe] {
			if slo.Metric == scenarios.ResponseTime && l.Resource == CPU && (h.nearestPass(slo.Text) >= outOfReach || h.missed(slo.Text, l.Limit)) {
				sigma = max(sigma, h.marginNoise(slo.Text, l.Limit).sigma())
			}
		}
	}
	n := 0
	for i := range h.trials {
		if t := &h.trials[i]; t.Verdict.Judgement == Pass && !h.warmedUp(i) && h.sameLimits(t.Step.Settings, held) {
			n++
		}
	}
	if sigma > deafening {
		return sigma, n < minRepeats+2
	}
	return sigma, sigma > loud && n < minRepeats
}

const (
	// comfort is the y = ln(value/bound) below which a CPU limit leaves room enough to search memory beside it.
	comfort = -0.4
	// maxRelaxed is how often a CPU limit is raised for that, and relaxBy the factor.
	maxRelaxed = 2
	relaxBy    = 1.5
)

// relax raises the most used CPU limit where the first trial that passed did so only just: the search of a memory limit
// needs room in CPU, or noise would pass for a lack of memory.
func (h history) relax(last *Trial) (Step, bool) {
	if last.Verdict.Judgement != Pass || !h.searches(Memory) || h.passing() > maxRelaxed {
		return Step{}, false
	}
	for i := range h.trials {
		if c := h.trials[i].Step.Change; c != nil && c.Resource == Memory && c.To < c.From {
			return Step{}, false
		}
	}
	var most Searched
	use := 0.0
	for _, l := range h.goal.Limits {
		u := useOf(&last.Observation, l.Container)
		value := valueOf(last.Step.Settings, l.Limit)
		if l.Resource == CPU && u.cpu != nil && value < l.Max && *u.cpu*1000/float64(value) > use {
			most, use = l, *u.cpu*1000/float64(value)
		}
	}
	if use < 1/mostRelaxed || h.worstMargin(last) < comfort {
		return Step{}, false
	}
	to := most.within(roundUp(CPU, float64(valueOf(last.Step.Settings, most.Limit))*relaxBy))
	return h.toward(withLimit(last.Step.Settings, most.Limit, to, h.goal.Tuning.QoS), Probe,
		"it passed only just: room in CPU first, to search memory beside it"), true
}

// unpeg raises a CPU limit that was nearly all used in the newest trial, where that failed twice after memory limits moved: a
// collector short of memory uses all the CPU it gets, and a CPU limit at the knee fails now and then whatever the memory
// is. Which of the two it was shows with room in CPU.
func (h history) unpeg(last *Trial) (Step, bool) {
	i, culprit := len(h.trials)-1, last.Verdict.Culprit
	if last.Verdict.Judgement != Fail || culprit == nil || h.place(*culprit) < 0 || !h.starved(i, *culprit) || !h.failedBefore(i) ||
		!h.onlyMemoryMoved(i) || h.raises(*culprit) >= maxRelaxed {
		return Step{}, false
	}
	value := h.value(i, *culprit)
	more := h.goal.Limits[h.place(*culprit)].within(roundUp(CPU, float64(value)*relaxBy))
	if more <= value {
		return Step{}, false
	}
	return h.toward(withLimit(last.Step.Settings, *culprit, more, h.goal.Tuning.QoS), Probe,
		fmt.Sprintf("%s used nearly all of %s and failed twice: room in CPU, to see whether that or memory was short",
			culprit.Container, limitText(CPU, value))), true
}

// onlyMemoryMoved says whether trial i has memory limits elsewhere than the last trial that passed before it, and no less CPU.
func (h history) onlyMemoryMoved(i int) bool {
	j, moved := h.passedBefore(i), false
	for _, l := range h.goal.Limits {
		switch {
		case j < 0, l.Resource == CPU && h.value(i, l.Limit) < h.value(j, l.Limit):
			return false
		case l.Resource == Memory && h.value(i, l.Limit) != h.value(j, l.Limit):
			moved = true
		}
	}
	return moved
}

// raises counts the steps that raised a limit since something passed.
func (h history) raises(l Limit) int {
	n := 0
	for i := range h.trials {
		if c := h.trials[i].Step.Change; c != nil && c.Limit == l && c.To > c.From && h.passedBefore(i) >= 0 {
			n++
		}
	}
	return n
}

// worstMargin is the largest y of the SLOs that change gradually.
func (h history) worstMargin(t *Trial) float64 {
	worst := easyMet
	for _, slo := range h.goal.SLOs[t.Step.Scenario] {
		if slo.Metric == scenarios.ResponseTime || slo.Metric == scenarios.ThrottledRatio {
			if y, ok := marginOf(t, slo.Text); ok {
				worst = max(worst, y)
			}
		}
	}
	return worst
}

// deafening is the noise, as a standard deviation of ln(response time), at which a limit and its double can't be told
// apart in a few trials.
const deafening = 0.5

// outOfReach is the y = ln(value/bound) of an SLO below which its noise is no hindrance: a p99 of 2 ms or of 20 ms under a
// bound of 200 ms is one service (a real one, a Go cache, did that).
const outOfReach = -1.0

// nearestPass is the largest y of one SLO over the probes that passed.
func (h history) nearestPass(slo string) float64 {
	nearest := math.Inf(-1)
	for i := range h.trials {
		t := &h.trials[i]
		if y, ok := marginOf(t, slo); ok && t.Verdict.Judgement == Pass && t.Step.Scenario == h.goal.Tuning.Probe {
			nearest = max(nearest, y)
		}
	}
	return nearest
}

// missed says whether a probe missed an SLO on a CPU limit's account, though not by far, since something passed.
func (h history) missed(slo string, l Limit) bool {
	for i := range h.trials {
		t := &h.trials[i]
		if y, ok := marginOf(t, slo); ok && y > 0 && y < hardMiss && t.Step.Scenario == h.goal.Tuning.Probe && h.blames(i, l) && h.passedBefore(i) >= 0 {
			return true
		}
	}
	return false
}

// tooNoisy ends a search whose noise, known from three repeats or more, leaves no limits to tell apart; with fewer it
// repeats.
func (h history) tooNoisy() (Step, bool) {
	for _, l := range h.goal.Limits {
		for _, slo := range h.goal.SLOs[h.goal.Tuning.Probe] {
			if slo.Metric != scenarios.ResponseTime || l.Resource != CPU {
				continue
			}
			n := h.repeatNoise(slo.Text, l.Limit)
			if n.freedom == 0 || n.measured() < deafening || h.nearestPass(slo.Text) < outOfReach {
				continue
			}
			if n.freedom < 3 {
				step := h.toward(h.lastSettings(), Repeat, fmt.Sprintf("from run to run %q varies by %s: again, cold, to be sure of it", slo.Text, percentText(n.measured())))
				step.Fresh = true
				return step, true
			}
			step := h.end(TooNoisy, fmt.Sprintf("from run to run %q varies by %s (standard deviation of its logarithm) at equal limits: too much to tell limits apart",
				slo.Text, percentText(n.measured())))
			step.Result.Sigma = new(n.measured())
			return step, true
		}
	}
	return Step{}, false
}
