package tuner

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// comparable is a whole trial of a scenario whose CPU per hit and p99 are given, in milliseconds.
func comparableTrial(number int, scenario string, cpu, p99 float64) Trial {
	at := func(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }
	purpose := Validate
	if scenario == "soak" {
		purpose = Confirm
	}
	settings := Settings{{Container: "app", Resources: scenarios.Resources{CPULimit: 1000, MemoryLimit: 100 * scenarios.MiB}}}
	return Trial{Number: number, Step: Step{Purpose: purpose, Scenario: scenario, Settings: settings},
		Observation: Observation{Complete: true, Fresh: scenario == "soak", Startup: new(2 * time.Second),
			Load: &Load{Throughput: 200, Offered: 200, Hits: 2000, Outcomes: map[string]int64{"ok": 2000},
				Response: []Quantile{{Q: 0.5, Time: at(p99 / 3)}, {Q: 0.99, Time: at(p99)}}},
			Containers: []ContainerUse{{Container: "app", CPULimit: 1000, MemoryLimit: 100 * scenarios.MiB, CPU: new(cpu * 0.2), CPUMax: new(cpu * 0.25),
				Periods: new(int64(100)), ThrottledPeriods: new(int64(0)), WorkingSet: new(80 * scenarios.MiB), MemoryPeak: new(80 * scenarios.MiB),
				StartupCPU: new(0.1), OOMKills: new(int64(0))}}},
		Verdict: Verdict{Judgement: Pass}}
}

func find(t *testing.T, all []Difference, metric string) Difference {
	t.Helper()
	for _, d := range all {
		if d.Metric == metric {
			return d
		}
	}
	t.Fatalf("no %s among %+v", metric, all)
	return Difference{}
}

// The worked value of Compare: s = √(3·0.0009/5) = 0.0232, w = 1, t = 0.2231/0.0232 = 9.60 with 5 degrees.
func TestCompareWorked(t *testing.T) {
	before := []Trial{comparableTrial(1, "ramp", 1, 10), comparableTrial(2, "ramp", 1, 10)}
	after := []Trial{comparableTrial(1, "ramp", 1.25, 10), comparableTrial(2, "ramp", 1.25, 10)}
	d := find(t, Compare(before, after), "CPU per hit")
	if math.Abs(d.Change-0.25) > 1e-9 || math.Abs(d.P-0.0002) > 2e-5 || d.BeforeTrials != 2 || d.AfterTrials != 2 {
		t.Errorf("%+v", d)
	}
	if d.Container != "app" || math.Abs(d.Before-0.001) > 1e-9 {
		t.Errorf("CPU per hit of %s before: %v s", d.Container, d.Before)
	}
	if p := find(t, Compare(before, after), "p99 response time"); p.P != 1 || p.Worse || p.Better {
		t.Errorf("an equal p99 differs: %+v", p)
	}
}

func TestCompareDirections(t *testing.T) {
	base := func(cpu float64) []Trial {
		return []Trial{comparableTrial(1, "soak", cpu, 10), comparableTrial(2, "ramp", cpu, 10), comparableTrial(3, "soak", cpu, 10), comparableTrial(4, "ramp", cpu, 10)}
	}
	if d := find(t, Compare(base(1), base(1.5)), "CPU per hit"); !d.Worse || d.Better || !strings.Contains(d.String(), "50 % worse") || !strings.Contains(d.String(), "beyond the ±") {
		t.Errorf("%+v %s", d, d)
	}
	if d := find(t, Compare(base(1.5), base(1)), "CPU per hit"); d.Worse || !d.Better {
		t.Errorf("%+v", d)
	}
	slow := base(1)
	for i := range slow {
		slow[i].Observation.Load.Throughput = 150
	}
	if d := find(t, Compare(base(1), slow), "throughput"); !d.Worse {
		t.Errorf("less throughput is worse: %+v", d)
	}
}

// A measured noise of 20 % makes 18 % no difference, and one of 1 % makes it one.
func TestCompareTakesTheNoiseIntoAccount(t *testing.T) {
	trials := func(factor, spread float64) []Trial {
		var all []Trial
		for i, sign := range []float64{1, 1, -1, -1} {
			scenario := []string{"soak", "ramp"}[i%2]
			all = append(all, comparableTrial(i+1, scenario, factor*math.Exp(sign*spread), 10))
		}
		return all
	}
	if d := find(t, Compare(trials(1, 0.2), trials(1.18, 0.2)), "CPU per hit"); d.Worse {
		t.Errorf("18 %% beyond a noise of 20 %%: %s", d)
	}
	if d := find(t, Compare(trials(1, 0.01), trials(1.18, 0.01)), "CPU per hit"); !d.Worse {
		t.Errorf("18 %% not beyond a noise of 1 %%: %s", d)
	}
}

// A change counts as worse or better exactly where it is larger than the noise beside it, whatever its direction and scale.
func TestCompareAgreesWithItsNoise(t *testing.T) {
	base := fourTrials()
	for _, factor := range []float64{0.5, 0.8, 0.85, 0.89, 0.9, 0.905, 0.93, 0.94, 0.95, 1, 1.05, 1.06, 1.07, 1.1, 1.11, 1.12, 1.2, 3} {
		after := fourTrials()
		for i := range after {
			o := &after[i].Observation
			at := func(x time.Duration) time.Duration { return time.Duration(float64(x) * factor) }
			o.Load.Response = []Quantile{{Q: 0.5, Time: at(o.Load.Response[0].Time)}, {Q: 0.99, Time: at(o.Load.Response[1].Time)}}
			o.Containers[0].CPU = new(*o.Containers[0].CPU * factor)
			o.Containers[0].ThrottledPeriods = new(int64(50 * max(0, factor-0.5)))
			o.Load.Throughput *= factor
		}
		for _, pair := range [][2][]Trial{{base, after}, {after, base}} {
			for _, d := range Compare(pair[0], pair[1]) {
				if (d.Worse || d.Better) != (math.Abs(d.Change) > d.Noise) {
					t.Errorf("factor %v: change %v, noise %v: %s", factor, d.Change, d.Noise, d)
				}
				if d.Metric == "throughput" && d.Unit != "ratio" && d.SmallestWorse > 1 {
					t.Errorf("throughput can't fall by %v", d.SmallestWorse)
				}
			}
		}
	}
}

// What a repeatable service can be told about p99: 18 % with four trials each, and the noise that is printed is the least.
func TestCompareFindsASlowerP99(t *testing.T) {
	slower := func(factor float64) []Trial {
		all := fourTrials()
		for i, noise := range []float64{0.99, 1.01, 1.01, 0.99} { // repeats to 1 %
			r := all[i].Observation.Load.Response
			r[1].Time = time.Duration(float64(r[1].Time) * factor * noise)
		}
		return all
	}
	d := find(t, Compare(slower(1), slower(1.18)), "p99 response time")
	if !d.Worse || d.Noise > 0.13 || math.Abs(d.Noise-d.SmallestWorse) > 1e-9 {
		t.Errorf("%s", d)
	}
	if d := find(t, Compare(fourTrials(), fourTrials()), "p99 response time"); math.Abs(d.SmallestWorse-0.112) > 0.0005 {
		t.Errorf("the worked value: %v", d.SmallestWorse)
	}
	if d := find(t, Compare(fourTrials(), fourTrials()), "CPU per hit"); math.Abs(d.SmallestWorse-0.066) > 0.0005 {
		t.Errorf("the worked value: %v", d.SmallestWorse)
	}
}

// Figures of 4+4 trials with normal noise, the percentiles more noisy than is assumed or less: an unchanged service is called
// worse in at most 1 % of the comparisons, over all figures together; p99 that is 18 % worse is found where it repeats to 1–2 %.
func TestCompareRates(t *testing.T) {
	const runs = 1000
	for _, c := range []struct {
		noise, found float64 // σ of both percentiles; the least share in which 18 % is found
	}{{0.01, 0.99}, {0.015, 0.98}, {0.02, 0.95}, {0.05, 0}, {0.1, 0}, {0.2, 0}} {
		random := rand.New(rand.NewPCG(5, 7))
		alarms, found := 0, 0
		for range runs {
			base := noisyTrials(random, c.noise, 1)
			if slices.ContainsFunc(Compare(base, noisyTrials(random, c.noise, 1)), func(d Difference) bool { return d.Worse }) {
				alarms++
			}
			if find(t, Compare(base, noisyTrials(random, c.noise, 1.18)), "p99 response time").Worse {
				found++
			}
		}
		t.Logf("noise %v %%: %d false alarms in %d, 18 %% found in %d", 100*c.noise, alarms, runs, found)
		if alarms > runs/100 || float64(found) < c.found*runs {
			t.Errorf("noise %v %%: %d false alarms, 18 %% found in %d of %d", 100*c.noise, alarms, found, runs)
		}
	}
}

// noisyTrials are four trials of independent noise: percentiles of σ = noise, p99 times slower; CPU of 2 %, memory of 1 %,
// throughput of 0.2 %, start-up of 10 %.
func noisyTrials(random *rand.Rand, noise, slower float64) []Trial {
	all := fourTrials()
	by := func(sigma float64) float64 { return math.Exp(sigma * random.NormFloat64()) }
	for i := range all {
		o := &all[i].Observation
		for k, factor := range []float64{1, slower} {
			o.Load.Response[k].Time = time.Duration(float64(o.Load.Response[k].Time) * factor * by(noise))
		}
		o.Containers[0].CPU = new(*o.Containers[0].CPU * by(0.02))
		o.Containers[0].WorkingSet = new(scenarios.Bytes(float64(*o.Containers[0].WorkingSet) * by(0.01)))
		o.Load.Throughput *= by(0.002)
		o.Startup = new(time.Duration(float64(2*time.Second) * by(0.1)))
	}
	return all
}

// Hits that did not complete make p99 a lower bound: it can show that it got worse, and never that it got better.
func TestCompareLowerBounds(t *testing.T) {
	bounded := func(ms float64) []Trial {
		all := fourTrials()
		for i := range all {
			all[i].Observation.Load.Response[1] = Quantile{Q: 0.99, Time: time.Duration(ms * 1e6), AtLeast: true}
		}
		return all
	}
	if d := find(t, Compare(fourTrials(), bounded(20)), "p99 response time"); !d.Worse || !strings.Contains(d.String(), "at least 100 % worse (10 ms → ≥ 20 ms)") {
		t.Errorf("%s", d)
	}
	if d := find(t, Compare(fourTrials(), bounded(5)), "p99 response time"); d.Worse || d.Better {
		t.Errorf("%s", d)
	}
	for _, d := range Compare(bounded(20), fourTrials()) {
		if d.Metric == "p99 response time" {
			t.Errorf("a lower bound before was compared: %s", d)
		}
	}
	if _, notes := Uncompared(bounded(20), fourTrials()); len(notes) != 1 || !strings.Contains(notes[0], "p99 response time can't be compared") {
		t.Errorf("%q", notes)
	}
}

func TestUncompared(t *testing.T) {
	blind, renamed := fourTrials(), fourTrials()
	for i := range blind {
		blind[i].Observation.Containers[0].CPU = nil
		renamed[i].Step.Settings = Settings{{Container: "web"}}
		renamed[i].Observation.Containers[0].Container = "web"
	}
	for name, c := range map[string]struct {
		after       []Trial
		gone, notes int
	}{"the same": {fourTrials(), 0, 0}, "a figure less": {blind, 0, 1}, "another container": {renamed, 1, 1}, "nothing": {nil, 0, 0}} {
		if gone, notes := Uncompared(fourTrials(), c.after); len(gone) != c.gone || len(notes) != c.notes {
			t.Errorf("%s: gone %q, notes %q", name, gone, notes)
		}
	}
}

func TestCompareLeavesOut(t *testing.T) {
	one := comparableTrial(1, "ramp", 1, 10)
	doubtful, cut, idle := one, one, one
	doubtful.Verdict.Judgement = Inconclusive
	cut.Observation.Complete = false
	idle.Observation.Load = nil
	for name, trials := range map[string][]Trial{"doubtful": {doubtful}, "cut short": {cut}, "no load": {idle},
		"another scenario": {comparableTrial(1, "soak", 1, 10)}, "none": nil} {
		if all := Compare([]Trial{one}, trials); len(all) != 0 {
			t.Errorf("%s: %d differences", name, len(all))
		}
		if all := Compare(trials, []Trial{one}); len(all) != 0 {
			t.Errorf("%s before: %d differences", name, len(all))
		}
	}
	blind := comparableTrial(1, "ramp", 1, 10)
	blind.Observation.Containers[0].CPU = nil
	for _, d := range Compare([]Trial{one}, []Trial{blind}) {
		if d.Metric == "CPU per hit" {
			t.Errorf("an unknown CPU was compared: %s", d)
		}
	}
}
