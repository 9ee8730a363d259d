package sim

// MeasuredCurve is a table read from a sweep of a real process, and how it was read.
type MeasuredCurve struct {
	Name   string
	Points []CurvePoint
}

// MeasuredCurves are tables that no formula of this repository assumes: single trials of 8 to 13 s of real processes under
// open-loop load in a cgroup of their own with a CPU quota, on two cores. p99 is over that without a quota; points out of
// order were made monotone. The first two come from a Go HTTP service with other work beside it (usage 94m under steady
// arrivals, 250m under Poisson arrivals); their trials were not kept. The other two were read by `test/oracle -curve` on a
// machine that did nothing else, from the demo service (usage 364m) and a Go cache (usage 247m).
func MeasuredCurves() []MeasuredCurve {
	return []MeasuredCurve{
		{Name: "Go, steady arrivals", Points: []CurvePoint{{1.005, 7.5, 0.94}, {1.06, 7, 0.9}, {1.11, 1.5, 0.05}, {1.37, 1.02, 0}, {2, 1, 0}}},
		{Name: "Go, Poisson arrivals", Points: []CurvePoint{{1.01, 47, 0.85}, {1.2, 32, 0.38}, {1.29, 4.6, 0.27}, {1.77, 2.9, 0.07}, {2.4, 1, 0}}},
		{Name: "demo service", Points: []CurvePoint{
			{1.056, 13.4, 0.52}, {1.078, 7.3, 0.38}, {1.1, 1.64, 0.13}, {1.122, 1.18, 0.041}, {1.144, 1.18, 0.03}, {1.191, 1, 0}, {2, 1, 0},
		}},
		{Name: "Go cache", Points: []CurvePoint{
			{0.987, 15.3, 0.63}, {1.008, 9.1, 0.63}, {1.028, 4.3, 0.25}, {1.048, 1.82, 0.17}, {1.068, 1.22, 0.17}, {1.113, 1.19, 0.05}, {1.25, 1, 0.01}, {2, 1, 0},
		}},
	}
}
