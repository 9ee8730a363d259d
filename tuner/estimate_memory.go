package tuner

import (
	"fmt"
	"math"
)

const (
	memoryNoise       = 0.03 // σ₀ of ln(peak memory): what is assumed before it was measured
	memoryNoiseWeight = 3.0
	// belowAnon is the probability that a service can live with less memory than the anonymous memory it was seen to
	// hold: runtimes that size their heap by the limit can.
	belowAnon = 0.1
)

// memoryEstimate searches a memory limit. What is known: the need of a run is hardly below its anonymous memory, never
// above its peak, and each trial adds a sign. The peak counts page cache that could be given back, so the least limit
// is often far below it, and only trials tell how far.
func (h history) memoryEstimate(l Searched) estimate {
	b := h.memoryBracket(l)
	target := h.target()
	e := estimate{Searched: l, sigma: b.sigma, demand: math.Exp(b.median())}
	e.hold = h.passedValue(l.Limit, func(v int64) bool { return b.confidence(spanOf(v)) >= target && v > h.soakFailed(l.Limit) })
	e.confidence = b.confidence(spanOf(e.hold))
	e.next, e.reason = h.nextMemory(l, b, e.hold)
	return e
}

// memoryBracket is what every trial says about the need of one container.
func (h history) memoryBracket(l Searched) *bracket {
	n := h.memoryNoise(l.Limit)
	passed, _ := h.extremes(l.Limit)
	low := spanOf(max(1, l.Min)) - 0.3
	anon, known := h.anonOf(l.Limit, passed)
	if known {
		low = max(low, anon-1.4)
	}
	high := min(spanOf(passed), h.peakOf(l.Limit)) + 0.2
	b := newBracket(min(low, high-0.5), high, n.sigma())
	if known {
		b.floor(anon, belowAnon)
	}
	h.memorySigns(l.Limit, b)
	return b
}

// nextMemory returns the next value to try, 0 where hold is as good as it gets.
func (h history) nextMemory(l Searched, b *bracket, hold int64) (int64, string) {
	aim := b.quantile(h.target())
	median := b.median()
	certain := median + normalQuantile(h.target())*b.sigma
	floor := float64(h.soakFailed(l.Limit)) * 1.08
	if aim-certain > resolution {
		aim = median
	}
	x := l.within(roundUp(Memory, max(math.Exp(aim), floor)))
	if float64(hold) <= float64(x)*(1+resolution) && float64(hold) >= float64(x)/(1+resolution/4) || x == hold {
		return 0, ""
	}
	if aim == median {
		return x, fmt.Sprintf("the need of %s is between %s and %s: half way",
			l.Container, limitText(Memory, roundUp(Memory, b.percentile(0.05))), limitText(Memory, roundUp(Memory, b.percentile(0.95))))
	}
	return x, fmt.Sprintf("%s needs about %s; noise of %s asks for %s on top", l.Container,
		limitText(Memory, roundUp(Memory, math.Exp(median))), percentText(b.sigma), percentText(float64(x)/math.Exp(median)-1))
}

// memorySigns adds every trial's sign: enough where replicas that started cold for it passed, and at no more than the
// peak they reached; not enough where the trial failed on this limit's account.
func (h history) memorySigns(l Limit, b *bracket) {
	most := h.mappedMost(l)
	for i := range h.trials {
		t := &h.trials[i]
		u := useOf(&t.Observation, l.Container)
		value := float64(valueOf(t.Step.Settings, l))
		switch {
		case t.Verdict.Judgement == Pass && t.Observation.Fresh:
			if u.peak != nil && *u.peak < value {
				value = *u.peak
			}
			b.enough(math.Log(value+cold(most, u)), true)
		case h.blames(i, l):
			b.enough(math.Log(value+cold(most, u)), false)
		}
	}
}

// peakOf is the logarithm of the smallest peak that cold replicas reached in a trial that passed; +Inf where unknown.
func (h history) peakOf(l Limit) float64 {
	least := math.Inf(1)
	most := h.mappedMost(l)
	for i := range h.trials {
		t := &h.trials[i]
		u := useOf(&t.Observation, l.Container)
		if t.Verdict.Judgement == Pass && t.Observation.Fresh && u.peak != nil && *u.peak > 0 {
			least = min(least, math.Log(*u.peak+cold(most, u)))
		}
	}
	return least
}

// mappedMost is the most file memory a container had mapped in any trial.
func (h history) mappedMost(l Limit) float64 {
	most := 0.0
	for i := range h.trials {
		if u := useOf(&h.trials[i].Observation, l.Container); u.mapped != nil {
			most = max(most, *u.mapped)
		}
	}
	return most
}

// cold is what a trial would have needed on top had its files been cold. File pages are charged to the cgroup that
// touches them first, so a later trial on the same node may find its binary charged elsewhere; a new node won't.
func cold(most float64, u use) float64 {
	if u.mapped == nil {
		return 0
	}
	return max(0, most-*u.mapped)
}

// anonOf is the mean logarithm of the anonymous memory of the trials that passed at value.
func (h history) anonOf(l Limit, value int64) (float64, bool) {
	sum, n := 0.0, 0
	for i := range h.trials {
		t := &h.trials[i]
		u := useOf(&t.Observation, l.Container)
		if t.Verdict.Judgement == Pass && valueOf(t.Step.Settings, l) == value && u.anon != nil && *u.anon > 0 {
			sum, n = sum+math.Log(*u.anon), n+1
		}
	}
	return sum / float64(max(1, n)), n > 0
}

// memoryNoise measures the noise of anonymous memory over trials that passed at the same limit.
func (h history) memoryNoise(l Limit) noise {
	n := noise{prior: memoryNoise, priorWeight: memoryNoiseWeight}
	for i := range h.trials {
		value := valueOf(h.trials[i].Step.Settings, l)
		if h.seenBefore(i, func(s Settings) bool { return valueOf(s, l) == value }) {
			continue
		}
		count, sum, squares := 0, 0.0, 0.0
		for j := i; j < len(h.trials); j++ {
			t := &h.trials[j]
			u := useOf(&t.Observation, l.Container)
			if t.Verdict.Judgement == Pass && valueOf(t.Step.Settings, l) == value && u.anon != nil && *u.anon > 0 {
				y := math.Log(*u.anon)
				count, sum, squares = count+1, sum+y, squares+y*y
			}
		}
		n.addGroup(count, sum, squares)
	}
	return n
}

// seenBefore says whether a trial before i has settings for which same holds.
func (h history) seenBefore(i int, same func(Settings) bool) bool {
	for j := range i {
		if same(h.trials[j].Step.Settings) {
			return true
		}
	}
	return false
}
