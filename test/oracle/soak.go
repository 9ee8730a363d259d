package main

import (
	"context"
	"fmt"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

const (
	// furthest is how far above the smallest passing memory limit the soak is tried.
	furthest = 1.5
	// soaksAgree is how many soaks must pass at a value.
	soaksAgree = 2
)

// holdSoak finds the least memory limit, from the smallest passing up, that holds the confirming soak too: a trial of some
// seconds after a start does not see what a longer life needs. It stays 0 where the smallest passing is not known, or
// where none holds.
func (s *sweeper) holdSoak(ctx context.Context) error {
	if s.tested.Resource != tuner.Memory {
		return nil
	}
	for v := float64(s.sweep.Smallest); v > 0 && v <= furthest*float64(s.sweep.Smallest); v *= grid * grid {
		value := int64(v) / 4096 * 4096
		holds, err := s.soaks(ctx, value)
		if err != nil {
			return err
		}
		if holds {
			s.sweep.HoldsSoak = value
			return nil
		}
	}
	return nil
}

// soaks runs soaks at a value until enough have passed or one has failed. Doubtful ones do not count.
func (s *sweeper) soaks(ctx context.Context, value int64) (bool, error) {
	soak := scenarioOf(s.file, s.file.Tuning.Confirm)
	for passed, doubtful := 0, 0; passed < soaksAgree; {
		pass, known, why, _, err := s.trial(ctx, soak, value)
		switch {
		case err != nil || known && !pass:
			return false, err
		case known:
			passed++
		default:
			if doubtful++; doubtful > 5 {
				return false, fmt.Errorf("soaks at %d can't be judged: %s", value, why)
			}
		}
	}
	return true, nil
}

// scenarioOf is the scenario of a name.
func scenarioOf(f scenarios.File, name string) scenarios.Scenario {
	for _, x := range f.Scenarios {
		if x.Name == name {
			return x
		}
	}
	return scenarios.Scenario{}
}
