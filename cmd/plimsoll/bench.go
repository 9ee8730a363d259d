package main

import (
	"context"
	"fmt"
	"time"

	"github.com/plimsoll/plimsoll/loadgen"
	"github.com/plimsoll/plimsoll/observer"
	"github.com/plimsoll/plimsoll/observer/cgroup"
	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/sim"
	"github.com/plimsoll/plimsoll/trial"
	"github.com/plimsoll/plimsoll/tuner"
	"github.com/plimsoll/plimsoll/tuner/compat"
	"github.com/plimsoll/plimsoll/workload/local"
)

// bench is a workload with the runner that runs trials on it.
type bench struct {
	// file is the scenario file, completed by what the workload itself tells.
	file      scenarios.File
	goal      tuner.Goal
	runner    tuner.Runner
	simulated bool
	// clock is the runner's: real time, or a simulation's virtual time.
	clock func() time.Duration
	// watch makes the runner tell v how a trial goes.
	watch func(v *view)
	// around is what may act on a workload in a cluster; nil elsewhere.
	around []byte
	// beside runs the trial beside the workload's autoscalers, under settings that were derived; nil where there is none to
	// run.
	beside func(context.Context, compat.Measured, *terminal) compat.Coexistence
	// warnings are what the result will lack, known before the first trial.
	warnings []string
	// keep makes close leave settings in place; nil where nothing is to be left.
	keep func(tuner.Settings)
	// close puts everything back. Its error is an exitError with code 4.
	close func() error
}

// closeTime is how long putting back may take: several times the grace that a replica has to stop.
const closeTime = time.Minute

// open makes the bench for the kind of workload in file.
func (a *app) open(ctx context.Context, file scenarios.File, o clusterOptions) (*bench, error) {
	switch file.Workload.Kind {
	case scenarios.Local:
		return a.openLocal(file)
	case scenarios.Simulated:
		return openSimulated(file), nil
	case scenarios.Kubernetes:
		return a.openKubernetes(ctx, file, o)
	default:
		return nil, usage(fmt.Errorf("workload kind %q can't be tuned by this version; allowed: %s, %s, %s",
			file.Workload.Kind, scenarios.Local, scenarios.Kubernetes, scenarios.Simulated))
	}
}

func (a *app) openLocal(file scenarios.File) (*bench, error) {
	w, err := local.New(file, local.Options{Notice: a.notice})
	if err != nil {
		return nil, err // whole sentences of their own
	}
	goal := tuner.NewGoal(file)
	runner := &trial.Runner{Workload: w, File: file, Goal: goal, Watch: watchCgroups, Load: loadgen.Run}
	began := time.Now()
	return &bench{
		file:   file,
		goal:   goal,
		runner: runner,
		clock:  func() time.Duration { return time.Since(began) },
		watch:  func(v *view) { runner.Progress = v.progress },
		close: func() error {
			ctx, cancel := context.WithTimeout(context.Background(), closeTime)
			defer cancel()
			if err := w.Close(ctx); err != nil {
				return exitError{exitNotRestored, fmt.Errorf("the workload may not be cleaned up; the next run does it: %w", err)}
			}
			return nil
		},
	}, nil
}

// watchCgroups reads the counters of this machine's kernel. The cgroups of a trial stay the same all through it.
func watchCgroups(targets func() []observer.Target) trial.Watching {
	return observer.Start(targets(), func(t observer.Target) (observer.Sample, error) { return cgroup.Read(t.Cgroup) })
}

func openSimulated(file scenarios.File) *bench {
	runner := sim.New(file)
	return &bench{
		file:      file,
		goal:      tuner.NewGoal(file),
		runner:    runner,
		simulated: true,
		clock:     runner.Elapsed,
		watch:     func(*view) {},
		close:     func() error { return nil },
	}
}
