package main

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/sim"
	"github.com/plimsoll/plimsoll/tuner"
)

// ending is how the search of one specimen ended.
type ending struct {
	specimen   *specimen
	outcome    tuner.Outcome
	why        string
	trials     int // before the first confirming soak
	soaks      int
	confidence float64
	joint      float64 // share of runs at the derived settings that pass
	truths     []truth
	settings   tuner.Settings
	all        []tuner.Trial
}

// search runs one specimen through the real search.
func search(s *specimen, noise float64) (ending, error) {
	runner := sim.NewRunner(s.service, s.goal.Scenarios, s.seed)
	trials, step, err := tuner.Search(context.Background(), s.goal, nil, runner, runner.Elapsed, func(tuner.Trial) error { return nil })
	if err != nil {
		return ending{}, err
	}
	e := ending{specimen: s, outcome: step.Result.Outcome, why: step.Result.Why, trials: len(trials), all: trials}
	for i := range trials {
		if trials[i].Step.Purpose == tuner.Confirm {
			e.soaks++
		}
	}
	e.trials -= e.soaks
	if step.Result.Confidence != nil {
		e.confidence = *step.Result.Confidence
	}
	if step.Result.Settings == nil {
		return e, nil
	}
	e.settings = step.Result.Settings
	r := rand.New(rand.NewPCG(s.seed, 99))
	e.truths = s.truths(e.settings, r)
	e.joint = s.passRatio(e.settings, r)
	return e, nil
}

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

var _ = time.Second
