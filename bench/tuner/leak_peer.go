package main

import (
	"math"
	"slices"
)

// peerFindsLeak is the best rule known for a memory leak in a soak: the minima of 24 blocks trend upwards
// (Mann–Kendall, p < 0.01), by more than 2 % of their level (Theil–Sen), and the second half of them alone does too
// (p < 0.1, at a quarter of the slope or more).
//
// Mann–Kendall's Z = (S ∓ 1) / √(n(n−1)(2n+5)/18), S the number of pairs that rise less that of those that fall.
func peerFindsLeak(mib []float64) bool {
	const blocks = 24
	floor := make([]float64, blocks)
	for b := range floor {
		floor[b] = slices.Min(mib[b*len(mib)/blocks : (b+1)*len(mib)/blocks])
	}
	half := floor[blocks/2:]
	slope, level := pairSlope(floor), slices.Min(floor)
	return mannKendall(floor) > 2.33 && slope*blocks > 0.02*level &&
		mannKendall(half) > 1.28 && pairSlope(half)*float64(len(half)) > 0.25*slope*blocks
}

// mannKendall is the Z of a trend in y.
func mannKendall(y []float64) float64 {
	s := 0.0
	for i := range y {
		for _, later := range y[i+1:] {
			switch {
			case later > y[i]:
				s++
			case later < y[i]:
				s--
			}
		}
	}
	n := float64(len(y))
	if s != 0 {
		s -= math.Copysign(1, s)
	}
	return s / math.Sqrt(n*(n-1)*(2*n+5)/18)
}

// pairSlope is the median slope between all pairs of points one apart in time.
func pairSlope(y []float64) float64 {
	var slopes []float64
	for i := range y {
		for j := i + 1; j < len(y); j++ {
			slopes = append(slopes, (y[j]-y[i])/float64(j-i))
		}
	}
	slices.Sort(slopes)
	return slopes[len(slopes)/2]
}
