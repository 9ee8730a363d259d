package main

import (
	"context"
	"math"
	"math/rand/v2"

	"github.com/plimsoll/plimsoll/sim"
	"github.com/plimsoll/plimsoll/tuner"
)

// strategy is one way to find limits that users have today.
type strategy struct {
	name string
	find func(*bench) tuner.Settings
}

// strategies are those of notes every operator knows: two that read usage once, two that try.
func strategies() []strategy {
	return []strategy{
		{"vpa p90 x1.15", func(b *bench) tuner.Settings { return b.fromUsage(1.0*1.15, 1.15) }},
		{"krr p95, max +15%", func(b *bench) tuner.Settings { return b.fromUsage(1.03, 1.15) }},
		{"by hand: x2 up, -10% down", func(b *bench) tuner.Settings { return b.each(b.byHand) }},
		{"bisection to 5%", func(b *bench) tuner.Settings { return b.each(b.bisect) }},
	}
}

// bench lets a strategy try settings on one specimen, and counts.
type bench struct {
	specimen *specimen
	random   *rand.Rand
	trials   int
}

// run says whether one run at settings passes.
func (b *bench) run(settings tuner.Settings) bool {
	b.trials++
	return b.specimen.service.Passes(settings, b.specimen.service.Draw(b.random), b.specimen.bound)
}

// relaxed is every limit at its upper bound.
func (b *bench) relaxed() tuner.Settings {
	settings := append(tuner.Settings(nil), b.specimen.goal.Before...)
	for _, l := range b.specimen.goal.Limits {
		settings = with(settings, l.Limit, l.Max)
	}
	return settings
}

// fromUsage profiles one relaxed run: CPU usage (its one-second rates hardly differ under steady load, so p90 is the
// mean and p95 3 % above) and peak working set, each times a factor.
func (b *bench) fromUsage(cpu, memory float64) tuner.Settings {
	settings := b.relaxed()
	runner := sim.NewRunner(b.specimen.service, b.specimen.goal.Scenarios, b.random.Uint64())
	o, err := runner.RunTrial(context.Background(), tuner.Step{Settings: settings, Scenario: "probe", Fresh: true})
	if err != nil {
		panic(err) // the scenario is ours
	}
	b.trials++
	out := settings
	for _, c := range o.Containers {
		out = with(out, tuner.Limit{Container: c.Container, Resource: tuner.CPU}, int64(math.Ceil(*c.CPU*1000*cpu)))
		out = with(out, tuner.Limit{Container: c.Container, Resource: tuner.Memory}, int64(float64(*c.WorkingSet)*memory))
	}
	return out
}

// each finds one limit after the other, the rest as found so far or relaxed.
func (b *bench) each(find func(tuner.Settings, tuner.Searched) int64) tuner.Settings {
	settings := b.relaxed()
	for _, r := range []tuner.Resource{tuner.Memory, tuner.CPU} {
		for _, l := range b.specimen.goal.Limits {
			if l.Resource == r {
				settings = with(settings, l.Limit, find(settings, l))
			}
		}
	}
	return settings
}

// start is 100m or 50Mi, as in the talk.
func start(l tuner.Searched) int64 {
	if l.Resource == tuner.CPU {
		return 100
	}
	return 50 << 20
}

// double raises from the start until a run passes.
func (b *bench) double(settings tuner.Settings, l tuner.Searched) (failed, passed int64) {
	x := start(l)
	for x < l.Max && !b.run(with(settings, l.Limit, x)) {
		failed, x = x, min(l.Max, 2*x)
	}
	return max(failed, l.Min), x
}

func (b *bench) byHand(settings tuner.Settings, l tuner.Searched) int64 {
	_, x := b.double(settings, l)
	for x > l.Min {
		lower := max(l.Min, int64(float64(x)*0.9))
		if lower == x || !b.run(with(settings, l.Limit, lower)) {
			break
		}
		x = lower
	}
	return x
}

func (b *bench) bisect(settings tuner.Settings, l tuner.Searched) int64 {
	low, high := b.double(settings, l)
	for float64(high)/float64(low) > 1.05 && high-low > 1 {
		middle := max(low+1, int64(math.Sqrt(float64(low)*float64(high))))
		if b.run(with(settings, l.Limit, middle)) {
			high = middle
		} else {
			low = middle
		}
	}
	return high
}

// try runs one strategy on one specimen.
func try(st strategy, s *specimen) ending {
	b := &bench{specimen: s, random: rand.New(rand.NewPCG(s.seed, 7))}
	settings := st.find(b)
	e := ending{specimen: s, outcome: st.name, trials: b.trials}
	e.judge(settings)
	return e
}
