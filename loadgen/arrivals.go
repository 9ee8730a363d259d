package loadgen

import (
	"math"
	"math/rand/v2"

	"github.com/plimsoll/plimsoll/scenarios"
)

// arrivals yields where on the integral of the rate each hit lies, ascending: hit k at k for uniform arrivals, at the
// sum of k+1 independent exponential variates of mean 1 for Poisson arrivals. It yields those k with k mod of = part.
type arrivals struct {
	part, of int64
	// number of the hit that comes next, of all parts.
	number int64
	// random is nil for uniform arrivals; position is that of the hit before.
	random   *rand.Rand
	position float64
}

// newArrivals yields the hits of all parts. seed matters to Poisson arrivals only.
func newArrivals(a scenarios.Arrivals, seed uint64) arrivals {
	if a != scenarios.Poisson {
		return arrivals{of: 1}
	}
	// Go's documentation fixes the output of PCG, so a seed means the same schedule on every machine and with every
	// version of Go.
	return arrivals{of: 1, random: rand.New(rand.NewPCG(seed, 0x506c696d736f6c6c))}
}

// next yields the number and the position of the next hit.
func (a *arrivals) next() (k int64, position float64) {
	if a.random == nil {
		k = a.number + (a.part-a.number%a.of+a.of)%a.of
		a.number = k + 1
		return k, float64(k)
	}
	for {
		// −ln(1−U) for U uniform over [0, 1) is exponential with mean 1 (inversion).
		a.position -= math.Log1p(-a.random.Float64())
		a.number++
		if k = a.number - 1; k%a.of == a.part {
			return k, a.position
		}
	}
}
