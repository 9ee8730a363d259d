package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/plimsoll/plimsoll/loadgen"
	"github.com/plimsoll/plimsoll/observer"
	"github.com/plimsoll/plimsoll/observer/cgroup"
	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/test/oracle/judge"
	"github.com/plimsoll/plimsoll/trial"
	"github.com/plimsoll/plimsoll/tuner"
	"github.com/plimsoll/plimsoll/workload/local"
)

const (
	// grid is the ratio of neighbouring values of a sweep.
	grid = 1.02
	// around is how far on each side of the bracket values are swept.
	around = 1.3
	// agree is how many trials must pass at a value.
	agree = 3
)

// point is one value of a sweep: how many trials passed and failed there.
type point struct {
	Value  int64    `json:"value"`
	Passed int      `json:"passed"`
	Failed int      `json:"failed"`
	Why    []string `json:"why,omitempty"`
	Seen   []seen   `json:"seen,omitempty"`
}

// limitSweep is the sweep of one limit, the other one relaxed.
type limitSweep struct {
	Container string         `json:"container"`
	Resource  tuner.Resource `json:"resource"`
	// Points in order of value. Smallest is the smallest value at which it and every larger value swept passed 3 of 3.
	Points   []point       `json:"points"`
	Smallest int64         `json:"smallest_passing"`
	Trials   int           `json:"trials"`
	Took     time.Duration `json:"took_ns"`
	// HoldsSoak is the least memory limit from Smallest up that passed two confirming soaks; 0: not known.
	HoldsSoak int64 `json:"smallest_holding_soak"`
	// Cut is true where the time ran out before ± 30 % was swept.
	Cut bool `json:"cut_short"`
}

// sweeper runs the trials of one sweep.
type sweeper struct {
	file   scenarios.File
	probe  scenarios.Scenario
	runner *trial.Runner
	tested tuner.Searched
	// at holds the points by their place on the grid: value = tested.Min · grid^place.
	at map[int]*point
	// until is when it looks no further, after within; while the smallest is not known, as much again.
	until  time.Time
	within time.Duration
	// trialTime is what one trial takes that passes: the load, and starting and stopping.
	trialTime time.Duration
	sweep     limitSweep
}

// sweepLimit sweeps one limit of a service in the time given.
func sweepLimit(ctx context.Context, file scenarios.File, limit tuner.Searched, within time.Duration) (_ limitSweep, err error) {
	w, err := local.New(file, local.Options{})
	if err != nil {
		return limitSweep{}, err
	}
	defer func() { err = errors.Join(err, w.Close(context.WithoutCancel(ctx))) }()
	probe := scenarioOf(file, file.Tuning.Probe)
	s := &sweeper{
		file: file, probe: probe, tested: limit,
		at: map[int]*point{}, until: time.Now().Add(within), within: within,
		trialTime: probe.Duration() + time.Second,
		sweep:     limitSweep{Container: limit.Container, Resource: limit.Resource},
		// A goal without SLOs: nothing ends a trial early but a kill.
		runner: &trial.Runner{Workload: w, File: file,
			Watch: func(targets func() []observer.Target) trial.Watching {
				return observer.Start(targets(), func(t observer.Target) (observer.Sample, error) { return cgroup.Read(t.Cgroup) })
			}},
	}
	s.runner.Load = func(ctx context.Context, plan loadgen.Plan) (loadgen.Result, error) {
		plan.TightestSLO = trial.TightestSLO(slosOf(file, probe)) // how late hits may be sent
		return loadgen.Run(ctx, plan)
	}
	began := time.Now()
	err = s.run(ctx)
	s.sweep.Points = s.points()
	if err != nil {
		return s.sweep, err
	}
	s.sweep.Smallest = smallest(s.sweep.Points)
	err = s.holdSoak(ctx)
	s.sweep.Took = time.Since(began)
	if ctx.Err() != nil {
		return s.sweep, err
	}
	if err != nil {
		fmt.Printf("  what holds the soak is not known: %v\n", err)
	}
	return s.sweep, nil
}

// run makes sure that something passes, brackets the smallest passing value by single trials, narrows it on the grid by
// three trials each, and then looks above it for values that fail, nearest first.
func (s *sweeper) run(ctx context.Context) error {
	low, high := -1, s.place(s.tested.Max)
	if err := s.relaxed(ctx, high); err != nil {
		return err
	}
	for high-low > s.steps(around)/2 {
		middle := (low + high) / 2
		pass, err := s.try(ctx, middle, 1)
		if err != nil {
			return err
		}
		if pass {
			high = middle
		} else {
			low = middle
		}
	}
	for high-low > 1 {
		middle := (low + high) / 2
		pass, err := s.try(ctx, middle, agree)
		if err != nil {
			return err
		}
		if pass {
			high = middle
		} else {
			low = middle
		}
	}
	top := min(high+s.steps(around), s.place(s.tested.Max))
	for _, above := range []int{0, 1, 2, 3, 5, 8, s.steps(around) / 2, s.steps(around)} {
		if high+above > top {
			break
		}
		if left := time.Until(s.until); left < agree*s.trialTime && (smallest(s.points()) > 0 || left < agree*s.trialTime-s.within) {
			s.sweep.Cut = true
			break
		}
		if _, err := s.try(ctx, high+above, agree); err != nil {
			return err
		}
	}
	return nil
}

// points are those swept so far, in order of value.
func (s *sweeper) points() []point {
	var all []point
	for _, p := range s.at {
		all = append(all, *p)
	}
	slices.SortFunc(all, func(a, b point) int { return int(a.Value - b.Value) })
	return all
}

// relaxed makes sure that a trial passes with everything relaxed, at the place of the upper bound; one of two may fail.
func (s *sweeper) relaxed(ctx context.Context, top int) error {
	for range 2 {
		pass, err := s.try(ctx, top, 1)
		if err != nil || pass {
			return err
		}
		s.at[top].Failed = 0 // once more
	}
	return fmt.Errorf("nothing passes: with everything relaxed %v", s.at[top].Why)
}

// try runs trials at one place of the grid until n of them have passed or one has failed. Doubtful ones do not count.
func (s *sweeper) try(ctx context.Context, place, n int) (bool, error) {
	p := s.at[place]
	if p == nil {
		p = &point{Value: s.value(place)}
		s.at[place] = p
	}
	for doubtful := 0; p.Failed == 0 && p.Passed < n; {
		pass, known, why, o, err := s.trial(ctx, s.probe, p.Value)
		if err != nil {
			return false, err
		}
		if known {
			p.Seen = append(p.Seen, seenIn(o, s.tested.Container))
		}
		switch {
		case !known:
			if doubtful++; doubtful > 5 {
				return false, fmt.Errorf("trials at %d can't be judged: %s", p.Value, why)
			}
		case pass:
			p.Passed++
		default:
			p.Failed++
			p.Why = append(p.Why, why)
		}
	}
	return p.Failed == 0, nil
}

// slosOf are those of the file and the scenario's own.
func slosOf(f scenarios.File, s scenarios.Scenario) []scenarios.SLO {
	return append(append([]scenarios.SLO{}, f.SLOs...), s.SLOs...)
}

// trial runs one trial of a scenario at a value of the limit, everything else relaxed, on fresh replicas started cold.
func (s *sweeper) trial(ctx context.Context, scenario scenarios.Scenario, value int64) (pass, known bool, why string, o tuner.Observation, err error) {
	var settings tuner.Settings
	for _, c := range s.file.Workload.Containers {
		r := scenarios.Resources{CPULimit: c.Bounds.CPUMax, MemoryLimit: c.Bounds.MemoryMax}
		if c.Name == s.tested.Container && s.tested.Resource == tuner.CPU {
			r.CPULimit = scenarios.MilliCPU(value)
		} else if c.Name == s.tested.Container {
			r.MemoryLimit = scenarios.Bytes(value)
		}
		settings = append(settings, tuner.ContainerSettings{Container: c.Name, Resources: r})
	}
	o, err = s.runner.RunTrial(ctx, tuner.Step{Purpose: tuner.Probe, Settings: settings, Scenario: scenario.Name, Fresh: true, Whole: true})
	if err != nil {
		return false, false, "", o, err
	}
	if ctx.Err() != nil {
		return false, false, "", o, errors.New("interrupted")
	}
	s.sweep.Trials++
	pass, known, why = judge.Judge(slosOf(s.file, scenario), o)
	fmt.Printf("  %-6s %10s  %s: pass %-5v known %-5v %s\n", s.tested.Resource, amount(s.tested.Resource, value), scenario.Name, pass, known, why)
	return pass, known, why, o, nil
}

// value is the limit at a place of the grid; CPU in whole millicores, memory in whole pages.
func (s *sweeper) value(place int) int64 {
	v := float64(s.tested.Min) * math.Pow(grid, float64(place))
	if s.tested.Resource == tuner.Memory {
		return int64(math.Round(v/4096)) * 4096
	}
	return int64(math.Round(v))
}

// place is the last place of the grid that is not above value.
func (s *sweeper) place(value int64) int {
	return int(math.Log(float64(value)/float64(s.tested.Min)) / math.Log(grid))
}

// steps is how many steps of the grid make up a ratio: 13 for 1.3.
func (s *sweeper) steps(ratio float64) int { return int(math.Log(ratio) / math.Log(grid)) }

// smallest is the smallest value at which it and every larger value swept passed in agreement; 0 where none did. Values
// with a single passing trial were only passed by on the way and do not decide.
func smallest(points []point) int64 {
	found := int64(0)
	for _, p := range slices.Backward(points) {
		if p.Failed > 0 {
			break
		}
		if p.Passed >= agree {
			found = p.Value
		}
	}
	return found
}
