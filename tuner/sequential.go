package tuner

import (
	"fmt"
	"math"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// course is a trial second by second, as counts.
type course struct {
	seconds []secondCount
	// carried is the most hits of the warm-up that could end in the window.
	carried int64
}

// secondCount is one second, with counts instead of rates.
type secondCount struct {
	*Second
	// started, ended and failed hits of this second. A hit that was planned and never started may be the generator's.
	started, ended, failed int64
}

// follow turns the rates of an observation's seconds into counts.
func follow(o Observation) course {
	var f course
	last := time.Duration(0)
	f.seconds = make([]secondCount, 0, len(o.Seconds))
	for i := range o.Seconds {
		s := &o.Seconds[i]
		width := s.At - last
		if width <= 0 || !(s.Achieved >= 0) || !(s.Throughput >= 0) || s.Failed < 0 {
			continue
		}
		last = s.At
		count := func(rate float64) int64 { return int64(math.Round(rate * width.Seconds())) }
		f.seconds = append(f.seconds, secondCount{s, count(s.Achieved), count(s.Throughput) + s.Failed, s.Failed})
		if s.Warmup {
			f.carried = max(s.InFlight, 0)
		}
	}
	return f
}

// failed is the least number of the window's hits that failed.
func (f course) failed(o Observation) int64 {
	n := int64(0)
	for _, s := range f.seconds {
		if !s.Warmup {
			n += s.failed
		}
	}
	n = max(n-f.carried, 0)
	if hits, good, ok := counted(o.Load); ok {
		n = max(n, hits-good)
	}
	return n
}

// over is the least number of the window's hits that took longer than the SLO's bound: those that ended so (at least
// half of a second's hits where its median is over the bound, at least 1 % where its p99 is) and those still
// outstanding for longer. Every instant gives such a bound and the largest stands.
func (f course) over(o Observation, slo scenarios.SLO) int64 {
	most, ended, slow := int64(0), int64(0), int64(0)
	started, behind := int64(0), 0 // hits started at least a bound ago, and the seconds they come from
	for _, s := range f.seconds {
		ended += s.ended
		if !s.Warmup {
			slow += slowest(s, slo.Time)
		}
		for behind < len(f.seconds) && f.seconds[behind].At <= s.At-slo.Time {
			started += f.seconds[behind].started
			behind++
		}
		if !s.Warmup {
			most = max(most, slow+max(started-ended, 0)-f.carried)
		}
	}
	if _, _, ok := counted(o.Load); ok {
		most = max(most, overBound(o.Load, slo))
	}
	return max(most, 0)
}

// slowest is the least number of hits that ended in a second slower than bound. A histogram's last digit is not proof.
func slowest(s secondCount, bound time.Duration) int64 {
	proof := bound + bound/100
	switch {
	case s.ended == 0:
		return 0
	case s.P50 != nil && *s.P50 > proof:
		return s.ended / 2
	case s.P99 != nil && *s.P99 > proof:
		return max(s.ended/100, 1)
	}
	return 0
}

// beyondTest says why a sequential test gives an SLO up. A second is bad where it alone would miss the SLO. whole: the trial
// is one that must run whole, and a bad start of it may yet be made up for.
func beyondTest(slo scenarios.SLO, f course, whole bool) string {
	var bad []bool
	for _, s := range f.seconds {
		if !s.Warmup {
			bad = append(bad, secondMisses(slo, s))
		}
	}
	alpha := testAlpha
	if whole {
		alpha = wholeAlpha
	}
	if n := beyondRescue(bad, alpha); n > 0 {
		return fmt.Sprintf("%q was missed in %d of the first %s of the window", slo.Text, countTrue(bad[:n]), plural(int64(n), "second"))
	}
	return ""
}

// secondMisses is whether one second certainly misses the SLO. What is not known is no miss.
func secondMisses(slo scenarios.SLO, s secondCount) bool {
	switch slo.Metric {
	case scenarios.ErrorRatio:
		return s.ended > 0 && float64(s.failed) > slo.Value*float64(s.ended)
	case scenarios.ResponseTime:
		proof := slo.Time + slo.Time/100
		return slo.Quantile >= 0.5 && s.P50 != nil && *s.P50 > proof || slo.Quantile >= 0.99 && s.P99 != nil && *s.P99 > proof
	case scenarios.ThrottledRatio:
		for _, c := range s.Containers {
			if c.Throttled != nil && *c.Throttled > slo.Value {
				return true
			}
		}
	}
	return false
}

// The sequential test between "a second is bad as often as not", as it is for a service exactly at its SLO, and "9 in
// 10 are bad": alpha is the chance to give up the former (wholeAlpha in a soak: 36 bad seconds in a row), beta to keep on with the latter.
const (
	testHolds, testMisses = 0.5, 0.9
	testAlpha, testBeta   = 1e-3, 1e-4
	wholeAlpha            = 1e-9
)

// beyondRescue is Wald's sequential probability ratio test on windows of one second. It returns how many seconds it
// took to give up, 0 where it has not.
//
//	S = Σ ln(p1/p0) for a bad second, ln((1−p1)/(1−p0)) for a good one     p0, p1: testHolds, testMisses
//	give up when S ≥ ln((1−β)/α) = 6.9, keep on for good when S ≤ ln(β/(1−α)) = −9.2
//
// A bad second adds 0.588, a good one takes 1.609: 12 bad seconds in a row give up, six good ones at the start keep on,
// and after one good second it takes 15 bad ones. A service just at its SLO has bad seconds less often than p0 (the
// hits it is slow for come in bursts), so alpha is an upper bound as long as seconds are independent.
//
// Source: A. Wald, Sequential Tests of Statistical Hypotheses, Annals of Mathematical Statistics 16 (1945), p. 117,
// https://doi.org/10.1214/aoms/1177731118
func beyondRescue(bad []bool, alpha float64) int {
	forBad, forGood := math.Log(testMisses/testHolds), math.Log((1-testMisses)/(1-testHolds))
	giveUp, keepOn := math.Log((1-testBeta)/alpha), math.Log(testBeta/(1-alpha))
	s := 0.0
	for i, b := range bad {
		if b {
			s += forBad
		} else {
			s += forGood
		}
		switch {
		case s >= giveUp:
			return i + 1
		case s <= keepOn:
			return 0
		}
	}
	return 0
}

func countTrue(bs []bool) int {
	n := 0
	for _, b := range bs {
		if b {
			n++
		}
	}
	return n
}
