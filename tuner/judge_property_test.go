package tuner

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// randomObservation is any mixture of good, bad, unknown and absurd.
func randomObservation(r *rand.Rand) Observation {
	o := passing()
	o.Complete = r.IntN(8) > 0
	o.NeverReady = r.IntN(20) == 0
	maybe := func(p **int64) {
		switch r.IntN(6) {
		case 0:
			*p = nil
		case 1:
			*p = new(int64(r.IntN(200)))
		}
	}
	odd := func(p **float64) {
		switch r.IntN(8) {
		case 0:
			*p = nil
		case 1:
			*p = new([]float64{math.NaN(), math.Inf(1), -1, 0, 0.3}[r.IntN(5)])
		}
	}
	c := &o.Containers[0]
	for _, p := range []**int64{&c.Periods, &c.ThrottledPeriods, &c.OOMKills, &c.Refaults, &c.LimitHits} {
		maybe(p)
	}
	for _, p := range []**float64{&c.CPU, &c.MemoryStall, &c.StartupThrottled} {
		odd(p)
	}
	if r.IntN(6) == 0 {
		c.WorkingSet = nil
	}
	if r.IntN(6) == 0 {
		o.Load.Outcomes = map[string]int64{"ok": int64(r.IntN(2400)), "timeout": int64(r.IntN(5))}
	}
	if r.IntN(6) == 0 {
		o.Load.Response[1] = Quantile{0.99, time.Duration(r.IntN(100)-5) * time.Millisecond, r.IntN(2) == 0}
	}
	if r.IntN(10) == 0 {
		o.Load = [](*Load){nil, {}, {Hits: 5}}[r.IntN(3)]
	}
	if r.IntN(8) == 0 {
		o.Kills = []Kill{{Kind: []KillKind{OOMKill, OOMAtStart, OOMChild, Crash, LivenessKill, NodeOOM, UnknownKill, "?"}[r.IntN(8)], Container: "app"}}
	}
	if r.IntN(8) == 0 {
		o.Invalid = []Doubt{{Kind: []DoubtKind{GeneratorBound, CountersMissing, NodeDisturbed, TooShort}[r.IntN(4)]}}
	}
	for i := range r.IntN(20) {
		o.Seconds = append(o.Seconds, Second{At: time.Duration(i+1-r.IntN(2)) * time.Second, Offered: 200, Achieved: 200,
			Throughput: float64(r.IntN(210)), Failed: int64(r.IntN(3)), P99: new(time.Duration(r.IntN(100)) * time.Millisecond)})
	}
	return o
}

// Whatever was seen: no pass while something is unknown, in doubt or missed; a failure has a mode, and nothing else has;
// a culprit is a limit under test; every word has a reason; the same observation gets the same verdict.
func TestJudgeKeepsItsWord(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	seen := map[Judgement]int{}
	for range 20000 {
		goal, step := probeGoal()
		step.Purpose = []Purpose{Probe, Confirm}[r.IntN(2)]
		o := randomObservation(r)
		v := Judge(goal, step, o)
		seen[v.Judgement]++
		if again := Judge(goal, step, o); !reflect.DeepEqual(v, again) {
			t.Fatalf("twice the same observation, two verdicts:\n%+v\n%+v", v, again)
		}
		if problem := wrong(v, o); problem != "" {
			t.Fatalf("%s: %+v\nof %+v", problem, v, o)
		}
		Doomed(goal, step, o)
	}
	if seen[Pass] < 100 || seen[Fail] < 100 || seen[Inconclusive] < 100 {
		t.Errorf("not a fair draw: %v", seen)
	}
}

// wrong says how a verdict breaks its word, "" where it does not.
func wrong(v Verdict, o Observation) string {
	c := o.Containers[0]
	switch {
	case v.Why == "":
		return "no reason"
	case (v.Mode != "") != (v.Judgement == Fail):
		return "a mode without a failure, or the other way round"
	case v.Culprit != nil && (v.Judgement != Fail || v.Culprit.Container != "app"):
		return "a culprit that is none"
	}
	for _, m := range v.Margins {
		switch {
		case (m.Value == nil) != (m.Ratio == nil), m.Value == nil && m.Met != nil:
			return "a judged value that is not known"
		case m.Value != nil && (math.IsNaN(*m.Value+*m.Ratio) || math.IsInf(*m.Value+*m.Ratio, 0)):
			return "a margin that is no number"
		case v.Judgement == Pass && m.Met != nil && !*m.Met:
			return "a pass with a missed SLO"
		}
	}
	if v.Judgement != Pass {
		return ""
	}
	switch {
	case len(o.Invalid) > 0, len(o.Kills) > 0, !o.Complete, o.NeverReady, o.Load == nil:
		return "a pass in doubt"
	case c.OOMKills == nil, *c.OOMKills > 0, c.Periods == nil, c.ThrottledPeriods == nil:
		return "a pass while something is unknown"
	case o.Load.Hits < 500, o.Load.Outcomes["ok"]+o.Load.Outcomes["timeout"] != o.Load.Hits:
		return "a pass on hits that do not add up"
	}
	return ""
}

// The zero observation, the zero step and the zero goal are in doubt, and nothing falls over.
func TestJudgeZero(t *testing.T) {
	goal, step := probeGoal()
	for name, v := range map[string]Verdict{
		"nothing":        Judge(Goal{}, Step{}, Observation{}),
		"no goal":        Judge(Goal{}, step, passing()),
		"no step":        Judge(goal, Step{}, passing()),
		"no observation": Judge(goal, step, Observation{}),
		"complete only":  Judge(goal, step, Observation{Complete: true}),
	} {
		if v.Judgement != Inconclusive || v.Why == "" {
			t.Errorf("%s: %+v", name, v)
		}
	}
	if why, _ := Doomed(Goal{}, Step{}, Observation{}); why != "" {
		t.Errorf("nothing is doomed: %s", why)
	}
}

func TestRatioOf(t *testing.T) {
	slo := func(bound float64) scenarios.SLO { return scenarios.SLO{Metric: scenarios.ErrorRatio, Value: bound} }
	least := scenarios.SLO{Metric: scenarios.ThroughputRate, AtLeast: true, Value: 0.99}
	for _, c := range []struct {
		slo         scenarios.SLO
		value, want float64
	}{
		{scenarios.SLO{Metric: scenarios.ResponseTime, Time: 50 * time.Millisecond}, 0.06, 1.2},
		{slo(0.1), 0.05, 0.5},
		{slo(0), 0, 0},
		{slo(0), 2, 3},
		{slo(0.001), 5, maxRatio},
		{least, 0.99, 1},
		{least, 0.495, 2},
		{least, 0, maxRatio},
	} {
		if got := ratioOf(c.slo, c.value); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%v of %q: %v, want %v", c.value, c.slo.Metric, got, c.want)
		}
	}
}

func BenchmarkJudge(b *testing.B) {
	goal, step := probeGoal()
	o := passing()
	o.Seconds = make([]Second, 600)
	for i := range o.Seconds {
		o.Seconds[i] = Second{At: time.Duration(i+1) * time.Second, Offered: 200, Achieved: 200, Throughput: 200, P50: new(time.Duration(5e6)),
			P99: new(time.Duration(2e7)), Containers: []ContainerSecond{{Memory: new(scenarios.Bytes(6e7 + 1e4*(i*7919%613)))}}}
	}
	b.Run("probe", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			Judge(goal, step, o)
		}
	})
	b.Run("soak with its leak verdict", func(b *testing.B) {
		step.Purpose = Confirm
		b.ReportAllocs()
		for b.Loop() {
			Judge(goal, step, o)
		}
	})
	b.Run("doomed", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			Doomed(goal, step, o)
		}
	})
}
