package tuner

import (
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// File pages are charged to whoever touches them first: a trial whose pages another cgroup paid for says less. Whether
// the cold trial came first or last, the need is the same.
func TestMemoryDoesNotDependOnTheOrderOfTrials(t *testing.T) {
	trial := func(limit, anon, mapped scenarios.Bytes) Trial {
		s := Settings{{"app", scenarios.Resources{CPULimit: 500, MemoryLimit: limit << 20}}}
		o := Observation{Fresh: true, Complete: true, Containers: []ContainerUse{{Container: "app", CPULimit: 500, MemoryLimit: limit << 20,
			AnonPeak: new(anon << 20), MappedFile: new(mapped << 20), MemoryPeak: new((anon + mapped) << 20)}}}
		return Trial{Step: Step{Settings: s, Purpose: Probe, Scenario: "probe", Fresh: true}, Observation: o, Verdict: Verdict{Judgement: Pass}, Elapsed: time.Second}
	}
	cold, warm := trial(200, 40, 50), trial(60, 40, 4)
	goal := Goal{Limits: []Searched{{Limit{"app", Memory}, 16 << 20, 1 << 30}}, Tuning: scenarios.Tuning{Safety: 0.95, Probe: "probe"}}
	first := newHistory(goal, []Trial{cold, warm}).memoryBracket(goal.Limits[0])
	last := newHistory(goal, []Trial{warm, cold}).memoryBracket(goal.Limits[0])
	near(t, "need, the cold trial last", last.quantile(0.95), first.quantile(0.95), 1e-9)
	at60 := first.confidence(spanOf(60 << 20))
	if at60 > 0.9 {
		t.Errorf("60Mi passed only because its files were charged elsewhere, yet is trusted with %.2f", at60)
	}
}
