package sim

// Curves measured on real processes, that no formula of this repository assumes: the Go service of 200 hits/s was swept
// in its own cgroup with a CPU quota, on two cores.
//
// Measured is every such table.
var Measured = []MeasuredCurve{
	{Name: "go, steady arrivals", Points: []CurvePoint{{1.005, 30, 0.9}, {1.06, 7, 0.85}, {1.11, 3, 0.05}, {1.36, 1.2, 0}, {2, 1, 0}}},
}

// MeasuredCurve is one table and where it was measured.
type MeasuredCurve struct {
	Name   string
	Points []CurvePoint
}
