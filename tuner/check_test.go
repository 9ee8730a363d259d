package tuner

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

func checkGoal() CheckGoal {
	shape := func(name string, kind scenarios.ScenarioKind, length time.Duration) scenarios.Scenario {
		return scenarios.Scenario{Name: name, Kind: kind, Stages: []scenarios.Stage{{From: 200, To: 200, For: length}}}
	}
	all := []scenarios.Scenario{shape("ramp", scenarios.Ramp, 10*time.Second), shape("soak", scenarios.Soak, 30*time.Second)}
	settings := Settings{{Container: "app", Resources: scenarios.Resources{CPULimit: 1000, MemoryLimit: 100 * scenarios.MiB}}}
	return CheckGoal{MaxTime: 10 * time.Minute, Goal: Goal{Before: settings, Replicas: 1, Scenarios: all,
		SLOs: map[string][]scenarios.SLO{"ramp": nil, "soak": nil}, Tuning: scenarios.Tuning{Probe: "ramp", Confirm: "soak"}}}
}

// scripted is a runner whose n-th trial is that of the script, the last again and again.
type scripted struct {
	trials []Trial
	n      int
	now    time.Duration
}

func (s *scripted) RunTrial(context.Context, Step) (Observation, error) {
	t := s.trials[min(s.n, len(s.trials)-1)]
	s.n++
	s.now += 20 * time.Second
	return t.Observation, nil
}

// ran runs a check over trials with these CPUs per hit, the soak first; the baseline is four trials of 1 ms.
func ran(t *testing.T, g CheckGoal, observations ...Trial) ([]Trial, Check) {
	t.Helper()
	s := &scripted{trials: observations}
	trials, err := RunCheck(t.Context(), g, s, func() time.Duration { return s.now }, func(Trial) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	return trials, ConcludeCheck(g, trials, nil)
}

func fourTrials() []Trial {
	var all []Trial
	for i := range 4 {
		all = append(all, comparableTrial(i+1, []string{"soak", "ramp"}[i%2], 1, 10))
	}
	return all
}

func TestCheck(t *testing.T) {
	at := func(cpu float64) Trial { return comparableTrial(1, "ramp", cpu, 10) }
	killed := at(1)
	killed.Observation.Kills = []Kill{{Kind: OOMKill, Container: "app", At: time.Second}}
	killed.Observation.Containers = []ContainerUse{{Container: "app", CPULimit: 1000, MemoryLimit: 100 * scenarios.MiB, OOMKills: new(int64(1))}}
	starved := at(1)
	starved.Observation.Invalid = []Doubt{{Kind: GeneratorBound, Text: "the generator fell behind"}}
	for _, c := range []struct {
		name         string
		baseline     []Trial
		observations []Trial
		trials       int
		judgement    Judgement
		why          string
	}{
		{"as good as the baseline", fourTrials(), []Trial{at(1)}, 2, Pass, "nothing got worse"},
		{"no baseline yet", nil, []Trial{at(1)}, 4, Pass, "no baseline"},
		{"30 % more CPU per hit", fourTrials(), []Trial{at(1.3)}, 4, Fail, "CPU per hit of app 30 % worse"},
		{"worse once", fourTrials(), []Trial{at(1.3), at(1)}, 3, Pass, ""},
		{"better", fourTrials(), []Trial{at(0.7)}, 2, Pass, ""},
		{"killed", fourTrials(), []Trial{killed}, 1, Fail, "OOM-killed"},
		{"a starved generator", fourTrials(), []Trial{starved}, 4, Inconclusive, "the generator fell behind"},
		{"a starved generator once", fourTrials(), []Trial{starved, at(1)}, 4, Pass, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := checkGoal()
			g.Baseline = c.baseline
			trials, check := ran(t, g, c.observations...)
			if len(trials) != c.trials || check.Judgement != c.judgement || !strings.Contains(check.Why, c.why) {
				t.Errorf("%d trials, want %d; %s, want %s: %s", len(trials), c.trials, check.Judgement, c.judgement, check.Why)
			}
		})
	}
}

func TestCheckKeepsItsTime(t *testing.T) {
	g := checkGoal()
	g.MaxTime = 50 * time.Second // two trials of 20 s, and no room for a third
	trials, check := ran(t, g, comparableTrial(1, "ramp", 1, 10))
	if len(trials) != 2 || check.Judgement != Pass {
		t.Errorf("%d trials, %s", len(trials), check.Why)
	}
}

// What ends a check before it has decided makes it no pass: a person, its time, a broken instrument, too little time.
func TestCheckCutShort(t *testing.T) {
	g := checkGoal()
	for name, c := range map[string]struct {
		broken error
		why    string
	}{
		"a person":            {why: "it was interrupted"},
		"a broken instrument": {broken: errors.New("no space left"), why: "no space left"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			s := &scripted{trials: []Trial{comparableTrial(1, "ramp", 1, 10)}}
			record := func(trial Trial) error {
				if trial.Number == 3 && c.broken != nil {
					return c.broken
				}
				if trial.Number == 2 && c.broken == nil {
					cancel()
				}
				return nil
			}
			trials, err := RunCheck(ctx, g, s, func() time.Duration { return s.now }, record)
			check := ConcludeCheck(g, trials, err)
			if len(trials) != 2 || err == nil || check.Judgement != Inconclusive || !strings.Contains(check.Why, c.why) {
				t.Errorf("%d trials, %v, %s: %s", len(trials), err, check.Judgement, check.Why)
			}
			trials[0].Verdict = Verdict{Judgement: Fail, Mode: OOM, Why: "killed"}
			if check := ConcludeCheck(g, trials, err); check.Judgement != Fail {
				t.Errorf("what was killed is %s: %s", check.Judgement, check.Why)
			}
		})
	}
	ctx, cancel := context.WithTimeoutCause(t.Context(), 0, errors.New("the 10s of --max-time were over"))
	defer cancel()
	<-ctx.Done()
	if why := Interruption(ctx); !strings.Contains(why, "--max-time") {
		t.Errorf("a deadline is %q", why)
	}
	g.Baseline, g.MaxTime = fourTrials(), 50*time.Second // 8 % worse in two trials, and no time for two more
	if trials, check := ran(t, g, comparableTrial(1, "ramp", 1.08, 10)); len(trials) != 2 || check.Judgement != Inconclusive ||
		!strings.Contains(check.Why, "no time") || !strings.Contains(check.Why, "CPU per hit") {
		t.Errorf("%d trials, %s: %s", len(trials), check.Judgement, check.Why)
	}
}

// A container of the baseline that is gone is not measured; a figure that is gone is told.
func TestCheckTellsWhatItLacks(t *testing.T) {
	g := checkGoal()
	g.Baseline = fourTrials()
	for i := range g.Baseline {
		g.Baseline[i].Step.Settings = append(slices.Clone(g.Baseline[i].Step.Settings), ContainerSettings{Container: "proxy"})
	}
	if _, check := ran(t, g, comparableTrial(1, "ramp", 1, 10)); check.Judgement != Inconclusive || !strings.Contains(check.Why, "proxy") {
		t.Errorf("%s: %s", check.Judgement, check.Why)
	}
	g.Baseline = fourTrials()
	blind := comparableTrial(1, "ramp", 1, 10)
	blind.Observation.Load.Response = blind.Observation.Load.Response[:1]
	if _, check := ran(t, g, blind); check.Judgement != Pass || !strings.Contains(strings.Join(check.Notes, "\n"), "p99 response time can't be compared") {
		t.Errorf("%s: %q", check.Judgement, check.Notes)
	}
	if _, check := ran(t, g, comparableTrial(1, "ramp", 1, 10)); !strings.Contains(strings.Join(check.Notes, "\n"), "smallest changes") {
		t.Errorf("%q", check.Notes)
	}
}

// What is needed while starting is used, too; where that is not known nothing is too large.
func TestCheckTooLargeKnowsTheStart(t *testing.T) {
	for name, c := range map[string]struct {
		change          func(*Observation)
		findings, notes int
	}{
		"as it is":              {func(*Observation) {}, 2, 0},
		"a peak while starting": {func(o *Observation) { o.Containers[0].MemoryPeak = new(290 * scenarios.MiB) }, 1, 0},
		"CPU while starting":    {func(o *Observation) { o.Containers[0].StartupCPU = new(1.8) }, 1, 0},
		"no peak known":         {func(o *Observation) { o.Containers[0].MemoryPeak = nil }, 1, 1},
		"no start-up known":     {func(o *Observation) { o.Startup = nil }, 1, 1},
		"no fresh replicas":     {func(o *Observation) { o.Fresh = false }, 0, 2},
	} {
		g := checkGoal()
		g.Goal.Before[0].MemoryLimit = 300 * scenarios.MiB
		trials := fourTrials()
		for i := range trials {
			o := &trials[i].Observation
			o.Containers[0].CPU, o.Containers[0].CPUMax = new(0.36), new(0.45)
			o.Fresh = true
			c.change(o)
		}
		check := ConcludeCheck(g, trials, nil)
		if len(check.Findings) != c.findings || len(check.Notes) != c.notes {
			t.Errorf("%s: %+v %q", name, check.Findings, check.Notes)
		}
	}
}

func TestOtherLoad(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Goal)
		other  bool
	}{
		"the same":           {func(*Goal) {}, false},
		"another warm-up":    {func(g *Goal) { g.Scenarios[0].Warmup = time.Second }, true},
		"other traffic":      {func(g *Goal) { g.Traffic = "b" }, true},
		"traffic not known":  {func(g *Goal) { g.Traffic = "" }, true},
		"a replica more":     {func(g *Goal) { g.Replicas = 2 }, true},
		"replicas not known": {func(g *Goal) { g.Replicas = 0 }, false},
		"a scenario less":    {func(g *Goal) { g.Scenarios = g.Scenarios[:1] }, true},
	} {
		a, b := checkGoal().Goal, checkGoal().Goal
		a.Traffic, b.Traffic = "a", "a"
		c.change(&a)
		if how := OtherLoad(a, b); (how != "") != c.other {
			t.Errorf("%s: %q", name, how)
		}
	}
}

func TestCheckTooLarge(t *testing.T) {
	g := checkGoal()
	g.Goal.Before[0].MemoryLimit = 300 * scenarios.MiB
	_, check := ran(t, g, comparableTrial(1, "soak", 1.8, 10)) // 450m of 1000m: more than twice
	if check.Judgement != Pass || len(check.Findings) != 2 || check.Findings[0].Rule != RuleTooLarge || check.Findings[0].Error {
		t.Errorf("%s %+v", check.Judgement, check.Findings)
	}
	g.FailOnTooLarge = true
	if _, check = ran(t, g, comparableTrial(1, "soak", 1.8, 10)); check.Judgement != Fail {
		t.Errorf("--fail-on too-large: %s", check.Judgement)
	}
	g.Goal.Before[0].CPULimit, g.Goal.Before[0].MemoryLimit = 900, 160*scenarios.MiB // exactly twice
	if _, check = ran(t, g, comparableTrial(1, "soak", 1.8, 10)); len(check.Findings) != 0 {
		t.Errorf("%+v", check.Findings)
	}
}

// A failure that the same trial does not repeat is no failure, and no pass either.
func TestCheckOneFailureOfTwoIsDoubt(t *testing.T) {
	g := checkGoal()
	trials := fourTrials()
	trials[1].Verdict = Verdict{Judgement: Fail, Mode: HighLatency, Why: "p99 300 ms of 200 ms"}
	if c := ConcludeCheck(g, trials, nil); c.Judgement != Inconclusive || !strings.Contains(c.Why, "trial 2") {
		t.Errorf("%s: %s", c.Judgement, c.Why)
	}
	trials[3].Verdict = trials[1].Verdict
	if c := ConcludeCheck(g, trials, nil); c.Judgement != Fail {
		t.Errorf("%s: %s", c.Judgement, c.Why)
	}
}

func TestBaselineTrials(t *testing.T) {
	trials := fourTrials()
	trials[0].Step.Settings = Settings{{Container: "app", Resources: scenarios.Resources{CPULimit: 500, MemoryLimit: 100 * scenarios.MiB}}}
	if all := BaselineTrials(nil, trials); len(all) != 3 || all[0].Number != 2 {
		t.Errorf("%d trials at the last settings", len(all))
	}
	if all := BaselineTrials(&Result{Settings: trials[0].Step.Settings}, trials); len(all) != 1 || all[0].Number != 1 {
		t.Errorf("%d trials at the derived settings", len(all))
	}
	if all := BaselineTrials(nil, nil); all != nil {
		t.Error("trials of nothing")
	}
}

// A search that went on cold leaves short trials of fresh replicas; what is compared with them is as cold.
func TestCheckIsAsColdAsItsBaseline(t *testing.T) {
	g := checkGoal()
	short := func() Step { step, _ := NextCheckStep(g, []Trial{comparableTrial(1, "soak", 1, 10)}, 0); return step }
	if short().Fresh {
		t.Error("fresh replicas for a short trial without a baseline")
	}
	g.Baseline = fourTrials()
	for i := range g.Baseline {
		g.Baseline[i].Observation.Fresh = true
	}
	if !short().Fresh {
		t.Error("warm replicas, though every short trial of the baseline had fresh ones")
	}
	g.Baseline[1].Observation.Fresh = false
	if short().Fresh {
		t.Error("fresh replicas, though a short trial of the baseline had warm ones")
	}
}
