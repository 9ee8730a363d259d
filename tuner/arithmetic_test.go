package tuner

import (
	"math"
	"testing"

	"github.com/plimsoll/plimsoll/scenarios"
)

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if math.Abs(got-want) > within {
		t.Errorf("%s = %.5g, want %.5g", what, got, want)
	}
}

// The worked values of noise.go.
func TestNoise(t *testing.T) {
	n := noise{prior: 0.1, priorWeight: 2}
	n.addGroup(group{2, 0.4, 0.01 + 0.09})
	n.addGroup(group{3, 0.3, 0.09})
	near(t, "SS", n.squares, 0.08, 1e-12)
	near(t, "ν", n.freedom, 3, 0)
	near(t, "s", n.sigma(), math.Sqrt(0.02), 1e-12)
	n.addGroup(group{1, 5, 25})
	near(t, "ν after a lone trial", n.freedom, 3, 0)
}

// Tables of Student's t: any statistics text.
func TestStudentQuantiles(t *testing.T) {
	for _, c := range []struct{ p, degrees, want float64 }{
		{0.95, 5, 2.015}, {0.975, 10, 2.228}, {0.95, 1, 6.314}, {0.975, 2, 4.303}, {0.95, 1000, 1.646}, {0.5, 4, 0},
	} {
		near(t, "t", tQuantile(c.p, c.degrees), c.want, 0.001)
		near(t, "CDF", tCDF(c.want, c.degrees), c.p, 0.0002)
		near(t, "CDF below 0", tCDF(-c.want, c.degrees), 1-c.p, 0.0002)
	}
	near(t, "z", normalQuantile(0.975), 1.95996, 1e-4)
}

// The worked values of bracket.go: signs without noise leave the need flat between them.
func TestBracket(t *testing.T) {
	b := newBracket(math.Log(4), math.Log(32))
	b.spread(0, 60)
	b.add(sign{x: math.Log(8), no: 1})
	b.add(sign{x: math.Log(16), yes: 1})
	near(t, "median", math.Exp(b.median()), 11.3, 0.4)
	near(t, "p95", math.Exp(b.quantile(0.95)), 15.5, 0.6)
	near(t, "confidence at 16", b.confidence(math.Log(16)), 0.97, 0.03)
	near(t, "confidence at 8", b.confidence(math.Log(8)), 0.02, 0.03)
}

// The worked values of fit.go's second run; without doubt in the mean it stands alone. One point at the limit asked about
// has a deviation of 0.1·√2, ρ = ½, and 0.15 is 1.061 of it: p = 0.835 at six degrees of freedom.
func TestSecondRun(t *testing.T) {
	near(t, "P(both)", bothMet(0.871, 0.23), 0.7703, 2e-4)
	near(t, "given one", bothMet(0.871, 0.23)/0.871, 0.884, 5e-4)
	near(t, "apart", bothMet(0.9, 0), 0.81, 1e-12)
	f := fit{again: true, noise: noise{prior: 0.1, priorWeight: 6}, usage: 100, points: []fitPoint{{limit: 150, span: math.Log(150), u: depth(100, 150), y: -0.15}}}
	near(t, "once", f.confidence(150, 0), 0.835, 1e-3)
	near(t, "after another", f.confidenceAfter(150, 0), 0.881, 1e-3)
	f.again = false
	near(t, "after another that asked for less", f.confidenceAfter(150, 0), 0.835, 1e-3)
}

// One freak kill far above the need does not rule it out for ever.
func TestBracketForgivesOneWrongSign(t *testing.T) {
	b := newBracket(math.Log(4), math.Log(64))
	b.add(sign{x: math.Log(40), no: 1})
	b.add(sign{x: math.Log(16), yes: 6})
	if m := math.Exp(b.median()); m > 20 {
		t.Errorf("median %.1f after six trials that passed at 16", m)
	}
}

// The worked value of fit.go.
func TestFit(t *testing.T) {
	f := fit{usage: 100, noise: noise{prior: 0.1, priorWeight: 2}}
	limit := func(u float64) float64 { return 100 / (1 - math.Exp(-u)) }
	f.points = []fitPoint{{limit: limit(1), span: math.Log(limit(1)), u: 1, y: -0.5}}
	near(t, "u", depth(100, limit(1)), 1, 1e-9)
	mean, deviation := f.predict(limit(1.3), 0, false)
	near(t, "mean", mean, -0.2, 1e-9)
	w := nearness(math.Log(limit(1)), math.Log(limit(1.3)))
	near(t, "deviation", deviation, 0.1*math.Sqrt(1+1/w+0.09/(0.01/0.49)), 1e-9)
	if _, bold := f.predict(limit(1.3), 0, true); bold >= deviation {
		t.Errorf("bold deviation %.3f is not below %.3f", bold, deviation)
	}
	if mean, _ := f.predict(99, 0, false); !math.IsInf(mean, 1) {
		t.Errorf("below usage the SLO is missed without end, got %.3f", mean)
	}
}

func TestRoundUp(t *testing.T) {
	for _, c := range []struct {
		r    Resource
		x    float64
		want int64
	}{
		{CPU, 103.2, 104}, {CPU, 231.4, 232}, {CPU, 1031, 1040}, {CPU, 104.0000000001, 104}, {CPU, 5.1, 6}, {CPU, 2345, 2360},
		{Memory, 71.3 * float64(scenarios.MiB), 72 << 20}, {Memory, 391.2 * float64(scenarios.MiB), 392 << 20}, {Memory, 5.2 * float64(scenarios.MiB), 84 * 64 << 10},
	} {
		if got := roundUp(c.r, c.x); got != c.want {
			t.Errorf("roundUp(%s, %g) = %s, want %s", c.r, c.x, limitText(c.r, got), limitText(c.r, c.want))
		}
	}
	for x := 50.0; x < 1e5; x *= 1.003 {
		if got := float64(roundUp(CPU, x)); got < x || got > x*(1+roundingRatio)+1 {
			t.Fatalf("roundUp(%g) = %g", x, got)
		}
	}
}

func TestWithLimitMovesTheRequest(t *testing.T) {
	s := Settings{{"app", scenarios.Resources{CPURequest: 200, CPULimit: 400, MemoryRequest: 64 << 20, MemoryLimit: 128 << 20}}}
	if got := withLimit(s, Limit{"app", CPU}, 100, scenarios.Burstable)[0]; got.CPURequest != 100 || got.CPULimit != 100 || got.MemoryLimit != 128<<20 {
		t.Errorf("burstable: %v", got)
	}
	if got := withLimit(s, Limit{"app", CPU}, 800, scenarios.Burstable)[0]; got.CPURequest != 200 {
		t.Errorf("burstable, raised: %v", got)
	}
	if got := withLimit(s, Limit{"app", Memory}, 256<<20, scenarios.Guaranteed)[0]; got.MemoryRequest != 256<<20 {
		t.Errorf("guaranteed: %v", got)
	}
	if s[0].CPULimit != 400 {
		t.Error("withLimit changed its argument")
	}
}

// The worked values of throttleMargin's comment.
func TestThrottleMargin(t *testing.T) {
	for v, want := range map[float64]float64{0: -1.93, 0.02: -1.08, 0.1: 0, 0.3: 1.55, 1: 7.49} {
		if got := throttleMargin(v, 0.1); math.Abs(got-want) > 0.005 {
			t.Errorf("throttleMargin(%v, 0.1) = %.3f, want %v", v, got, want)
		}
	}
}

// Memory limits count each on its own, the CPU limits together as one: 0.95^(1/3) with two of memory and three of CPU.
func TestTarget(t *testing.T) {
	for _, c := range []struct {
		memory, cpu int
		want        float64
	}{{1, 1, 0.9747}, {2, 3, 0.9830}, {0, 3, 0.95}, {2, 0, 0.9747}, {0, 0, 0.95}} {
		goal := Goal{Tuning: scenarios.Tuning{Safety: 0.95}}
		for range c.memory {
			goal.Limits = append(goal.Limits, Searched{Limit: Limit{"app", Memory}})
		}
		for range c.cpu {
			goal.Limits = append(goal.Limits, Searched{Limit: Limit{"app", CPU}})
		}
		near(t, "target", history{goal: goal}.target(), c.want, 5e-5)
	}
}

// The worked values of decide_raise.go.
func TestRaisedCPU(t *testing.T) {
	goal := Goal{Limits: []Searched{{Limit{"app", CPU}, 10, 4000}}}
	trial := func(seconds []Second) *Trial {
		return &Trial{Step: Step{Settings: Settings{{"app", scenarios.Resources{CPULimit: 100}}}}, Verdict: Verdict{Judgement: Fail},
			Observation: Observation{Seconds: seconds, Load: &Load{Offered: 200, Throughput: 100}, Containers: []ContainerUse{{Container: "app", CPULimit: 100, CPU: new(0.098)}}}}
	}
	if to, why := newHistory(goal, nil).raisedCPU(trial(nil), goal.Limits[0], 100); to != 358 {
		t.Errorf("98m used of 100m, half the hits served: up to %dm, want 358m (%s)", to, why)
	}
	if knee, asks := kneeAsks(trial(playRamp(50)).Observation, 100); knee == nil || math.Abs(asks-400) > 60 {
		t.Errorf("kept up with 50 of 200 hits/s at 100m: %.0fm, want about 400m (knee %v)", asks, knee)
	}
}

// A straight line between two points of the table is near enough.
func TestChance(t *testing.T) {
	for z := -6.0; z < 6; z += 0.0007 {
		near(t, "Φ", chance(z), normalCDF(z), 1e-6)
	}
}
