package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// memory makes series of one working set: 360 samples around 200 MiB over an hour, in MiB.
type memory struct {
	name        string
	phi, noise  float64 // autocorrelation of neighbours, standard deviation
	cycle       float64 // height of a collector's sawtooth of 37 samples
	cache, fill float64 // size of a cache, and the part of the soak in which it fills to 63 %
	step        float64 // growth at once, at a random instant
	leak        float64 // steady growth over the soak
	// target is the least share of leaks found (100 % is to whole percents: 0.995), or the most false alarms where there is
	// no leak; nil: none is set.
	target *float64
}

// memories are the series that the leak verdict is measured on. Some have targets; the others show where it ends: noise
// that wanders longer, caches that take most of the soak to fill, a leak beside such a cache.
func memories() []memory {
	wander := func(name string, target *float64, change func(*memory)) memory {
		m := memory{name: name, phi: 0.95, noise: 2, target: target}
		change(&m)
		return m
	}
	return []memory{
		wander("leak of 5 %", new(0.90), func(m *memory) { m.leak = 10 }),
		wander("leak of 10 %", new(0.99), func(m *memory) { m.leak = 20 }),
		wander("leak of 10 % under a sawtooth", new(0.99), func(m *memory) { m.leak, m.cycle = 20, 40 }),
		wander("leak of 20 %", new(0.995), func(m *memory) { m.leak = 40 }),
		wander("leak of 20 % under a sawtooth beside a cache", nil, func(m *memory) { m.leak, m.cycle, m.cache, m.fill = 40, 40, 30, 0.15 }),
		wander("no leak", new(0.01), func(m *memory) {}),
		wander("garbage-collection sawtooth", new(0.01), func(m *memory) { m.cycle = 40 }),
		wander("filling cache", new(0.03), func(m *memory) { m.cache, m.fill = 30, 0.15 }),

		wander("leak of 5 % under a sawtooth", nil, func(m *memory) { m.leak, m.cycle = 10, 40 }),
		wander("leak of 10 % beside a cache", nil, func(m *memory) { m.leak, m.cache, m.fill = 20, 30, 0.15 }),
		wander("small cache", nil, func(m *memory) { m.cache, m.fill = 10, 0.15 }),
		wander("slow cache (63 % full after a third)", nil, func(m *memory) { m.cache, m.fill = 30, 0.3 }),
		wander("very slow cache (63 % full after half)", nil, func(m *memory) { m.cache, m.fill = 30, 0.5 }),
		wander("one step", nil, func(m *memory) { m.step = 20 }),
		wander("twice the noise", nil, func(m *memory) { m.noise = 4 }),
		wander("noise that wanders five times longer", nil, func(m *memory) { m.phi = 0.99 }),
		{name: "independent noise", noise: 2},
	}
}

// series draws one.
func (m memory) series(r *rand.Rand) []float64 {
	const n = 360
	mib := make([]float64, n)
	x, when := r.NormFloat64()*m.noise, uniform(r, 0.2, 0.8)
	for i := range mib {
		x = m.phi*x + r.NormFloat64()*m.noise*math.Sqrt(1-m.phi*m.phi)
		u := float64(i) / n
		mib[i] = 200 + x + m.leak*u + m.cycle*float64(i%37)/37
		if m.cache > 0 {
			mib[i] += m.cache * (1 - math.Exp(-u/m.fill))
		}
		if u > when {
			mib[i] += m.step
		}
	}
	return mib
}

// growthOf is the tuner's verdict on a soak with that working set.
func growthOf(mib []float64) tuner.Growth {
	step := tuner.Step{Purpose: tuner.Confirm, Settings: tuner.Settings{{Container: "app"}}}
	o := tuner.Observation{Containers: []tuner.ContainerUse{{Container: "app"}}}
	for i, v := range mib {
		o.Seconds = append(o.Seconds, tuner.Second{At: time.Duration(i+1) * 10 * time.Second,
			Containers: []tuner.ContainerSecond{{Memory: new(scenarios.Bytes(v * float64(scenarios.MiB)))}}})
	}
	return tuner.Judge(tuner.Goal{}, step, o).Leaks[0].Growth
}

// leakRow is one row of the table, as JSON: the share of series called a leak, in percent, by the tuner and by the best
// known rule on the same series. Reason holds the share that can't be told.
type leakRow struct {
	Name      string   `json:"name"`
	Value     *float64 `json:"value"`
	Unit      string   `json:"unit"`
	Target    string   `json:"target"`
	Peer      *string  `json:"peer"`
	PeerValue *float64 `json:"peer_value"`
	Ratio     *float64 `json:"ratio"`
	Met       *bool    `json:"met"`
	Reason    string   `json:"reason,omitempty"`
}

// leakRows measures the leak verdict on so many series of each kind. The same seed gives the same rows.
func leakRows(seed uint64, runs int) []leakRow {
	var rows []leakRow
	for i, m := range memories() {
		r := rand.New(rand.NewPCG(seed, uint64(i)))
		found, unclear, peer := 0, 0, 0
		for range runs {
			mib := m.series(r)
			switch growthOf(mib) {
			case tuner.Grows:
				found++
			case tuner.Unclear:
				unclear++
			}
			if peerFindsLeak(mib) {
				peer++
			}
		}
		rows = append(rows, m.row(found, unclear, peer, runs))
	}
	return rows
}

func (m memory) row(found, unclear, peer, runs int) leakRow {
	percent := func(n int) float64 { return 100 * float64(n) / float64(runs) }
	row := leakRow{
		Name: "leak verdict, called a leak: " + m.name, Value: new(percent(found)), Unit: "%",
		Peer: new("block minima, Mann-Kendall, Theil-Sen, second half"), PeerValue: new(percent(peer)),
		Reason: fmt.Sprintf("cannot tell %.1f %%", percent(unclear)),
	}
	if peer > 0 {
		row.Ratio = new(float64(found) / float64(peer))
	}
	switch {
	case m.target == nil:
	case m.leak > 0:
		row.Target, row.Met = fmt.Sprintf("≥ %g %%", 100**m.target), new(percent(found) >= 100**m.target)
	default:
		row.Target, row.Met = fmt.Sprintf("≤ %g %%", 100**m.target), new(percent(found) <= 100**m.target)
	}
	return row
}
