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

// measures refuses a baseline at path that says nothing of a workload with this goal. That is no error of usage: nothing can
// be measured against it.
func (r savedReport) measures(path string, goal tuner.Goal, simulated bool) error {
	if r.Simulated != simulated {
		return usage(fmt.Errorf("--baseline: %s and this workload are not both simulated, or both real", path))
	}
	if how := tuner.OtherLoad(r.Goal, goal); how != "" {
		return exitError{exitNotMeasured, fmt.Errorf(
			"--baseline: %s was measured under another load than this file has: %s; make a new one with \"plimsoll check\" without --baseline", path, how)}
	}
	return nil
}

// fits refuses a baseline at path that says nothing of the workload on this bench, or of the machines that header tells.
func (r savedReport) fits(path string, b *bench, header runlog.Header, otherMachine bool) error {
	if err := r.measures(path, b.goal, b.simulated); err != nil || b.simulated || otherMachine {
		return err
	}
	if how := otherKind(r.Machine, reports.Machine(header.Machine)); how != "" {
		return exitError{exitNotMeasured, fmt.Errorf("--baseline: %s was measured on another kind of machine: %s; make one here, or --allow-other-machine", path, how)}
	}
	return nil
}

// otherKind says why figures of one machine say nothing of another: another processor or number of cores, or one that is not
// known. Empty where they do. Kernel and memory may differ.
func otherKind(a, b reports.Machine) string {
	switch {
	case a.OS != b.OS || a.Arch != b.Arch || a.CPU != b.CPU || a.Cores != b.Cores:
		return fmt.Sprintf("%s, and %s", machineText(a), machineText(b))
	case a.CPU == "":
		return "the kind of its processor is not known"
	}
	return ""
}

func machineText(m reports.Machine) string {
	cpu := m.CPU
	if cpu == "" {
		cpu = "a processor that is not known"
	}
	return fmt.Sprintf("%s, %d cores, %s", cpu, m.Cores, m.Arch)
}
