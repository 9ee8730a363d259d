package tuner

import (
	"math"

	"github.com/plimsoll/plimsoll/scenarios"
)

// roundingRatio is the most that rounding may add to a value: it has to stay well below the distance at which two
// limits can be told apart (resolution).
const roundingRatio = 0.01

// roundUp returns the smallest value people would write that is not below x: a multiple of 1, 2 or 5 times a power of
// ten (millicores, or MiB), the coarsest that adds at most roundingRatio. Memory below 50Mi goes by 64Ki.
//
//	CPU 103.2 → 104, 231.4 → 232, 1031 → 1040 millicores     memory 71.3Mi → 72Mi, 391.2Mi → 392Mi, 5.2Mi → 5376Ki
func roundUp(r Resource, x float64) int64 {
	unit := 1.0
	if r == Memory {
		unit = float64(scenarios.MiB)
		if x < 50*unit {
			return ceilTo(x, float64(64*scenarios.KiB))
		}
	}
	return ceilTo(x, unit*niceStep(x/unit*roundingRatio))
}

func ceilTo(x, step float64) int64 {
	// The small slack keeps 104.0000001, the result of a product, from becoming 106.
	return int64(math.Ceil(x/step-1e-9) * step)
}

// niceStep is the largest of 1, 2, 5, 10, 20, … that is at most x; 1 where x is below 1.
func niceStep(x float64) float64 {
	step := 1.0
	for i := 0; ; i++ {
		next := step * 2
		if i%3 == 1 {
			next = step * 2.5
		}
		if next > x {
			return step
		}
		step = next
	}
}
