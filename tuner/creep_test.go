package tuner

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// TestCreepVerdictRates holds the verdict on saturation over time to what it was set for: a soak of ten minutes whose
// median wanders by 5 %, with 300 series of each kind.
func TestCreepVerdictRates(t *testing.T) {
	for name, c := range map[string]struct {
		phi, noise float64
		rise       float64 // over the soak, a ratio
		settle     float64 // a rise in the first fifth that stops there
		found      float64 // least share found where it rises, greatest where it does not
	}{
		"steady":                 {phi: 0.5, noise: 0.05, found: 0.01},
		"wandering":              {phi: 0.95, noise: 0.05, found: 0.01},
		"noisy":                  {phi: 0.5, noise: 0.2, found: 0.01},
		"settles":                {phi: 0.5, noise: 0.05, settle: 0.3, found: 0.01},
		"rises by 30 %":          {phi: 0.5, noise: 0.05, rise: 0.3, found: 0.97},
		"rises by half, wanders": {phi: 0.95, noise: 0.05, rise: 0.5, found: 0.90},
	} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			found, runs := 0, 300
			for range runs {
				var samples []sample
				x := r.NormFloat64() * c.noise
				for i := range 600 {
					x = c.phi*x + r.NormFloat64()*c.noise*math.Sqrt(1-c.phi*c.phi)
					u := float64(i) / 600
					samples = append(samples, sample{time.Duration(i+1) * time.Second, 0.02 * (1 + c.rise*u + c.settle*min(u/0.2, 1)) * math.Exp(x)})
				}
				if judgeCreep(Creep{Metric: scenarios.ResponseTime}, samples, nil).Growth == Grows {
					found++
				}
			}
			share := float64(found) / float64(runs)
			t.Logf("found in %.1f %%", 100*share)
			if c.rise > 0 && share < c.found || c.rise == 0 && share > c.found {
				t.Errorf("found in %.3f of soaks, bound %.3f", share, c.found)
			}
		})
	}
}

// TestConstantLoad tells soaks at one rate from others.
func TestConstantLoad(t *testing.T) {
	seconds := func(rate func(i int) float64) (all []Second) {
		for i := range 60 {
			all = append(all, Second{At: time.Duration(i+1) * time.Second, Warmup: i < 10, Offered: rate(i)})
		}
		return all
	}
	for name, c := range map[string]struct {
		rate func(i int) float64
		want bool
	}{
		"one rate":              {func(int) float64 { return 200 }, true},
		"arrivals by chance":    {func(i int) float64 { return 200 + float64(i%7) }, true},
		"a ramp":                {func(i int) float64 { return 20 + 3*float64(i) }, false},
		"a slow ramp":           {func(i int) float64 { return 200 + 0.3*float64(i) }, false},
		"no load":               {func(int) float64 { return 0 }, false},
		"a ramp in the warm-up": {func(i int) float64 { return 200 * math.Min(1, float64(i+1)/10) }, true},
	} {
		if got := constantLoad(seconds(c.rate)); got != c.want {
			t.Errorf("%s: constant is %v, want %v", name, got, c.want)
		}
	}
	if constantLoad(nil) {
		t.Error("no seconds are no constant load")
	}
}
