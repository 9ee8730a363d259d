//go:build !linux

package loadgen

// newOfferers returns what offers the hits of j.
func newOfferers(j *job, t *traffic, recorders []*recorder) ([]offerer, error) {
	return newCrews(j, t, recorders)
}
