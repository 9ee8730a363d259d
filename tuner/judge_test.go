package tuner

import (
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// probeGoal is a goal with one container, one steady scenario of 12 s and the SLOs of the example.
func probeGoal() (Goal, Step) {
	slos := []scenarios.SLO{
		{Metric: scenarios.ResponseTime, Quantile: 0.99, Strict: true, Time: 50 * time.Millisecond, Text: "p99 < 50ms"},
		{Metric: scenarios.ErrorRatio, Strict: true, Value: 0.001, Text: "errors < 0.1%"},
		{Metric: scenarios.ThrottledRatio, Strict: true, Value: 0.1, Text: "throttled < 10%"},
	}
	settings := Settings{{"app", scenarios.Resources{CPURequest: 250, CPULimit: 250, MemoryRequest: 96 * scenarios.MiB, MemoryLimit: 96 * scenarios.MiB}}}
	probe := scenarios.Scenario{Name: "probe", Kind: scenarios.Ramp, Warmup: 2 * time.Second,
		Stages: []scenarios.Stage{{From: 200, To: 200, For: 14 * time.Second}}}
	return Goal{Replicas: 1, SLOs: map[string][]scenarios.SLO{"probe": slos}, Scenarios: []scenarios.Scenario{probe}},
		Step{Purpose: Probe, Scenario: "probe", Settings: settings}
}

// passing is an observation in which every SLO is met with room.
func passing() Observation {
	return Observation{
		Window: 12 * time.Second, Warmup: 2 * time.Second, Planned: 14 * time.Second, Complete: true,
		Load: &Load{Offered: 200, Achieved: 200, Throughput: 200, Hits: 2400, Outcomes: map[string]int64{"ok": 2400},
			Response: []Quantile{{Q: 0.5, Time: 4 * time.Millisecond}, {Q: 0.99, Time: 20 * time.Millisecond}}},
		Containers: []ContainerUse{{
			Container: "app", CPULimit: 250, MemoryLimit: 96 * scenarios.MiB,
			CPU: new(0.15), CPUP95: new(0.18), CPUMax: new(0.2), Periods: new(int64(120)), ThrottledPeriods: new(int64(3)),
			WorkingSet: new(60 * scenarios.MiB), OOMKills: new(int64(0)), Refaults: new(int64(0)), LimitHits: new(int64(0)),
		}},
	}
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(*Observation)
		want    Judgement
		mode    Mode
		culprit Resource
	}{
		{"all met", func(o *Observation) {}, Pass, "", ""},
		{"throttled", func(o *Observation) { o.Containers[0].ThrottledPeriods = new(int64(110)) }, Fail, CPUPegged, CPU},
		{"OOM", func(o *Observation) { o.Kills = []Kill{{Kind: OOMKill, Container: "app", At: time.Second}} }, Fail, OOM, Memory},
		{"unknown OOM count", func(o *Observation) { o.Containers[0].OOMKills = nil }, Inconclusive, "", ""},
		{"slow, no limit near", func(o *Observation) {
			o.Load.Response = []Quantile{{Q: 0.5, Time: 40 * time.Millisecond}, {Q: 0.99, Time: 80 * time.Millisecond}}
		}, Fail, Saturation, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			goal, step := probeGoal()
			o := passing()
			c.change(&o)
			v := Judge(goal, step, o)
			t.Log(v.Why)
			if v.Judgement != c.want || v.Mode != c.mode {
				t.Errorf("got %s %s, want %s %s", v.Judgement, v.Mode, c.want, c.mode)
			}
			if (v.Culprit == nil) != (c.culprit == "") || v.Culprit != nil && v.Culprit.Resource != c.culprit {
				t.Errorf("culprit %v, want %s", v.Culprit, c.culprit)
			}
		})
	}
}
