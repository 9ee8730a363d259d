package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/plimsoll/plimsoll/reports"
	"github.com/plimsoll/plimsoll/runlog"
	"github.com/plimsoll/plimsoll/tuner"
)

// savedReport is the part of a report.json that another run begins with or is compared with.
type savedReport struct {
	SchemaVersion int             `json:"schema_version"`
	Simulated     bool            `json:"simulated"`
	Machine       reports.Machine `json:"machine"`
	Goal          tuner.Goal      `json:"goal"`
	Result        *tuner.Result   `json:"result"`
	Trials        []tuner.Trial   `json:"trials"`
}

// readReport reads a report.json that holds something to compare with. Every error is the user's.
func readReport(path string) (savedReport, error) {
	r, err := decodeReport(path)
	if err == nil && len(tuner.BaselineTrials(r.Result, r.Trials)) == 0 {
		err = usage(fmt.Errorf("%s has no trial at the settings it ended with, so there is nothing to compare with", path))
	}
	return r, err
}

// decodeReport reads a report.json. Every error is the user's.
func decodeReport(path string) (savedReport, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return savedReport{}, usage(err)
	}
	var r savedReport
	if err := json.Unmarshal(text, &r); err != nil {
		return r, usage(fmt.Errorf("%s is no report.json: %w", path, err))
	}
	if r.SchemaVersion != reports.SchemaVersion {
		return r, usage(fmt.Errorf("%s has schema version %d; this plimsoll reads version %d", path, r.SchemaVersion, reports.SchemaVersion))
	}
	return r, nil
}

// readBaseline reads the baseline of a check of goal. A baseline that says nothing of this machine or this load is no
// error of usage: nothing can be measured against it.
func readBaseline(path string, b *bench, otherMachine bool) ([]tuner.Trial, error) {
	r, err := readReport(path)
	if err != nil {
		return nil, fmt.Errorf("--baseline: %w", err)
	}
	here := reports.Machine(runlog.ThisMachine())
	switch {
	case r.Simulated != b.simulated:
		return nil, usage(fmt.Errorf("--baseline: %s and this workload are not both simulated, or both real", path))
	case !tuner.SameLoad(r.Goal, b.goal):
		return nil, exitError{exitNotMeasured, fmt.Errorf(
			"--baseline: %s was measured under another load than the scenarios %s and %s of this file; make a new one with \"plimsoll check\" without --baseline",
			path, b.goal.Tuning.Probe, b.goal.Tuning.Confirm)}
	case !b.simulated && !otherMachine && !sameKind(r.Machine, here):
		return nil, exitError{exitNotMeasured, fmt.Errorf(
			"--baseline: %s was measured on another kind of machine (%s, %d cores, %s; this is %s, %d cores, %s); make one here, or --allow-other-machine",
			path, r.Machine.CPU, r.Machine.Cores, r.Machine.Arch, here.CPU, here.Cores, here.Arch)}
	}
	return tuner.BaselineTrials(r.Result, r.Trials), nil
}

// sameKind says whether figures of one machine say something of another: same processor, same number of cores. Kernel and
// memory may differ.
func sameKind(a, b reports.Machine) bool {
	return a.OS == b.OS && a.Arch == b.Arch && a.CPU == b.CPU && a.Cores == b.Cores
}
