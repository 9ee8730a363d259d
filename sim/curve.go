package sim

import "math"

// Queue is the tail of a queue: stretch (1 − 1/depth)^−g. Bursts reach the quota before the mean does, so periods are
// throttled long before depth 1: in the share 1/depth³ of them.
func Queue(g float64) Curve {
	return func(depth float64) (float64, float64) {
		free := 1 - 1/depth
		return math.Pow(free, -g), math.Pow(1/depth, 3)
	}
}

// CurvePoint is one row of a table: at this limit over usage, latency is this many times that with endless CPU.
type CurvePoint struct{ Depth, Stretch, Throttled float64 }

// Table replays points measured elsewhere, ascending by depth, straight between their logarithms, flat above the last;
// below the first it goes on as steeply as between the first two.
func Table(points []CurvePoint) Curve {
	return func(depth float64) (float64, float64) {
		i := 0
		for i < len(points)-2 && depth > points[i+1].Depth {
			i++
		}
		a, b := points[i], points[i+1]
		if depth >= b.Depth {
			return b.Stretch, b.Throttled
		}
		t := math.Log(depth/a.Depth) / math.Log(b.Depth/a.Depth)
		stretch := math.Exp(math.Log(a.Stretch) + t*math.Log(b.Stretch/a.Stretch))
		throttled := a.Throttled + t*(b.Throttled-a.Throttled)
		return stretch, math.Max(0, math.Min(1, throttled))
	}
}
