package tuner

import (
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/scenarios"
)

func rangeGoal() Goal {
	return Goal{Limits: []Searched{{Limit{"app", CPU}, 20, 4000}, {Limit{"app", Memory}, 8 << 20, 2 << 30}}}
}

func TestWithinNarrowsTheBounds(t *testing.T) {
	before := rangeGoal()
	g, err := before.Within(Range{Resource: CPU, Min: 100, Max: 2000, MaxRatio: 4}, Range{Resource: Memory, Max: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	if cpu, memory := g.Limits[0], g.Limits[1]; cpu.Min != 100 || cpu.Max != 2000 || memory.Min != 8<<20 || memory.Max != 1<<30 {
		t.Errorf("bounds %v", g.Limits)
	}
	if before.Limits[0].Min != 20 {
		t.Error("Within changed its receiver")
	}
	if g, err = before.Within(Range{Resource: CPU, Min: 1, Max: 8000}); err != nil || g.Limits[0].Min != 20 || g.Limits[0].Max != 4000 {
		t.Errorf("a wider range changed the bounds: %v, %v", g.Limits, err)
	}
	if _, err = before.Within(Range{Resource: CPU, Min: 5000}); err == nil || !strings.Contains(err.Error(), "app CPU") || !strings.Contains(err.Error(), "5000m") {
		t.Errorf("no room at all: %v", err)
	}
}

// The worked values of allowed.
func TestAllowedRaisesRequests(t *testing.T) {
	g, err := rangeGoal().Within(Range{Resource: CPU, Min: 100, MaxRatio: 4})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ request, limit, want scenarios.MilliCPU }{
		{80, 1000, 250}, {300, 1000, 300}, {50, 200, 100}, {0, 1000, 0}, {50, 0, 100}, {50, 60, 60},
	} {
		got := g.allowed(Settings{{"app", scenarios.Resources{CPURequest: c.request, CPULimit: c.limit}}})[0]
		if got.CPURequest != c.want || got.CPULimit != c.limit {
			t.Errorf("request %d under limit %d became %d, want %d", c.request, c.limit, got.CPURequest, c.want)
		}
	}
}

// Every step stays in the ranges, the first one and one straight to the upper bound.
func TestDecideKeepsToTheRanges(t *testing.T) {
	g := rangeGoal()
	g.Before = Settings{{"app", scenarios.Resources{CPURequest: 50, CPULimit: 500, MemoryRequest: 16 << 20, MemoryLimit: 64 << 20}}}
	g.Tuning = scenarios.Tuning{Start: scenarios.Relaxed, QoS: scenarios.Burstable, MaxTrials: 10, Probe: "probe", Confirm: "soak"}
	g, err := g.Within(Range{Resource: CPU, Min: 100, Max: 1000, MaxRatio: 2})
	if err != nil {
		t.Fatal(err)
	}
	if c := Decide(g, nil).Settings[0]; c.CPULimit != 1000 || c.CPURequest != 500 {
		t.Errorf("the first step has a CPU limit of %d and a request of %d, want 1000 and 500", c.CPULimit, c.CPURequest)
	}
}
