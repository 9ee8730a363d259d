package tuner

import "math"

// bracket is what signs alone say about a demand: each trial at value x was enough, or was not. The demand of a run
// varies with the run: ln(demand of a run) is normal around n with standard deviation σ, so a trial at x is enough
// with probability Φ((ln x − n)/σ). n itself is not known; with a prior that is flat over [low, high] the posterior is
//
//	p(n) ∝ floor(n) · Π enough Φ((ln x − n)/σ) · Π not enough Φ((n − ln x)/σ)
//
// and a limit x is enough for the next run with probability ∫ Φ((ln x − n)/σ) p(n) dn. (Threshold estimation with a
// probit link: Waeber, Frazier & Henderson, "Bisection search with noisy responses", SIAM J. Control Optim. 2013.)
// A small share of signs is taken to be wrong, so that one freak trial can't rule anything out.
//
// Worked, σ → 0: not enough at 8, enough at 16 leaves n flat over ln 8 … ln 16: the median is 8·√2 = 11.3, and
// 16/2^0.05 = 15.5 is enough with probability 0.95.
type bracket struct {
	low, step float64 // ln value of the first cell, and the width of a cell
	sigma     float64
	mass      [bracketCells]float64 // of each cell; sums to 1 after normalise
}

const bracketCells = 256

// wrongSign is the share of signs taken to be wrong.
const wrongSign = 0.01

// newBracket is flat over [low, high], both natural logarithms.
func newBracket(low, high, sigma float64) *bracket {
	b := &bracket{low: low, step: max(high-low, 1e-6) / (bracketCells - 1), sigma: sigma}
	for i := range b.mass {
		b.mass[i] = 1
	}
	return b
}

func (b *bracket) at(i int) float64 { return b.low + float64(i)*b.step }

// enough adds a trial: the value whose logarithm is x was enough, or was not.
func (b *bracket) enough(x float64, yes bool) {
	for i := range b.mass {
		p := normalCDF((x - b.at(i)) / b.sigma)
		if !yes {
			p = 1 - p
		}
		b.mass[i] *= wrongSign + (1-wrongSign)*p
	}
	b.normalise()
}

// floor says that the demand is hardly below x; doubt is the probability that it is after all.
func (b *bracket) floor(x, doubt float64) {
	for i := range b.mass {
		b.mass[i] *= doubt + (1-doubt)*normalCDF((b.at(i)-x)/b.sigma)
	}
	b.normalise()
}

func (b *bracket) normalise() {
	sum := 0.0
	for _, m := range b.mass {
		sum += m
	}
	for i := range b.mass {
		b.mass[i] /= sum
	}
}

// median of n.
func (b *bracket) median() float64 {
	sum := 0.0
	for i, m := range b.mass {
		if sum += m; sum >= 0.5 {
			return b.at(i)
		}
	}
	return b.at(bracketCells - 1)
}

// confidence that the value whose logarithm is x is enough for one more run.
func (b *bracket) confidence(x float64) float64 {
	p := 0.0
	for i, m := range b.mass {
		if m > 1e-9 {
			p += m * normalCDF((x-b.at(i))/b.sigma)
		}
	}
	return p
}

// quantile is the logarithm of the least value that is enough with probability p.
func (b *bracket) quantile(p float64) float64 {
	low, high := b.low, b.at(bracketCells-1)+4*b.sigma
	for range 30 {
		middle := (low + high) / 2
		if b.confidence(middle) < p {
			low = middle
		} else {
			high = middle
		}
	}
	return math.Min(high, b.at(bracketCells-1)+4*b.sigma)
}

// percentile is the value below which n is with probability p.
func (b *bracket) percentile(p float64) float64 {
	sum := 0.0
	for i, m := range b.mass {
		if sum += m; sum >= p {
			return math.Exp(b.at(i))
		}
	}
	return math.Exp(b.at(bracketCells - 1))
}
