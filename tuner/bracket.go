package tuner

import "math"

// bracket is what signs alone say about a demand: each trial at value x was enough, or was not. The demand of a run
// varies with the run: ln(demand of a run) is normal around n with standard deviation σ, so a trial at x is enough
// with probability Φ((ln x − n)/σ). Neither n nor σ is known; with a prior that is flat over [low, high] for n, and the
// few σ below, the posterior is
//
//	p(n, σ) ∝ p(σ) · Π enough Φ((ln x − n)/σ) · Π not enough Φ((n − ln x)/σ)
//
// and a limit x is enough for the next run with probability ∫ Φ((ln x − n)/σ) p(n, σ). (Threshold estimation with a
// probit link: Waeber, Frazier & Henderson, "Bisection search with noisy responses", SIAM J. Control Optim. 2013.)
// A small share of signs is taken to be wrong, so that one freak trial can't rule anything out.
//
// Worked, σ → 0: not enough at 8, enough at 16 leaves n flat over ln 8 … ln 16: the median is 8·√2 = 11.3, and
// 16/2^0.05 = 15.5 is enough with probability 0.95.
type bracket struct {
	low, step float64 // ln value of the first cell, and the width of a cell
	mass      [len(bracketSigmas)][bracketCells]float64
	// from and to bound the cells of each noise that are still worth a look: outside of them the mass is 0.
	from, to [len(bracketSigmas)]int
}

const bracketCells = 128

// bracketSigmas are the noises considered: standard deviations of ln(demand of a run); and how likely each is at first.
var (
	bracketSigmas  = [...]float64{0.008, 0.02, 0.045, 0.1}
	bracketWeights = [...]float64{0.3, 0.4, 0.22, 0.08}
)

// wrongSign is the share of signs taken to be wrong.
const wrongSign = 0.01

// newBracket is flat over [low, high], both natural logarithms.
func newBracket(low, high float64) *bracket {
	b := &bracket{low: low, step: max(high-low, 1e-6) / (bracketCells - 1)}
	for k := range b.mass {
		b.to[k] = bracketCells
		for i := range b.mass[k] {
			b.mass[k][i] = bracketWeights[k]
		}
	}
	return b
}

func (b *bracket) at(i int) float64 { return b.low + float64(i)*b.step }

// weigh multiplies every cell by a likelihood of its n and of bracketSigmas[k].
func (b *bracket) weigh(likelihood func(n float64, k int) float64) {
	sum := 0.0
	for k := range b.mass {
		for i := b.from[k]; i < b.to[k]; i++ {
			if b.mass[k][i] > 0 {
				b.mass[k][i] *= likelihood(b.at(i), k)
				sum += b.mass[k][i]
			}
		}
	}
	for k := range b.mass {
		from, to := b.to[k], b.from[k]
		for i := b.from[k]; i < b.to[k]; i++ {
			if b.mass[k][i] /= sum; b.mass[k][i] < 1e-9 {
				b.mass[k][i] = 0
				continue
			}
			from, to = min(from, i), i+1
		}
		b.from[k], b.to[k] = from, max(from, to)
	}
}

// sign is what some trials say: the value whose logarithm is x was enough in yes of them, and was not in no.
type sign struct {
	x       float64
	yes, no int
}

// add adds the signs of trials at one value.
func (b *bracket) add(s sign) {
	b.weigh(func(n float64, k int) float64 {
		p := chance((s.x - n) / bracketSigmas[k])
		return power(wrongSign+(1-wrongSign)*p, s.yes) * power(wrongSign+(1-wrongSign)*(1-p), s.no)
	})
}

const (
	// chanceEnd is the z from which chance is 1: most cells are that far from a sign.
	chanceEnd = 5
	// chanceSteps is how many points of Φ are kept for each unit of z: a straight line between two is within
	// 0.242/(8·256²) = 5·10⁻⁷ of it, as 0.242 is the most that φ changes by over one.
	chanceSteps = 256
	chanceCells = 2 * chanceEnd * chanceSteps
)

// chances are Φ(z) from z = −chanceEnd on.
var chances = func() (table [chanceCells + 2]float64) {
	for i := range table {
		table[i] = normalCDF(float64(i)/chanceSteps - chanceEnd)
	}
	return table
}()

// chance is Φ(z) to within 10⁻⁶, and 0 or 1 beyond chanceEnd: wrongSign is far more, and a decision asks for it thousands of
// times.
func chance(z float64) float64 {
	switch {
	case z >= chanceEnd:
		return 1
	case z > -chanceEnd:
		at := (z + chanceEnd) * chanceSteps
		i := int(at)
		return chances[i] + (at-float64(i))*(chances[i+1]-chances[i])
	}
	return 0
}

// power is x to the n, n ≥ 0 and small.
func power(x float64, n int) float64 {
	p := 1.0
	for range n {
		p *= x
	}
	return p
}

// floor says that the demand is hardly below x; doubt is the probability that it is after all.
func (b *bracket) floor(x, doubt float64) {
	b.weigh(func(n float64, k int) float64 { return doubt + (1-doubt)*chance((n-x)/bracketSigmas[k]) })
}

// spread adds measured repeats: squares is the sum of squared deviations, freedom its degrees of freedom. The likelihood
// of a normal sample is σ^−ν · exp(−SS/2σ²).
func (b *bracket) spread(squares, freedom float64) {
	var likelihood [len(bracketSigmas)]float64 // its logarithm at first: a wide spread is beyond what a float64 holds
	most := math.Inf(-1)
	for k, sigma := range bracketSigmas {
		likelihood[k] = -freedom*math.Log(sigma) - squares/(2*sigma*sigma)
		most = max(most, likelihood[k])
	}
	for k := range likelihood {
		likelihood[k] = math.Exp(likelihood[k] - most)
	}
	b.weigh(func(_ float64, k int) float64 { return likelihood[k] })
}

// sigma is the mean noise.
func (b *bracket) sigma() float64 {
	sum := 0.0
	for k := range b.mass {
		for _, m := range b.mass[k][b.from[k]:b.to[k]] {
			sum += m * bracketSigmas[k]
		}
	}
	return sum
}

// median of n.
func (b *bracket) median() float64 { return math.Log(b.percentile(0.5)) }

// percentile is the value below which n is with probability p.
func (b *bracket) percentile(p float64) float64 {
	sum := 0.0
	for i := range bracketCells {
		for k := range b.mass {
			sum += b.mass[k][i]
		}
		if sum >= p {
			return math.Exp(b.at(i))
		}
	}
	return math.Exp(b.at(bracketCells - 1))
}

// confidence that the value whose logarithm is x is enough for one more run.
func (b *bracket) confidence(x float64) float64 { return b.confidenceUpTo(x, math.Inf(1)) }

// confidenceUpTo is confidence, or a value from enough to it as soon as that much is certain.
func (b *bracket) confidenceUpTo(x, enough float64) float64 {
	p := 0.0
	for k := range b.mass {
		for i := b.from[k]; i < b.to[k] && p < enough; i++ {
			if m := b.mass[k][i]; m > 1e-6 {
				p += m * chance((x-b.at(i))/bracketSigmas[k])
			}
		}
	}
	return p
}

// quantile is the logarithm of the least value that is enough with probability p.
func (b *bracket) quantile(p float64) float64 {
	low, high := b.low, b.at(bracketCells-1)+0.4
	for range 14 {
		middle := (low + high) / 2
		if b.confidenceUpTo(middle, p) < p {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}
