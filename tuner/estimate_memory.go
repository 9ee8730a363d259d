package tuner

import (
	"fmt"
	"math"
	"slices"
)

// belowAnon is the probability that a service can live with less memory than the anonymous memory it was seen to hold:
// runtimes that size their heap by the limit can.
// Once the anonymous memory stayed the same at a limit a tenth lower or more, it is fixedAnon: this one does not.
const (
	belowAnon = 0.1
	fixedAnon = 0.005
)

// memoryResolution is how near to each other two memory limits may be and still be told apart.
const memoryResolution = 0.04

// memorySlack is how far above the value aimed at a memory limit may stay, at least; where the noise is larger, most of
// it: less is not worth a trial. After three steps it may be half as much again.
const memorySlack = 0.015

// memoryEstimate searches a memory limit. What is known: the need of a run is hardly below its anonymous memory, never
// above its peak, and each trial adds a sign. The peak counts page cache that could be given back, so the least limit
// is often far below it, and only trials tell how far.
func (h history) memoryEstimate(l Searched) estimate {
	b := h.bracket(l)
	e := estimate{Searched: l}
	floor := float64(h.soakFailed(l.Limit)) * soakStep
	ok := func(v int64) bool { return b.confidence(spanOf(v)) >= h.target() && float64(v) >= floor }
	e.hold = h.sticky(l.Limit, h.passedValue(l.Limit, ok), func(v int64) bool {
		return b.confidence(spanOf(v)) >= h.target()-settledDoubt && float64(v) >= floor
	})
	e.confidence = b.confidence(spanOf(e.hold))
	e.next, e.reason = h.nextMemory(l, b, e.hold)
	return e
}

// memoryBracket is what every trial says about the need of one container.
func (h history) memoryBracket(l Searched) *bracket {
	outlived := h.outlived(l.Limit)
	passed := h.leastPassedAbove(l, outlived)
	low := spanOf(max(1, l.Min)) - 0.3
	anon, known := h.anonOf(l.Limit, passed)
	if known {
		low = max(low, anon-1.4)
	}
	high := min(spanOf(passed), h.peakOf(l.Limit, outlived)) + 0.2
	b := newBracket(min(low, high-0.5), high)
	squares, freedom := h.memorySpread(l.Limit)
	b.spread(squares, freedom)
	if known {
		b.floor(anon, h.anonDoubt(l.Limit, passed, anon))
	}
	for _, s := range h.memorySigns(l.Limit, outlived) {
		b.add(s)
	}
	return b
}

// nextMemory returns the next value to try, 0 where hold is as good as it gets. While the need is known less well than
// the noise makes it vary, it goes half way; then to the value that leaves room for the noise.
func (h history) nextMemory(l Searched, b *bracket, hold int64) (int64, string) {
	aim, median := b.quantile(h.target()), b.median()
	z, sigma := normalQuantile(h.target()), b.sigma()
	halfWay := aim-median-z*sigma > max(memoryResolution, 0.5*z*sigma) && h.moves(l.Limit) < maxProbes
	if halfWay {
		aim = median
	}
	floor := float64(h.soakFailed(l.Limit)) * soakStep
	x := l.within(roundUp(Memory, max(math.Exp(aim), floor)))
	settled := b.confidence(spanOf(hold)) >= h.target()-settledDoubt && float64(hold) >= floor
	slack := 1 + max(memorySlack, 0.85*sigma)
	if h.moves(l.Limit) >= 3 {
		slack = 1 + max(1.5*memorySlack, 1.5*sigma)
	}
	if settled && float64(hold) <= float64(x)*slack || x == hold || x == h.value(len(h.trials)-1, l.Limit) && h.last().Verdict.Judgement == Pass {
		return 0, ""
	}
	if halfWay {
		return x, fmt.Sprintf("the need of %s is between %s and %s: half way",
			l.Container, limitText(Memory, roundUp(Memory, b.percentile(0.05))), limitText(Memory, roundUp(Memory, b.percentile(0.95))))
	}
	return x, fmt.Sprintf("%s needs about %s; noise of %s asks for %s on top", l.Container,
		limitText(Memory, roundUp(Memory, math.Exp(median))), percentText(sigma), percentText(float64(x)/math.Exp(median)-1))
}

// memorySigns are every trial's sign: not enough where it failed on this limit's account; enough where it passed, and
// then at no more than the high-water mark since the replicas started, cold (unless more than that failed: a collector
// never shows the room it works in). Later trials of the same replicas add
// nothing to the first: what a start needs was seen once. Nor is a pass a sign at a value that was outlived: see outlived.
func (h history) memorySigns(l Limit, outlived int64) []sign {
	var signs []sign
	most := h.mappedMost(l)
	_, failed := h.extremes(l)
	seen := false
	for i := range h.trials {
		t := &h.trials[i]
		seen = seen && !t.Observation.Fresh
		u := h.use(i, l.Container)
		value := float64(h.value(i, l))
		switch {
		case t.Verdict.Judgement == Pass && !seen && h.value(i, l) > outlived:
			if u.peak != nil && float64(*u.peak) < value && int64(*u.peak) > failed {
				value = float64(*u.peak)
			}
			signs = addSign(signs, sign{x: math.Log(value + coldPages(most, u)), yes: 1})
			seen = true
		case h.blames(i, l):
			signs = addSign(signs, sign{x: math.Log(value + coldPages(most, u)), no: 1})
		}
	}
	return signs
}

// outlived is the largest value that was enough for replicas at first, and mostly not in later trials of theirs; 0: none. What a
// longer life needs, a short trial after a start cannot show, so a pass at no more than that says nothing: a Java server
// passed every cold trial of 13 s at a limit where it read its code back from disk in every trial that followed.
func (h history) outlived(l Limit) int64 {
	var most int64
	values := h.valuesOf(l)
	for i, v := range values {
		if v <= most || h.trials[i].Observation.Fresh || !h.blames(i, l) {
			continue
		}
		late, passed := 0, false
		for j, w := range values {
			switch pass := h.trials[j].Verdict.Judgement == Pass; {
			case w != v:
			case pass && h.trials[j].Observation.Fresh:
				passed = true
			case pass:
				late--
			case !h.trials[j].Observation.Fresh && h.blames(j, l):
				late++
			}
		}
		if passed && late > 0 {
			most = v
		}
	}
	return most
}

// addSign adds a sign to those of the same value.
func addSign(signs []sign, s sign) []sign {
	for i := range signs {
		if signs[i].x == s.x {
			signs[i].yes, signs[i].no = signs[i].yes+s.yes, signs[i].no+s.no
			return signs
		}
	}
	return append(signs, s)
}

// leastPassedAbove is the smallest value above one at which a trial passed; the upper bound where none did.
func (h history) leastPassedAbove(l Searched, above int64) int64 {
	least := l.Max
	for i, v := range h.valuesOf(l.Limit) {
		if v > above && h.trials[i].Verdict.Judgement == Pass {
			least = min(least, v)
		}
	}
	return least
}

// peakOf is the logarithm of the smallest high-water mark of replicas that passed a trial with a limit above a value; +Inf
// where unknown.
func (h history) peakOf(l Limit, above int64) float64 {
	least := math.Inf(1)
	most := h.mappedMost(l)
	for i := range h.trials {
		t := &h.trials[i]
		u := h.use(i, l.Container)
		if t.Verdict.Judgement == Pass && h.value(i, l) > above && u.peak != nil && *u.peak > 0 {
			least = min(least, math.Log(float64(*u.peak)+coldPages(most, u)))
		}
	}
	return least
}

// mappedMost is the most file memory a container had mapped in any trial.
func (h history) mappedMost(l Limit) float64 {
	most := 0.0
	for i := range h.trials {
		if u := h.use(i, l.Container); u.mapped != nil {
			most = max(most, float64(*u.mapped))
		}
	}
	return most
}

// coldPages is what a trial would have needed on top had its files been cold. File pages are charged to the cgroup that
// touches them first, so a later trial on the same node may find its binary charged elsewhere; a new node won't.
func coldPages(most float64, u use) float64 {
	if u.mapped == nil {
		return 0
	}
	return max(0, most-float64(*u.mapped))
}

// anonOf is the mean logarithm of the anonymous memory of the trials that passed at value.
func (h history) anonOf(l Limit, value int64) (float64, bool) {
	sum, n := 0.0, 0
	for i := range h.trials {
		t := &h.trials[i]
		u := h.use(i, l.Container)
		if t.Verdict.Judgement == Pass && h.value(i, l) == value && u.anon != nil && *u.anon > 0 {
			sum, n = sum+math.Log(float64(*u.anon)), n+1
		}
	}
	return sum / float64(max(1, n)), n > 0
}

// anonDoubt is the probability that less than the anonymous memory seen at the smallest passing value is enough.
func (h history) anonDoubt(l Limit, passed int64, anon float64) float64 {
	for i := range h.trials {
		t := &h.trials[i]
		u := h.use(i, l.Container)
		if t.Verdict.Judgement == Pass && float64(h.value(i, l)) > 1.1*float64(passed) && u.anon != nil && math.Abs(math.Log(float64(*u.anon))-anon) < 0.03 {
			return fixedAnon
		}
	}
	return belowAnon
}

// memorySpread measures the noise of anonymous memory over trials that passed at the same limit: the sum of squared
// deviations of its logarithm, and the degrees of freedom. Replicas that warmed up are kept apart.
func (h history) memorySpread(l Limit) (squares, freedom float64) {
	var n noise
	values := h.valuesOf(l)
	for i, value := range values {
		if slices.Index(values, value) < i {
			continue
		}
		var early, late group
		for j := i; j < len(values); j++ {
			u := h.use(j, l.Container)
			switch {
			case values[j] != value || h.trials[j].Verdict.Judgement != Pass || u.anon == nil || *u.anon <= 0:
			case h.warmedUp(j):
				late.add(math.Log(float64(*u.anon)))
			default:
				early.add(math.Log(float64(*u.anon)))
			}
		}
		n.addGroup(early)
		n.addGroup(late)
	}
	return n.squares, n.freedom
}
