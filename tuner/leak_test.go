package tuner

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// memoryModel makes series of 360 samples around 200 MiB, in MiB: noise that
// wanders (autocorrelated), a collection cycle, a cache that fills, one step, a leak.
type memoryModel struct {
	phi, noise  float64 // autocorrelation of neighbours, standard deviation
	cycle       float64 // height of the collector's sawtooth of 37 samples
	cache, fill float64 // size of the cache, and the ratio of the soak in which it fills to 63 %
	step, leak  float64 // growth at once, and steadily, over the soak
	found       float64 // least share called a leak where there is one, greatest where there is none
}

func (m memoryModel) series(r *rand.Rand) []sample {
	const n = 360
	samples := make([]sample, n)
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
		samples[i] = sample{time.Duration(i+1) * 10 * time.Second, v * float64(scenarios.MiB)}
	}
	return samples
}

// TestLeakVerdictRates holds the leak verdict to the rates it was set for, with a margin for 200 series.
func TestLeakVerdictRates(t *testing.T) {
	wander := memoryModel{phi: 0.95, noise: 2}
	with := func(m memoryModel, change func(*memoryModel)) memoryModel { change(&m); return m }
	for name, m := range map[string]memoryModel{
		"no leak":       with(wander, func(m *memoryModel) { m.found = 0.02 }),
		"white noise":   {noise: 2, found: 0.01},
		"sawtooth":      with(wander, func(m *memoryModel) { m.cycle, m.found = 40, 0.02 }),
		"filling cache": with(wander, func(m *memoryModel) { m.cache, m.fill, m.found = 30, 0.15, 0.03 }),
		"one step":      with(wander, func(m *memoryModel) { m.step, m.found = 20, 0.05 }),
		"leak 5 %":      with(wander, func(m *memoryModel) { m.leak, m.found = 10, 0.87 }),
		"leak 10 %":     with(wander, func(m *memoryModel) { m.leak, m.found = 20, 0.98 }),
		"leak 10 % saw": with(wander, func(m *memoryModel) { m.leak, m.cycle, m.found = 20, 40, 0.97 }),
		"leak 20 %":     with(wander, func(m *memoryModel) { m.leak, m.found = 40, 0.99 }),
		"leak 20 % saw cache": with(wander, func(m *memoryModel) {
			m.leak, m.cycle, m.cache, m.fill, m.found = 40, 40, 30, 0.15, 0.97
		}),
	} {
		t.Run(name, func(t *testing.T) {
			const runs = 200
			r := rand.New(rand.NewPCG(5, 8))
			count := map[Growth]int{}
			for range runs {
				count[judgeGrowth(m.series(r), ContainerUse{Container: "app"}, 0).Growth]++
			}
			share := float64(count[Grows]) / runs
			t.Logf("grows %.1f %%, unclear %d, flat %d", 100*share, count[Unclear], count[Flat])
			if m.leak > 0 && share < m.found || m.leak == 0 && share > m.found {
				t.Errorf("called a leak in %.1f %% of series, want %.0f %%", 100*share, 100*m.found)
			}
		})
	}
}

// A heap or a cache that fills for part of a soak and then stays flat is no leak, however short the soak; one that still
// fills at the end of a short soak is in doubt.
func TestFillingIsNoLeak(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for _, seconds := range []int{30, 60, 120, 600} {
		for _, part := range []float64{0.1, 0.3, 0.5, 0.7} {
			for _, grown := range []float64{0.05, 0.2, 0.5} {
				samples := make([]sample, seconds)
				for i := range samples {
					filled := min(float64(i)/float64(seconds)/part, 1)
					samples[i] = sample{time.Duration(i+1) * time.Second, 60e6 * (1 + grown*filled + 0.003*r.NormFloat64())}
				}
				if l := judgeGrowth(samples, ContainerUse{Container: "app"}, 200); l.Growth == Grows {
					t.Errorf("%d s, full after %v of it, by %v: %s", seconds, part, grown, l.Why)
				}
			}
		}
	}
}

// A leak per hit that fills half of the memory within half a minute is found in half a minute.
func TestLargeLeakIsFoundSoon(t *testing.T) {
	samples := make([]sample, 30)
	for i := range samples {
		samples[i] = sample{time.Duration(i+1) * time.Second, 40e6 + 1e6*float64(i) + 5e4*float64(i*7%5)}
	}
	l := judgeGrowth(samples, ContainerUse{Container: "app", MemoryLimit: 100e6}, 200)
	if l.Growth != Grows || l.PerHit == nil || math.Abs(*l.PerHit-5000) > 250 || l.TimeToOOM == nil || l.TimeToOOM.Round(5*time.Second) != 30*time.Second {
		t.Errorf("%+v", l)
	}
}

func TestNoSlopeReadsAsNone(t *testing.T) {
	samples := make([]sample, 600)
	for i := range samples {
		samples[i] = sample{time.Duration(i+1) * time.Second, 40e6}
	}
	l := judgeGrowth(samples, ContainerUse{Container: "app"}, 200)
	if want := "the memory of app does not grow: its slope is less than 0.01Mi an hour; this soak would have seen 5.7Mi an hour"; l.Why != want {
		t.Errorf("%s, want %s", l.Why, want)
	}
}
