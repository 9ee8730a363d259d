package tuner

import (
	"math"

	"github.com/plimsoll/plimsoll/scenarios"
)

// fit relates one SLO's margin to a CPU limit. With U the usage of the container, x its limit (both millicores) and
//
//	u = −ln(1 − U/x)        how deep in the queue: 0 with endless CPU, ∞ where the limit equals usage
//	y = ln(value / bound)   of the SLO: below 0 is met
//
// a queue's tail grows as (1 − U/x)^−g, so y = a + g·u is a straight line (Gross et al., Fundamentals of Queueing
// Theory, M/M/1: g = 1). Real services bend, so the line is local: points count less the further their limit is from
// the one asked about, w = 1/(1 + (ln(x/x₀)/0.3)²). The slope has a prior of g₀ = 1 ± 0.7. With weights w, noise s:
//
//	W = Σw  ū = Σwu/W  ȳ = Σwy/W   λ = s²/0.7²
//	g = (Σw(u−ū)(y−ȳ) + λ) / (Σw(u−ū)² + λ)
//	the next run at u₀ is ȳ + g(u₀−ū) ± s·√(1 + 1/W + (u₀−ū)²/(Σw(u−ū)² + λ))      Student's t
//
// Worked, one point u = 1, y = −0.5, s = 0.1 (λ = 0.0204): at u₀ = 1.3, y = −0.5 + 1·0.3 = −0.2 with a deviation of
// 0.1·√(1 + 1 + 0.09/0.0204) = 0.253.
type fit struct {
	points []fitPoint
	usage  float64 // U
	noise  noise
	t      float64 // Student's t at the probability aimed at
	metric scenarios.Metric
	again  bool // whether the confirming soak asks the same of no lighter a load
}

// fitPoint is one trial: its limit in millicores, u and y as above, and the trial's index.
type fitPoint struct {
	limit, u, y float64
	span        float64 // ln limit
	trial       int
}

const (
	fitReach      = 0.3 // half the weight at a distance of 30 %
	fitSlope      = 1.0
	fitSlopeDoubt = 0.7
	fitLeastSlope = 0.25
)

// depth is u of a limit: −ln(1 − U/x); +Inf where the limit is not above usage.
func depth(usage, limit float64) float64 {
	if limit <= usage {
		return math.Inf(1)
	}
	return -math.Log1p(-usage / limit)
}

// predict gives the mean and the standard deviation of y of one more run at a limit, from points at limits above low.
// Where the slope is taken as it stands (bold), its own doubt is left out: good enough for choosing where to look next.
func (f *fit) predict(limit, low float64, bold bool) (mean, deviation float64) {
	var weight, su, sy float64
	at := math.Log(limit)
	for i := range f.points {
		if p := &f.points[i]; p.limit > low {
			w := nearness(p.span, at)
			weight, su, sy = weight+w, su+w*p.u, sy+w*p.y
		}
	}
	u := depth(f.usage, limit)
	if weight == 0 || math.IsInf(u, 1) {
		return math.Inf(1), 1
	}
	mu, my := su/weight, sy/weight
	s := f.noise.sigma()
	lambda := s * s / (fitSlopeDoubt * fitSlopeDoubt)
	suu, suy := lambda, lambda*fitSlope
	for i := range f.points {
		if p := &f.points[i]; p.limit > low {
			w := nearness(p.span, at)
			suu, suy = suu+w*(p.u-mu)*(p.u-mu), suy+w*(p.u-mu)*(p.y-my)
		}
	}
	slope := max(fitLeastSlope, suy/suu)
	if bold {
		return my + slope*(u-mu), s * math.Sqrt(1+1/weight)
	}
	return my + slope*(u-mu), s * math.Sqrt(1+1/weight+(u-mu)*(u-mu)/suu)
}

// nearness is the weight of a point from the logarithms of its limit and of the one asked about.
func nearness(span, at float64) float64 {
	d := (span - at) / fitReach
	return 1 / (1 + d*d)
}

// confidence that one more run at a limit meets the SLO.
func (f *fit) confidence(limit, low float64) float64 {
	mean, deviation := f.predict(limit, low, false)
	if math.IsInf(mean, 1) {
		return 0
	}
	return tCDF(-mean/deviation, f.noise.degrees())
}

// confidenceAfter is the confidence once one more run, which is not among the points, has met the SLO. Both runs lie
// around the same mean, and the doubt in that they share: their y are correlated by ρ = 1 − s²/deviation². With
// z = −mean/deviation as a normal deviate, p = Φ(z) and φ its density, the tetrachoric series (Pearson, "On the
// correlation of characters not quantitatively measurable", Phil. Trans. 1900) gives for both
//
//	P(both) ≈ p² + φ² (ρ + ρ²z²/2 + ρ³(z²−1)²/6)
//
// which is a little too low where ρ is near 1. Worked, p = 0.871 (z = 1.13), ρ = 0.23: P(both) = 0.7703, and the confidence
// is 0.884.
func (f *fit) confidenceAfter(limit, low float64) float64 {
	p := f.confidence(limit, low)
	if !f.again || p < 1e-3 || p > 1-1e-9 {
		return p
	}
	_, deviation := f.predict(limit, low, false)
	s := f.noise.sigma()
	return min(1, bothMet(p, 1-s*s/(deviation*deviation))/p)
}

// bothMet is the probability that two runs correlated by rho meet what each meets with probability p.
func bothMet(p, rho float64) float64 {
	z := normalQuantile(p)
	density := math.Exp(-z*z/2) / math.Sqrt(2*math.Pi)
	return p*p + density*density*(rho+rho*rho*z*z/2+rho*rho*rho*(z*z-1)*(z*z-1)/6)
}

// enough is confidence ≥ p with the t quantile already known: no incomplete beta per call.
func (f *fit) enough(limit, low, t float64, bold bool) bool {
	mean, deviation := f.predict(limit, low, bold)
	return mean+t*deviation <= 0
}
