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

// TestConstantLoad tells soaks at one rate from others by their plan.
func TestConstantLoad(t *testing.T) {
	stage := func(from, to float64, length time.Duration) scenarios.Stage {
		return scenarios.Stage{From: from, To: to, For: length}
	}
	for name, c := range map[string]struct {
		stages []scenarios.Stage
		want   bool
	}{
		"one rate":              {[]scenarios.Stage{stage(200, 200, time.Minute)}, true},
		"a ramp in the warm-up": {[]scenarios.Stage{stage(0, 200, 5*time.Second), stage(200, 200, time.Minute)}, true},
		"a ramp":                {[]scenarios.Stage{stage(0, 200, time.Minute)}, false},
		"steps":                 {[]scenarios.Stage{stage(100, 100, time.Minute), stage(200, 200, time.Minute)}, false},
		"a wave":                {[]scenarios.Stage{{From: 200, To: 200, For: time.Minute, Period: time.Second, Amplitude: 50}}, false},
		"no load":               {[]scenarios.Stage{stage(0, 0, time.Minute)}, false},
	} {
		g := Goal{Scenarios: []scenarios.Scenario{{Name: "soak", Warmup: 5 * time.Second, Stages: c.stages}}}
		if got := g.constant("soak"); got != c.want {
			t.Errorf("%s: constant is %v, want %v", name, got, c.want)
		}
	}
	if (Goal{}).constant("soak") {
		t.Error("an unknown plan is no constant load")
	}
}

// TestTimeToBound repeats the worked value of toBound, and its edges.
func TestTimeToBound(t *testing.T) {
	slo := scenarios.SLO{Metric: scenarios.ResponseTime}
	margin := func(ratio float64) []measured {
		return []measured{{slo: &slo, Margin: Margin{Name: "p99 < 200ms", Metric: scenarios.ResponseTime, Ratio: &ratio}}}
	}
	c := Creep{Metric: scenarios.ResponseTime, Growth: Grows, Rise: new(0.1)}
	c.toBound(margin(0.6), 5*time.Minute)
	if c.TimeToBound == nil || c.TimeToBound.Round(time.Second) != 30*time.Minute+50*time.Second {
		t.Errorf("in %v, want 30m50s", c.TimeToBound)
	}
	for name, c := range map[string]Creep{"flat": {Growth: Flat, Metric: scenarios.ResponseTime}, "without a bound": {Growth: Grows, Metric: scenarios.CPUUse, Rise: new(0.1)}} {
		if c.toBound(margin(0.6), time.Minute); c.TimeToBound != nil {
			t.Errorf("%s: reaches a bound in %v", name, c.TimeToBound)
		}
	}
}

// TestWideSpread holds a bracket to numbers where repeats of one limit lie far apart: a heap that grows over the trials.
func TestWideSpread(t *testing.T) {
	for _, squares := range []float64{0, 1e-4, 1.43, 5, 50} {
		b := newBracket(math.Log(40e6), math.Log(400e6))
		b.spread(squares, 7)
		if p := b.confidence(math.Log(300e6)); !(p > 0 && p < 1) {
			t.Errorf("squares %v: confidence %v", squares, p)
		}
	}
}
