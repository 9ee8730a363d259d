package tuner

import (
	"math"
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
		Observation: Observation{Complete: true,
			Load: &Load{Throughput: 200, Offered: 200, Hits: 2000, Outcomes: map[string]int64{"ok": 2000},
				Response: []Quantile{{Q: 0.5, Time: at(p99 / 3)}, {Q: 0.99, Time: at(p99)}}},
			Containers: []ContainerUse{{Container: "app", CPULimit: 1000, MemoryLimit: 100 * scenarios.MiB, CPU: new(cpu * 0.2), CPUMax: new(cpu * 0.25),
				Periods: new(int64(100)), ThrottledPeriods: new(int64(0)), WorkingSet: new(80 * scenarios.MiB), OOMKills: new(int64(0))}}},
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
