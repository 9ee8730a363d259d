package tuner

import (
	"fmt"
	"math"
)

// raise is the step while nothing passes: the limit that was hit goes up.
func (h history) raise(last *Trial) Step {
	culprit := last.Verdict.Culprit
	if culprit == nil {
		return h.unexplained(last)
	}
	l, ok := h.searched(*culprit)
	if !ok {
		return h.end(Infeasible, fmt.Sprintf("%s; %s is not to be moved", last.Verdict.Why, limitName(*culprit)))
	}
	from := valueOf(last.Step.Settings, l.Limit)
	if from >= l.Max {
		return h.infeasible(last, l)
	}
	if !h.affords(h.goal.Tuning.Probe) {
		return h.stop()
	}
	to, reason := l.Max, ""
	if l.Resource == CPU {
		to, reason = h.raisedCPU(last, l, from)
	} else {
		reason = fmt.Sprintf("%s: a kill says only \"more\", so straight to the upper bound %s to see the true peak",
			last.Verdict.Why, limitText(Memory, to))
		if h.passing() > 0 {
			to = l.within(roundUp(Memory, float64(from)*1.1))
			reason = fmt.Sprintf("%s: a step up to %s", last.Verdict.Why, limitText(Memory, to))
		}
	}
	return h.toward(withLimit(last.Step.Settings, l.Limit, to, h.goal.Tuning.QoS), Probe, reason)
}

const (
	// relaxedUse is the share of a limit that a relaxed service uses: raising aims there.
	relaxedUse = 0.55
	// boldest is the largest factor of one step up; where even more is asked for, the figures are no use and the
	// upper bound shows the true demand.
	boldest = 8.0
)

// raisedCPU says how far to jump. Usage pinned at the limit and throughput over offered tell the demand: a service
// that answers a third of the hits with 100m needs about 300m. Worked: 100m, 98m used, throughput/offered = 0.5:
// demand 196m, aim 196/0.55 = 356m, rounded up to 358m.
func (h history) raisedCPU(last *Trial, l Searched, from int64) (int64, string) {
	u := useOf(&last.Observation, l.Container)
	load := last.Observation.Load
	if h.passing() > 0 {
		to := l.within(roundUp(CPU, float64(from)*1.08))
		return to, fmt.Sprintf("%s: a step up to %s", last.Verdict.Why, limitText(CPU, to))
	}
	if u.cpu == nil || load == nil || load.Offered == 0 {
		to := l.within(roundUp(CPU, float64(from)*4))
		return to, fmt.Sprintf("%s: four times the limit", last.Verdict.Why)
	}
	served := load.Throughput / load.Offered
	demand := *u.cpu * 1000 / max(served, 1e-3)
	aim := max(demand/relaxedUse, float64(from)*1.5)
	knee, atPeak := kneeAsks(last.Observation, from)
	if atPeak > aim {
		aim = atPeak
	} else {
		knee = nil
	}
	if aim > boldest*float64(from) {
		aim = math.Max(boldest*float64(from), math.Sqrt(float64(from)*float64(l.Max)))
	}
	to := l.within(roundUp(CPU, aim))
	if knee != nil {
		return to, fmt.Sprintf("%s: %s kept up with %s hits/s, %s; so up to %s for the peak of the ramp",
			last.Verdict.Why, limitText(CPU, from), figures(knee.Load), knee, limitText(CPU, to))
	}
	return to, fmt.Sprintf("%s: %.0fm used for %s of the hits asks for about %.0fm, so up to %s with room",
		last.Verdict.Why, *u.cpu*1000, percentText(served), demand, limitText(CPU, to))
}

// kneeAsks is the limit that a ramp with a knee asks for at its peak, in millicores, as CPU goes with the rate; nil and 0
// where no knee shows. The mean usage over a ramp hides how much its peak needs. Worked: kept up with 50 hits/s of a peak
// of 200 at 100m: 400m.
func kneeAsks(o Observation, from int64) (*Knee, float64) {
	knee := KneeOf(o)
	if knee == nil || knee.Load <= 0 {
		return nil, 0
	}
	loads := loadsOf(o)
	return knee, float64(from) * loads[len(loads)-1].offered / knee.Load
}

// searched finds a limit among those that may move.
func (h history) searched(l Limit) (Searched, bool) {
	for _, s := range h.goal.Limits {
		if s.Limit == l {
			return s, true
		}
	}
	return Searched{}, false
}

// atMost says whether a limit is at its upper bound, or may not move.
func (h history) atMost(t *Trial, l *Limit) bool {
	if l == nil {
		return true
	}
	s, ok := h.searched(*l)
	return !ok || valueOf(t.Step.Settings, *l) >= s.Max
}

// unexplained repeats a failure without a culprit once; then no limit explains it.
func (h history) unexplained(last *Trial) Step {
	if h.failuresHere() < 2 && h.affords(h.goal.Tuning.Probe) {
		return h.toward(last.Step.Settings, Repeat, last.Verdict.Why+": once more, to be sure")
	}
	return h.end(Unexplained, "no limit explains it (a lock, a pool, a dependency?): "+last.Verdict.Why)
}

// infeasible repeats a failure at the upper bound once; then no allowed limit passes.
func (h history) infeasible(last *Trial, l Searched) Step {
	if h.failuresHere() < 2 && h.affords(h.goal.Tuning.Probe) {
		return h.toward(last.Step.Settings, Repeat, fmt.Sprintf("%s, and %s is at its upper bound %s: once more, to be sure",
			last.Verdict.Why, limitName(l.Limit), limitText(l.Resource, l.Max)))
	}
	return h.end(Infeasible, fmt.Sprintf("no allowed limit passes: with %s at its upper bound %s, %s",
		limitName(l.Limit), limitText(l.Resource, l.Max), last.Verdict.Why))
}

// failuresHere counts the failures in a row at the newest trial's settings.
func (h history) failuresHere() int {
	n := 0
	for i := len(h.trials) - 1; i >= 0; i-- {
		t := &h.trials[i]
		if t.Verdict.Judgement == Pass || !h.sameLimits(t.Step.Settings, h.lastSettings()) {
			break
		}
		if t.Verdict.Judgement == Fail {
			n++
		}
	}
	return n
}
