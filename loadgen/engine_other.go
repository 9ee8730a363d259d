//go:build !linux

package loadgen

import "errors"

// offerers returns what offers the hits of j.
func offerers(j *job, t *traffic, recorders []*recorder) ([]offerer, error) {
	return nil, errors.New("only Linux is supported so far")
}
