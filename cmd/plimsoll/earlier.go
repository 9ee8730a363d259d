package main

import (
	"fmt"

	"github.com/plimsoll/plimsoll/tuner"
)

// earlierResult reads the result of an earlier search of the same workload from its report.json. Every error is the
// user's: a report that verified nothing, or that is of other containers, has nothing to begin with.
func earlierResult(path string, b *bench) (*tuner.Result, error) {
	r, err := decodeReport(path)
	if err != nil {
		return nil, fmt.Errorf("--from: %w", err)
	}
	switch {
	case r.Simulated != b.simulated:
		return nil, usage(fmt.Errorf("--from: %s and this workload are not both simulated, or both real", path))
	case r.Result == nil || !r.Result.Verified:
		return nil, usage(fmt.Errorf("--from: %s has no limits that a soak confirmed; run without --from", path))
	}
	for _, c := range b.goal.Before {
		if _, ok := r.Result.Settings.Of(c.Container); !ok {
			return nil, usage(fmt.Errorf("--from: %s has no container %q; run without --from", path, c.Container))
		}
	}
	return r.Result, nil
}
