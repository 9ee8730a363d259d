package tuner

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Runner runs one real (or simulated) trial: it applies the settings of the step, waits until the replicas are Ready,
// puts them under the step's scenario and returns what was seen. An error means that the instrument broke; a service
// that failed is an Observation. When ctx is cancelled it returns what was seen so far, marked StoppedByUser.
type Runner interface {
	RunTrial(ctx context.Context, step Step) (Observation, error)
}

// Recorder stores one finished trial for good before the next begins.
type Recorder func(Trial) error

// Search runs trials until Decide ends it, starting from those already recorded, and returns all of them and the
// result; once ctx is cancelled no further trial begins, and the result is that of Abandon. clock is the runner's
// (virtual for a simulation) and tells how long each trial took. The error is the runner's or the recorder's; the
// trials before it are returned beside it.
func Search(ctx context.Context, goal Goal, trials []Trial, runner Runner, clock func() time.Duration, record Recorder) ([]Trial, Step, error) {
	for {
		step := Decide(goal, trials)
		if step.Result == nil && ctx.Err() != nil {
			step = Abandon(goal, trials, "stopped by a person")
		}
		if step.Result != nil {
			return trials, step, nil
		}
		trial, err := runTrial(ctx, goal, step, len(trials)+1, runner, clock)
		if err != nil {
			return trials, step, err
		}
		if err := record(trial); err != nil {
			return trials, step, fmt.Errorf("trial %d: record: %w", trial.Number, err)
		}
		trials = append(trials, trial)
	}
}

// Interruption says why ctx was cancelled: a deadline in the words of its cause, anything else is a person.
func Interruption(ctx context.Context) string {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return context.Cause(ctx).Error()
	}
	return "it was interrupted"
}

// runTrial runs one trial and judges it. The error is the runner's.
func runTrial(ctx context.Context, goal Goal, step Step, number int, runner Runner, clock func() time.Duration) (Trial, error) {
	began := clock()
	observation, err := runner.RunTrial(ctx, step)
	if err != nil {
		return Trial{}, fmt.Errorf("trial %d: %w", number, err)
	}
	trial := Trial{Number: number, Step: step, Observation: observation, Elapsed: clock() - began}
	trial.Verdict = Judge(goal, step, observation)
	return trial, nil
}
