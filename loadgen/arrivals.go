package loadgen

import (
	"math"
	"math/rand/v2"
)

// arrivals yields where on the integral of the rate each hit lies, ascending: 0, 1, 2, … for uniform arrivals, the
// sums of independent exponential variates of mean 1 for Poisson arrivals.
type arrivals struct {
	position float64
	// random is nil for uniform arrivals.
	random *rand.Rand
}

func uniformArrivals() arrivals { return arrivals{position: -1} }

// poissonArrivals draws from PCG-DXSM, whose output Go's documentation fixes, so that a seed means the same schedule on
// every machine and with every version of Go.
func poissonArrivals(seed uint64) arrivals {
	return arrivals{random: rand.New(rand.NewPCG(seed, 0x506c696d736f6c6c))}
}

// next yields the position of the next hit.
func (a *arrivals) next() float64 {
	if a.random == nil {
		a.position++
	} else {
		// −ln(1−U) for U uniform over [0, 1) is exponential with mean 1 (inversion).
		a.position -= math.Log1p(-a.random.Float64())
	}
	return a.position
}
