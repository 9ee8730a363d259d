package sim

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// Runner runs the trials of one service in virtual time. It is not for use by two goroutines at once.
type Runner struct {
	service   Service
	scenarios []scenarios.Scenario
	random    *rand.Rand
	elapsed   time.Duration
	leaked    []float64 // bytes per container since the replicas started
	running   tuner.Settings
}

var _ tuner.Runner = (*Runner)(nil)

// NewRunner makes a runner of a service's trials under the scenarios, with its own random numbers.
func NewRunner(s Service, all []scenarios.Scenario, seed uint64) *Runner {
	return &Runner{service: s, scenarios: all, random: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)), leaked: make([]float64, len(s.Containers))}
}

// Elapsed is the virtual time that all trials so far took.
func (r *Runner) Elapsed() time.Duration { return r.elapsed }

// RunTrial computes one trial. It returns an error only where the step names a scenario that does not exist.
func (r *Runner) RunTrial(ctx context.Context, step tuner.Step) (tuner.Observation, error) {
	scenario, err := r.scenario(step.Scenario)
	if err != nil {
		return tuner.Observation{}, err
	}
	draws := r.service.Draw(r.random)
	fresh := step.Fresh || r.running == nil || r.restarts(step.Settings)
	if fresh {
		clear(r.leaked)
	}
	draws.warm = !fresh
	r.running = step.Settings
	t := trialRun{service: &r.service, step: step, scenario: scenario, draws: draws, fresh: fresh, leaked: r.leaked, start: r.elapsed}
	o := t.run()
	r.elapsed += t.took
	if ctx.Err() != nil {
		o.Invalid = append(o.Invalid, tuner.Doubt{Kind: tuner.StoppedByUser, Text: "stopped by a person"})
	}
	return o, nil
}

// restarts says whether settings need new replicas: memory limits are never lowered in place.
func (r *Runner) restarts(settings tuner.Settings) bool {
	for _, c := range settings {
		if was, ok := r.running.Of(c.Container); !ok || was.MemoryLimit != c.MemoryLimit {
			return true
		}
	}
	return false
}
