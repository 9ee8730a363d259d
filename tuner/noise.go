package tuner

import "math"

// noise is the run-to-run noise of one figure, measured in the trials of this very service.
//
// Every group of trials at equal settings is a sample of the same distribution of ln(figure). With SS the sum of
// squared deviations from each group's mean and ν = Σ(size−1) degrees of freedom, and with a prior worth ν₀ degrees at
// σ₀ (an inverse-χ² prior: Gelman et al., Bayesian Data Analysis, 3rd ed., §3.3), the estimate is
//
//	s² = (ν₀·σ₀² + SS) / (ν₀ + ν)
//
// and a new run lies below mean + t(p; ν₀+ν)·s·√(1 + 1/n) with probability p. Two repeats can't make the noise look
// like nothing, and the t factor shrinks as evidence comes in.
//
// Worked: groups {0.1, 0.3} and {0, 0, 0.3} have SS = 0.02 + 0.06 = 0.08, ν = 3; with σ₀ = 0.1, ν₀ = 2:
// s² = (0.02 + 0.08)/5 = 0.02, s = 0.141, t(0.95; 5) = 2.015.
type noise struct {
	prior, priorWeight float64 // σ₀ and ν₀
	squares, freedom   float64 // SS and ν
}

// addGroup adds a group of logarithms.
func (n *noise) addGroup(g group) {
	if g.count < 2 {
		return
	}
	n.squares += max(0, g.squares-g.sum*g.sum/float64(g.count))
	n.freedom += float64(g.count - 1)
}

// group sums the figures of trials at equal settings, and their squares.
type group struct {
	count        int
	sum, squares float64
}

func (g *group) add(y float64) { g.count, g.sum, g.squares = g.count+1, g.sum+y, g.squares+y*y }

func (g *group) mean() float64 { return g.sum / float64(g.count) }

func (n noise) sigma() float64 {
	return math.Sqrt((n.priorWeight*n.prior*n.prior + n.squares) / (n.priorWeight + n.freedom))
}

// measured is the noise without what was assumed of it; freedom is at least 1.
func (n noise) measured() float64 { return math.Sqrt(n.squares / n.freedom) }

func (n noise) degrees() float64 { return n.priorWeight + n.freedom }

// normalCDF is the probability that a standard normal value is below z. Beyond 8.5 deviations, where it is within 1e-17
// of 0 or 1, it is just that.
func normalCDF(z float64) float64 {
	switch {
	case z > 8.5:
		return 1
	case z < -8.5:
		return 0
	}
	return 0.5 * math.Erfc(-z/math.Sqrt2)
}

// normalQuantile is the z below which a standard normal value is with probability p, 0 < p < 1.
func normalQuantile(p float64) float64 { return -math.Sqrt2 * math.Erfcinv(2*p) }

// tCDF is the probability that a value of Student's t with ν degrees of freedom is below t:
// 1 − I(ν/(ν+t²); ν/2, ½)/2 for t ≥ 0, with I the regularised incomplete beta function (Abramowitz & Stegun 26.7.1).
func tCDF(t, degrees float64) float64 {
	tail := 0.5 * incompleteBeta(degrees/(degrees+t*t), degrees/2, 0.5)
	if t < 0 {
		return tail
	}
	return 1 - tail
}

// tQuantile inverts tCDF for 0.5 ≤ p < 1 by bisection: t(0.95; 5) = 2.015, t(0.975; 10) = 2.228.
func tQuantile(p, degrees float64) float64 {
	low, high := 0.0, 1.0
	for tCDF(high, degrees) < p && high < 1e4 {
		high *= 2
	}
	for range 50 {
		middle := (low + high) / 2
		if tCDF(middle, degrees) < p {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

// incompleteBeta is I(x; a, b) by its continued fraction (Abramowitz & Stegun 26.5.8, evaluated after Lentz).
func incompleteBeta(x, a, b float64) float64 {
	if x <= 0 || x >= 1 {
		return max(0, min(1, x))
	}
	if x > (a+1)/(a+b+2) {
		return 1 - incompleteBeta(1-x, b, a)
	}
	la, _ := math.Lgamma(a)
	lb, _ := math.Lgamma(b)
	lab, _ := math.Lgamma(a + b)
	front := math.Exp(lab-la-lb+a*math.Log(x)+b*math.Log1p(-x)) / a
	const tiny = 1e-300
	f, c, d := 1.0, 1.0, 0.0
	for i := range 200 {
		m := float64(i / 2)
		step := 1.0
		switch {
		case i == 0:
		case i%2 == 0:
			step = m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m))
		default:
			step = -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))
		}
		d = 1 / nonZero(1+step*d, tiny)
		c = nonZero(1+step/c, tiny)
		f *= c * d
		if math.Abs(c*d-1) < 1e-10 && i > 0 {
			break
		}
	}
	return front * (f - 1)
}

func nonZero(x, tiny float64) float64 {
	if math.Abs(x) < tiny {
		return tiny
	}
	return x
}
