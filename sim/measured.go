package sim

// MeasuredCurve is a table read from a sweep of a real process, and how it was read.
type MeasuredCurve struct {
	Name   string
	Points []CurvePoint
}

// MeasuredCurves are tables that no formula of this repository assumes. They come from a Go HTTP service under
// open-loop load in a cgroup of its own with a CPU quota, on two cores with other work beside it: single trials of 8 to
// 12 s, with usage 94m (steady arrivals) and 250m (Poisson arrivals). p99 is over that without a quota; points out of order
// were made monotone. The trials themselves were not kept, and the tables have not been measured again.
func MeasuredCurves() []MeasuredCurve {
	return []MeasuredCurve{
		{Name: "Go, steady arrivals", Points: []CurvePoint{{1.005, 7.5, 0.94}, {1.06, 7, 0.9}, {1.11, 1.5, 0.05}, {1.37, 1.02, 0}, {2, 1, 0}}},
		{Name: "Go, Poisson arrivals", Points: []CurvePoint{{1.01, 47, 0.85}, {1.2, 32, 0.38}, {1.29, 4.6, 0.27}, {1.77, 2.9, 0.07}, {2.4, 1, 0}}},
	}
}
