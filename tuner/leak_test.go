package tuner

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// memoryModel makes series of 360 samples around 200 MiB, in MiB, as notes on leak detection use them: noise that
// wanders (autocorrelated), a collection cycle, a cache that fills, one step, a leak.
type memoryModel struct {
	phi, noise  float64 // autocorrelation of neighbours, standard deviation
	cycle       float64 // height of the collector's sawtooth of 37 samples
	cache, fill float64 // size of the cache, and the ratio of the soak in which it fills to 63 %
	step, leak  float64 // growth at once, and steadily, over the soak
	growth      Growth  // the true answer
	found       float64 // least share of Grows wanted of a leak, greatest of all else
}

func (m memoryModel) series(r *rand.Rand) []memorySample {
	const n = 360
	samples := make([]memorySample, n)
	x := r.NormFloat64() * m.noise
	when := 0.2 + 0.6*r.Float64()
	for i := range samples {
		x = m.phi*x + r.NormFloat64()*m.noise*math.Sqrt(1-m.phi*m.phi)
		u := float64(i) / n
		v := 200 + x + m.leak*u + m.cycle*float64(i%37)/37
		if m.cache > 0 {
			v += m.cache * (1 - math.Exp(-u/m.fill))
		}
		if u > when {
			v += m.step
		}
		samples[i] = memorySample{time.Duration(i+1) * 10 * time.Second, v * float64(scenarios.MiB)}
	}
	return samples
}

// TestLeakVerdictRates holds the leak verdict to the rates it was set for, with a margin for 400 series.
func TestLeakVerdictRates(t *testing.T) {
	wander := memoryModel{phi: 0.95, noise: 2}
	with := func(m memoryModel, change func(*memoryModel)) memoryModel { change(&m); return m }
	for name, m := range map[string]memoryModel{
		"no leak":       with(wander, func(m *memoryModel) { m.found = 0.02 }),
		"white noise":   {noise: 2, found: 0.01},
		"sawtooth":      with(wander, func(m *memoryModel) { m.cycle, m.found = 40, 0.02 }),
		"filling cache": with(wander, func(m *memoryModel) { m.cache, m.fill, m.found = 30, 0.15, 0.03 }),
		"one step":      with(wander, func(m *memoryModel) { m.step, m.found = 20, 0.05 }),
		"leak 5 %":      with(wander, func(m *memoryModel) { m.leak, m.growth, m.found = 10, Grows, 0.87 }),
		"leak 10 %":     with(wander, func(m *memoryModel) { m.leak, m.growth, m.found = 20, Grows, 0.98 }),
		"leak 10 % saw": with(wander, func(m *memoryModel) { m.leak, m.cycle, m.growth, m.found = 20, 40, Grows, 0.97 }),
		"leak 20 %":     with(wander, func(m *memoryModel) { m.leak, m.growth, m.found = 40, Grows, 0.99 }),
		"leak 20 % saw cache": with(wander, func(m *memoryModel) {
			m.leak, m.cycle, m.cache, m.fill, m.growth, m.found = 40, 40, 30, 0.15, Grows, 0.97
		}),
	} {
		t.Run(name, func(t *testing.T) {
			const runs = 400
			r := rand.New(rand.NewPCG(5, 8))
			count := map[Growth]int{}
			for range runs {
				count[judgeGrowth(m.series(r), ContainerUse{Container: "app"}, 0).Growth]++
			}
			share := float64(count[Grows]) / runs
			t.Log(fmt.Sprintf("grows %.1f %%, unclear %d, flat %d", 100*share, count[Unclear], count[Flat]))
			if m.growth == Grows && share < m.found || m.growth != Grows && share > m.found {
				t.Errorf("called a leak in %.1f %% of series, want %.0f %%", 100*share, 100*m.found)
			}
		})
	}
}
