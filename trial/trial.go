// Package trial runs one real trial: it applies the settings of a step, waits for readiness, runs load and observation
// side by side, and folds both into one Observation. It is the only place that does, and implements tuner.Runner.
package trial

import (
	"context"
	"fmt"
	"time"

	"github.com/plimsoll/plimsoll/loadgen"
	"github.com/plimsoll/plimsoll/observer"
	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
	"github.com/plimsoll/plimsoll/workload"
)

// Runner runs trials on one workload. It is not for use by two goroutines at once.
type Runner struct {
	Workload workload.Workload
	File     scenarios.File
	Goal     tuner.Goal
	// Watch begins to read what containers use; targets tells which they are now: the same ones in the same order as
	// Workload.Instances. It may be asked at any time until the Watching is stopped.
	Watch func(targets func() []observer.Target) Watching
	// Load offers the hits: loadgen.Run, or a fake in tests.
	Load func(context.Context, loadgen.Plan) (loadgen.Result, error)
	// Progress is told once a second, and at each change of phase, how the trial goes; nil: nobody is.
	Progress func(Progress)
}

var _ tuner.Runner = (*Runner)(nil)

// Watching is a reading of counters in progress: an observer.Watch of this machine's kernel, or one of kubelets.
type Watching interface {
	// Series is what was read so far, in the order of the targets.
	Series() []observer.Series
	// Stop takes the last samples, ends the reading and returns all of it. A source that is slow to show what happened
	// waits for it, as long as ctx allows. Once it has been called, calling it again returns the same.
	Stop(ctx context.Context) []observer.Series
}

// Phase is where a trial is.
type Phase string

// The phases of a trial, in order.
const (
	Starting Phase = "starting" // settings applied, waiting until the replicas are Ready
	Loading  Phase = "loading"
	Closing  Phase = "closing" // load is over, last counters are read
)

// Progress is how the trial in progress goes.
type Progress struct {
	Step    tuner.Step
	Phase   Phase
	Planned time.Duration
	// Second is the newest second of load; nil outside of Loading.
	Second *tuner.Second
	// Containers are the containers of every replica in the order of Second.Containers, with their limits.
	Containers []tuner.ContainerUse
}

// RunTrial applies the step and puts the workload under its scenario. The error is for an instrument that broke; a
// service that failed, was never Ready or was killed is an Observation. When ctx is cancelled the trial ends
// gracefully and its Observation is marked as interrupted.
func (r *Runner) RunTrial(ctx context.Context, step tuner.Step) (tuner.Observation, error) {
	scenario, err := r.scenario(step.Scenario)
	if err != nil {
		return tuner.Observation{}, err
	}
	r.tell(Progress{Step: step, Phase: Starting, Planned: scenario.Duration()})
	began := time.Now()
	fresh, err := r.Workload.Apply(ctx, step.Settings, step.Fresh)
	if err != nil {
		if ctx.Err() != nil {
			return interrupted(ctx), nil
		}
		return tuner.Observation{}, fmt.Errorf("apply settings: %w", err)
	}
	t := &run{Runner: r, step: step, scenario: scenario, fresh: fresh, applied: time.Now()}
	t.watch = r.Watch(r.targets)
	defer t.watch.Stop(ctx)
	startup, ready, err := r.Workload.AwaitReady(ctx)
	if err != nil && ctx.Err() == nil {
		return tuner.Observation{}, fmt.Errorf("await readiness: %w", err)
	}
	t.ready, t.startup, t.readyAt = ready, startup, time.Now()
	t.applying = t.readyAt.Sub(began)
	if ctx.Err() != nil || !ready {
		return t.observation(ctx), nil
	}
	if err := t.load(ctx); err != nil {
		return tuner.Observation{}, fmt.Errorf("load: %w", err)
	}
	r.tell(Progress{Step: step, Phase: Closing, Planned: scenario.Duration()})
	return t.observation(ctx), nil
}

func (r *Runner) scenario(name string) (scenarios.Scenario, error) {
	for _, s := range r.File.Scenarios {
		if s.Name == name {
			return s, nil
		}
	}
	return scenarios.Scenario{}, fmt.Errorf("no scenario is named %q", name)
}

func (r *Runner) targets() []observer.Target {
	var targets []observer.Target
	for _, i := range r.Workload.Instances() {
		targets = append(targets, i.Target)
	}
	return targets
}

func (r *Runner) tell(p Progress) {
	if r.Progress != nil {
		r.Progress(p)
	}
}
