package compat

import (
	"math"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 0.005*math.Max(1, math.Abs(want)) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// The worked values of the comments in scaling.go.
func TestScalingArithmetic(t *testing.T) {
	for _, c := range []struct {
		n          int
		u, t, tol  float64
		want       int
		comparison string
	}{
		{4, 80, 50, 0.1, 7, "4 × 1.6 = 6.4"},
		{4, 54, 50, 0.1, 4, "within the tolerance"},
		{4, 55, 50, 0.1, 4, "exactly the tolerance"},
		{4, 56, 50, 0.1, 5, "4 × 1.12 = 4.48"},
		{4, 25, 50, 0.1, 2, "4 × 0.5"},
		{3, 45, 50, 0.1, 3, "0.9 is within"},
		{3, 44, 50, 0.1, 3, "ceil(2.64)"},
	} {
		if got := Desired(c.n, c.u, c.t, c.tol); got != c.want {
			t.Errorf("Desired(%d, %v, %v): %d, want %d: %s", c.n, c.u, c.t, got, c.want, c.comparison)
		}
	}
	low, high := SpiralBounds(0.1)
	near(t, "low", low, 0.7905)
	near(t, "high", high, 0.9662)
	near(t, "factor", SpiralFactor(0.5), 1.739)
	if !Dead(1, 0.95, 0.1) || Dead(1, 0.9, 0.1) || Dead(Reach(0, 500), 5, 0.1) {
		t.Error("Dead: Guaranteed at 95 % is, at 90 % is not, without a limit never")
	}
	if got := ReachableTarget(1, 0.1); got != 79 {
		t.Errorf("ReachableTarget %d, want 79", got)
	}
	if got := MovedTarget(60, 500, 340); got != 88 {
		t.Errorf("MovedTarget %d, want 88", got)
	}
	if got := MovedReplicas(4, 500, 340, 0.1); got != 6 {
		t.Errorf("MovedReplicas %d, want 6", got)
	}
	if got := ReplicasFor(900, 100, 1, 20); got != 9 {
		t.Errorf("ReplicasFor %d, want 9", got)
	}
	if got := ReplicasFor(900, 100, 1, 8); got != 8 {
		t.Errorf("ReplicasFor %d, want 8", got)
	}
	if got := Lead(10 * time.Second); got != time.Minute {
		t.Errorf("Lead %v, want 1m", got)
	}
	target := TargetHits(100, 1, 2, time.Minute, 0.1)
	near(t, "target", target, 63.64)
	near(t, "fastest rise", FastestRise(100, target, 2, time.Minute, 0.1), 1)
	if got := FastestRise(100, 95, 2, time.Minute, 0.1); got != 0 {
		t.Errorf("a target beyond the limit follows %v, want nothing", got)
	}
	if got := BootAt(10*time.Second, 1000, 250); got != 40*time.Second {
		t.Errorf("BootAt %v, want 40s", got)
	}
	if got := BootAt(10*time.Second, 250, 1000); got != 10*time.Second {
		t.Errorf("BootAt with more CPU %v, want 10s", got)
	}
}

func TestShareRoundsUp(t *testing.T) {
	for _, c := range []struct {
		s       Share
		n, want int
	}{{Share{25, true}, 10, 3}, {Share{25, true}, 4, 1}, {Share{0, true}, 4, 0}, {Share{2, false}, 4, 2}, {Share{100, true}, 7, 7}} {
		if got := c.s.Of(c.n); got != c.want {
			t.Errorf("%v of %d: %d, want %d", c.s, c.n, got, c.want)
		}
	}
}

// What the scheduler counts, with native sidecars before and after an init container.
func TestPodNeeds(t *testing.T) {
	cpu := func(name string, role Role, m scenarios.MilliCPU) Container {
		return Container{Name: name, Role: role, Resources: scenarios.Resources{CPURequest: m, CPULimit: m}}
	}
	for _, c := range []struct {
		name string
		all  []Container
		want int64
	}{
		{"one", []Container{cpu("a", App, 100)}, 100},
		{"a sidecar runs beside it", []Container{cpu("s", Sidecar, 50), cpu("a", App, 100)}, 150},
		{"an init after the sidecar", []Container{cpu("s", Sidecar, 50), cpu("i", Init, 300), cpu("a", App, 100)}, 350},
		{"an init before the sidecar", []Container{cpu("i", Init, 300), cpu("s", Sidecar, 50), cpu("a", App, 100)}, 300},
		{"inits one by one", []Container{cpu("i", Init, 90), cpu("j", Init, 80), cpu("a", App, 100)}, 100},
	} {
		v := view{}
		for _, limit := range []bool{false, true} {
			if got := v.podNeeds(c.all, tuner.CPU, limit); got != c.want {
				t.Errorf("%s: %d, want %d", c.name, got, c.want)
			}
		}
	}
	v := view{Snapshot: Snapshot{Workload: Workload{Overhead: Amounts{CPU: 10}}}}
	if got := v.podNeeds([]Container{cpu("a", App, 100), {Name: "b", Role: App}}, tuner.CPU, true); got != 0 {
		t.Errorf("a limit of a Pod with a container without: %d, want none", got)
	}
	if got := v.podNeeds([]Container{cpu("a", App, 100)}, tuner.CPU, false); got != 110 {
		t.Errorf("with overhead: %d, want 110", got)
	}
}

func TestAdmittedFillsDefaults(t *testing.T) {
	ranges := []LimitRange{{Default: Amounts{CPU: 400}, DefaultRequest: Amounts{CPU: 100}}, {Pod: true, Default: Amounts{Memory: 1}}, {Max: Amounts{Memory: 512 * mi}}}
	for _, c := range []struct {
		name     string
		in, want scenarios.Resources
	}{
		{"nothing stated", scenarios.Resources{}, scenarios.Resources{CPURequest: 100, CPULimit: 400, MemoryRequest: 512 * mi, MemoryLimit: 512 * mi}},
		{"a limit is the request", scenarios.Resources{CPULimit: 300, MemoryLimit: mi}, scenarios.Resources{CPURequest: 300, CPULimit: 300, MemoryRequest: mi, MemoryLimit: mi}},
		{"all stated", scenarios.Resources{CPURequest: 1, CPULimit: 2, MemoryRequest: 3, MemoryLimit: 4}, scenarios.Resources{CPURequest: 1, CPULimit: 2, MemoryRequest: 3, MemoryLimit: 4}},
	} {
		if got := admitted(c.in, ranges); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// Unread kinds make the rules that rest on them unchecked, and matter in a cluster where they do.
func TestUnreadIsSaid(t *testing.T) {
	s := app()
	s.Unread = []Unread{{Quotas, "forbidden"}, {Nodes, "forbidden"}}
	r := Evaluate(s, nil)
	matters := map[string]bool{}
	for _, u := range r.Unchecked {
		if u.Matters {
			matters[u.Rule] = true
		}
	}
	if !r.Doubtful() || !matters["R7"] || !matters["R12"] || matters["R10"] {
		t.Errorf("unchecked %+v: R7 and R12 matter for quotas, R10 rests on nodes alone", r.Unchecked)
	}
	s.Offline = true
	if Evaluate(s, nil).Doubtful() {
		t.Error("manifests never have these: no doubt")
	}
}
