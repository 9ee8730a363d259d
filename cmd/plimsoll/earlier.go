package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/plimsoll/plimsoll/reports"
	"github.com/plimsoll/plimsoll/tuner"
)

// earlierReport is the part of a report.json that a search can begin with.
type earlierReport struct {
	SchemaVersion int          `json:"schema_version"`
	Simulated     bool         `json:"simulated"`
	Result        tuner.Result `json:"result"`
}

// earlierResult reads the result of an earlier search of the same workload from its report.json. Every error is the
// user's: a report that verified nothing, or that is of other containers, has nothing to begin with.
func earlierResult(path string, b *bench) (*tuner.Result, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, usage(fmt.Errorf("--from: %w", err))
	}
	var r earlierReport
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, usage(fmt.Errorf("--from: %s is no report.json: %w", path, err))
	}
	switch {
	case r.SchemaVersion != reports.SchemaVersion:
		return nil, usage(fmt.Errorf("--from: %s has schema version %d; this plimsoll reads version %d", path, r.SchemaVersion, reports.SchemaVersion))
	case r.Simulated != b.simulated:
		return nil, usage(fmt.Errorf("--from: %s and this workload are not both simulated, or both real", path))
	case !r.Result.Verified:
		return nil, usage(fmt.Errorf("--from: %s has no limits that a soak confirmed; run without --from", path))
	}
	for _, c := range b.goal.Before {
		if _, ok := r.Result.Settings.Of(c.Container); !ok {
			return nil, usage(fmt.Errorf("--from: %s has no container %q; run without --from", path, c.Container))
		}
	}
	return &r.Result, nil
}
