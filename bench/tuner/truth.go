package main

import (
	"math/rand/v2"

	"github.com/plimsoll/plimsoll/tuner"
)

// truth says what is true of a specimen: nothing of it reaches the search.
type truth struct {
	demand  float64 // least value of the limit at which the noise-free run passes, the others as derived
	pass    float64 // share of runs that pass with this limit as derived and all others relaxed
	derived float64
	limit   tuner.Limit
}

const truthRuns = 400

// walk is the ratio of neighbouring values on the way to a demand: no cliff is narrower.
const walk = 1.02

// truths are those of every limit of derived settings.
func (s *specimen) truths(settings tuner.Settings, r *rand.Rand) []truth {
	var all []truth
	for _, l := range s.goal.Limits {
		t := truth{limit: l.Limit, derived: float64(valueOf(settings, l.Limit)), demand: s.demand(settings, l)}
		t.pass = s.passRatio(s.relaxedBut(settings, l.Limit), r)
		all = append(all, t)
	}
	return all
}

// relaxedBut is settings with every limit but one at its upper bound.
func (s *specimen) relaxedBut(settings tuner.Settings, keep tuner.Limit) tuner.Settings {
	for _, l := range s.goal.Limits {
		if l.Limit != keep {
			settings = with(settings, l.Limit, l.Max)
		}
	}
	return settings
}

// passRatio is the share of runs at settings that pass.
func (s *specimen) passRatio(settings tuner.Settings, r *rand.Rand) float64 {
	passed := 0
	for range truthRuns {
		if s.service.Passes(settings, s.service.Draw(r), s.bound) {
			passed++
		}
	}
	return float64(passed) / truthRuns
}

// demand finds the least value that passes with the noise off, with every value from there to the derived one (as the
// oracle's smallest passing value), or above where the derived one fails; the other limits as derived, or at their upper
// bounds where with them as derived no value passes. Below a cliff a smaller passing region may lie; that is not it: the
// search has to bound from below by the largest failure.
func (s *specimen) demand(settings tuner.Settings, l tuner.Searched) float64 {
	quiet := s.service.Quiet()
	if !s.service.Passes(with(settings, l.Limit, l.Max), quiet, s.bound) {
		settings = s.relaxedBut(settings, l.Limit)
	}
	passes := func(x float64) bool { return s.service.Passes(with(settings, l.Limit, int64(x)), quiet, s.bound) }
	high := float64(valueOf(settings, l.Limit))
	for high < float64(l.Max) && !passes(high) {
		high *= walk
	}
	low := high / walk
	for low > float64(l.Min) && passes(low) {
		low, high = low/walk, low
	}
	for high/low > 1.001 && high-low > 1 {
		middle := (low + high) / 2
		if passes(middle) {
			high = middle
		} else {
			low = middle
		}
	}
	return high
}

func valueOf(s tuner.Settings, l tuner.Limit) int64 {
	c, _ := s.Of(l.Container)
	if l.Resource == tuner.CPU {
		return int64(c.CPULimit)
	}
	return int64(c.MemoryLimit)
}
