package tuner

import "math"

// resolution is how near to each other two limits may be and still count as told apart, as a ratio. Below it the
// few CFS periods of a short trial decide, not the limit.
const resolution = 0.02

// estimate is what the trials so far say about one limit.
type estimate struct {
	Searched
	// hold is the least value that passed and is enough with the probability aimed at (else the largest that passed):
	// what this limit stays at while others move.
	hold int64
	// next is the value worth trying; 0 where the limit is settled at hold.
	next int64
	// reason for next, in words.
	reason string
	// confidence that hold is enough for one more run, 0–1.
	confidence float64
}

// maxProbes is how many steps may move one limit before its search ends with what it has.
const maxProbes = 10

// estimateOf folds the trials into what is known about one limit. At least one trial has passed.
func (h history) estimateOf(l Searched) estimate {
	k := h.place(l.Limit)
	if h.estimates[k] == nil {
		h.estimates[k] = new(h.newEstimate(l))
	}
	return *h.estimates[k]
}

func (h history) newEstimate(l Searched) estimate {
	var e estimate
	if l.Resource == Memory {
		e = h.memoryEstimate(l)
	} else if h.minor(l.Limit) {
		e = h.minorEstimate(l)
	} else {
		e = h.cpuEstimate(l)
	}
	if e.next != 0 && (h.moves(l.Limit) >= maxProbes+4 && e.hold < 2*e.next || e.next == e.hold) {
		e.next = 0
	}
	return e
}

// needOf is the estimate of the value at which half the runs pass, 0 where unknown, and the noise it rests on, of the natural
// logarithm.
func (h history) needOf(l Searched) (demand, sigma float64) {
	switch {
	case l.Resource == Memory:
		b := h.bracket(l)
		return math.Exp(b.median()), b.sigma()
	case h.minor(l.Limit):
		return h.usageOf(l.Limit), cpuNoise
	}
	c := h.search(l)
	return c.demand(), c.sigma()
}

// target is the probability that each single limit is to be enough: all of them together reach Safety. Memory limits fail
// each on its own; CPU limits share the SLOs, and all but the largest stay where these can't feel them, so they count as one.
func (h history) target() float64 {
	n := 0
	for _, l := range h.goal.Limits {
		if l.Resource == Memory {
			n++
		}
	}
	if n < len(h.goal.Limits) {
		n++
	}
	return math.Pow(h.goal.Tuning.Safety, 1/float64(max(1, n)))
}

// moves counts the probes of one limit after the first trial that passed.
func (h history) moves(l Limit) int {
	n := 0
	passed := false
	for i := range h.trials {
		t := &h.trials[i]
		if passed && t.Step.Change != nil && t.Step.Change.Limit == l {
			n++
		}
		passed = passed || t.Verdict.Judgement == Pass
	}
	return n
}

// extremes returns the smallest value of l that passed, and the largest that failed on its account (0: none).
func (h history) extremes(l Limit) (passed, failed int64) {
	for i := range h.trials {
		v := h.value(i, l)
		switch {
		case h.passes(i, l) && (passed == 0 || v < passed):
			passed = v
		case h.blames(i, l):
			failed = max(failed, v)
		}
	}
	return passed, failed
}

// soakFailed returns the largest value at which a confirming soak failed on this limit's account; 0: none.
func (h history) soakFailed(l Limit) int64 {
	var failed int64
	for i := range h.trials {
		if h.trials[i].Step.soak() && h.blames(i, l) {
			failed = max(failed, h.value(i, l))
		}
	}
	return failed
}

// passedValue returns the least value at which a trial passed and ok holds, else the largest that passed.
func (h history) passedValue(l Limit, ok func(value int64) bool) int64 {
	var least, largest int64
	for i := range h.trials {
		if !h.passes(i, l) {
			continue
		}
		v := h.value(i, l)
		largest = max(largest, v)
		if (least == 0 || v < least) && ok(v) {
			least = v
		}
	}
	if least == 0 {
		return largest
	}
	return least
}

const (
	// soakStep is how far a limit goes up after its soak failed.
	soakStep = 1.08
	// settledDoubt is how much confidence a settled limit may lose to later trials before it is searched again.
	settledDoubt = 0.02
)

// sticky keeps a limit where the newest trial that passed has it, if that is good enough and hardly more than hold: two
// values that can't be told apart are not worth a trial.
func (h history) sticky(l Limit, hold int64, ok func(value int64) bool) int64 {
	if i := h.passedBefore(len(h.trials)); i >= 0 && h.passes(i, l) {
		if v := h.value(i, l); ok(v) && float64(v) <= float64(hold)*(1+2*resolution) {
			return v
		}
	}
	return hold
}

// within keeps a value between the bounds of the search.
func (s Searched) within(value int64) int64 { return max(s.Min, min(s.Max, value)) }
