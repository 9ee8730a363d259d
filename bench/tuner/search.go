package main

import (
	"context"
	"math/rand/v2"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/sim"
	"github.com/plimsoll/plimsoll/tuner"
)

// ending is how the search of one specimen ended, and what is true of where it ended.
type ending struct {
	specimen   *specimen
	outcome    string
	why        string
	trials     int     // up to the candidate
	soaks      int     // confirming ones
	confidence float64 // stated
	joint      float64 // share of runs at the derived settings that pass
	truths     []truth // one per limit; nil where nothing was derived
	history    []tuner.Trial
}

// search runs one specimen through tuner.Search.
func search(s *specimen) (ending, error) {
	runner := sim.NewRunner(s.service, s.goal.Scenarios, s.seed)
	trials, step, err := tuner.Search(context.Background(), s.goal, nil, runner, runner.Elapsed, func(tuner.Trial) error { return nil })
	if err != nil {
		return ending{}, err
	}
	e := ending{specimen: s, outcome: string(step.Result.Outcome), why: step.Result.Why, history: trials}
	for i := range trials {
		if trials[i].Step.Purpose == tuner.Confirm {
			e.soaks++
		}
	}
	e.trials = len(trials) - e.soaks
	if step.Result.Confidence != nil {
		e.confidence = *step.Result.Confidence
	}
	if step.Result.Settings != nil {
		e.judge(step.Result.Settings)
	}
	return e, nil
}

// judge fills in what is true of derived settings.
func (e *ending) judge(settings tuner.Settings) {
	r := rand.New(rand.NewPCG(e.specimen.seed, 99))
	e.truths = e.specimen.truths(settings, r)
	e.joint = e.specimen.passRatio(settings, r)
}

// with is settings with one limit at value.
func with(s tuner.Settings, l tuner.Limit, value int64) tuner.Settings {
	out := append(tuner.Settings(nil), s...)
	for i := range out {
		if out[i].Container != l.Container {
			continue
		}
		if l.Resource == tuner.CPU {
			out[i].CPULimit = scenarios.MilliCPU(value)
		} else {
			out[i].MemoryLimit = scenarios.Bytes(value)
		}
	}
	return out
}
