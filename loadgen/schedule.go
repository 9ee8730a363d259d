package loadgen

import (
	"math"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// schedule yields the planned instants of hits, ascending, as offsets from the start of the run.
//
// Let Λ(t) be the integral of the rate up to t: the number of hits that ought to have started by then. Hit k (from 0)
// is planned at the least t with Λ(t) = k for uniform arrivals, a closed form in k, so no error accumulates however
// long the run. For Poisson arrivals it is planned where Λ(t) = the sum of k+1 exponential variates of mean 1 (the
// time-rescaling theorem: unit-rate Poisson arrivals mapped through Λ⁻¹ are Poisson arrivals of rate dΛ/dt).
//
// Worked values, uniform: 100/s gives hit 250 at 2.5 s. A ramp from 0 to 100/s over 10 s (Λ = 5t²) gives hit 125 at
// 5 s. A ramp from 10 to 20/s over 10 s (Λ = 10t + t²/2) gives hit 78 at 6 s.
//
// A schedule belongs to one goroutine. The same scenario, arrivals and seed give the same instants, to the nanosecond.
type schedule struct {
	pieces   []piece
	arrivals arrivals
	// hits is how many hits uniform arrivals plan: those k with Λ⁻¹(k) before the end.
	hits int64
	// last is the number of the hit that next yielded last.
	last int64
	// at is the index of the piece that held the hit before; instants ascend, so the search goes on from there.
	at int
}

// piece is one stage of the rate with all before it summed up.
type piece struct {
	scenarios.Stage
	// start is when it begins; before is Λ(start), after is Λ at its end.
	start         time.Duration
	before, after float64
}

// newSchedule returns the schedule of s. seed matters to Poisson arrivals only.
func newSchedule(s scenarios.Scenario, a scenarios.Arrivals, seed uint64) *schedule {
	c := &schedule{arrivals: newArrivals(a, seed), last: -1}
	var start time.Duration
	sum := 0.0
	for _, stage := range s.Stages {
		p := piece{Stage: stage, start: start, before: sum, after: sum + hitsIn(stage)}
		c.pieces = append(c.pieces, p)
		start, sum = start+stage.For, p.after
	}
	c.hits = wholeHits(sum)
	return c
}

// share makes the schedule yield only every of-th hit, the first being part (from 0), so that several loops with a copy
// each offer all hits once. It must be called before next, and returns c.
func (c *schedule) share(part, of int) *schedule {
	c.arrivals.part, c.arrivals.of = int64(part), int64(of)
	return c
}

// hit is the number, from 0 and over all parts, of the hit that next yielded last.
func (c *schedule) hit() int64 { return c.last }

// next yields the next planned instant and the index of its stage; ok is false when there is none left.
func (c *schedule) next() (at time.Duration, stage int, ok bool) {
	k, position := c.arrivals.next()
	if !c.before(position) {
		return 0, 0, false
	}
	c.last = k
	at, stage = c.instant(position)
	return at, stage, true
}

// before tells whether Λ reaches position before the end.
func (c *schedule) before(position float64) bool {
	if c.arrivals.random == nil {
		return position < float64(c.hits)
	}
	return len(c.pieces) > 0 && position < c.pieces[len(c.pieces)-1].after
}

// instant is Λ⁻¹(position). Positions must not descend.
func (c *schedule) instant(position float64) (time.Duration, int) {
	for c.at < len(c.pieces)-1 && position >= c.pieces[c.at].after {
		c.at++
	}
	p := c.pieces[c.at]
	seconds := secondsUntil(p.Stage, max(position-p.before, 0))
	offset := min(time.Duration(math.Round(seconds*1e9)), p.For)
	return p.start + offset, c.at
}

// wholeHits counts the k ≥ 0 with k < sum. A sum that misses a whole number by less than a millionth of a hit, which
// is rounding (33.3/s for 30 s), is taken for that number.
func wholeHits(sum float64) int64 {
	if near := math.Round(sum); math.Abs(sum-near) < 1e-6 {
		return int64(near)
	}
	return int64(math.Ceil(sum))
}

// hitsIn is the integral of the rate over the whole of stage.
func hitsIn(stage scenarios.Stage) float64 { return hitsUntil(stage, stage.For.Seconds()) }

// hitsUntil is the integral of the rate over the first t seconds of stage. Each kind of stage is exact:
//
//	linear from r0 to r1 in d seconds, slope s = (r1−r0)/d:   r0·t + s·t²/2
//	sine around m, amplitude a, period p:                     m·t + a·p/2π · (1 − cos(2πt/p))
func hitsUntil(stage scenarios.Stage, t float64) float64 {
	if swings(stage) {
		omega := 2 * math.Pi / stage.Period.Seconds()
		return stage.From*t + stage.Amplitude/omega*(1-math.Cos(omega*t))
	}
	slope := (stage.To - stage.From) / stage.For.Seconds()
	return stage.From*t + slope*t*t/2
}

// swings tells whether stage is a sine.
func swings(stage scenarios.Stage) bool { return stage.Amplitude > 0 && stage.Period > 0 }

// secondsUntil is the inverse of hitsUntil: the seconds into stage at which hits have been planned.
func secondsUntil(stage scenarios.Stage, hits float64) float64 {
	switch {
	case hits <= 0:
		return 0
	case swings(stage):
		return secondsUntilOnSine(stage, hits)
	case stage.From == stage.To:
		return hits / stage.From
	}
	// r0·t + s·t²/2 = k has the root t = (−r0 + √(r0²+2sk))/s, which cancels badly where s is small. Multiplied out by
	// its conjugate it is 2k/(r0 + √(r0²+2sk)), which never subtracts like numbers and needs no s ≠ 0 (Press et al.,
	// Numerical Recipes, 5.6). At the end of a ramp down to 0 rounding can take the root's argument just below 0.
	slope := (stage.To - stage.From) / stage.For.Seconds()
	return 2 * hits / (stage.From + math.Sqrt(max(stage.From*stage.From+2*slope*hits, 0)))
}

// secondsUntilOnSine solves hitsUntil(stage, t) = hits by Newton's method inside a bracket. The swing adds between 0
// and a·p/π hits to m·t, so t lies in [(hits − a·p/π)/m, hits/m]; a step out of the bracket is replaced by halving it,
// which is what saves the method where the rate touches 0 (amplitude = mean).
func secondsUntilOnSine(stage scenarios.Stage, hits float64) float64 {
	omega := 2 * math.Pi / stage.Period.Seconds()
	low := max((hits-2*stage.Amplitude/omega)/stage.From, 0)
	high := min(hits/stage.From, stage.For.Seconds())
	t := (low + high) / 2
	for range 64 {
		excess := hitsUntil(stage, t) - hits
		if excess > 0 {
			high = t
		} else {
			low = t
		}
		next := t - excess/(stage.From+stage.Amplitude*math.Sin(omega*t))
		if !(next >= low && next <= high) {
			next = (low + high) / 2
		}
		if math.Abs(next-t) < 1e-11 {
			return next
		}
		t = next
	}
	return t
}
