//go:build !linux

package loadgen

import "context"

// newOfferers returns what offers the hits of j.
func newOfferers(ctx context.Context, j *job, t *traffic, recorders []*recorder) ([]offerer, error) {
	return newCrews(ctx, j, t, recorders)
}
