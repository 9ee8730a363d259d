package local

import (
	"testing"

	"github.com/plimsoll/plimsoll/observer/cgroup"
	"github.com/plimsoll/plimsoll/scenarios"
)

// Processes that take long to die get room to, and the container that restarts in their cgroup has its limits again.
func TestSlowKillLiftsLimitsAndSetsThemAgain(t *testing.T) {
	l := open(t, demo())
	mustBegin(t, l, 200, 64*scenarios.MiB)
	g := l.replicas[0].containers[0].group
	if err := lift(g.folders); err != nil {
		t.Fatal(err)
	}
	lifted, err := cgroup.Read(g.at)
	if err != nil {
		t.Fatal(err)
	}
	if *lifted.CPULimit != 0 || *lifted.MemoryLimit != 0 {
		t.Errorf("lifted to %dm and %d bytes, want no limits", *lifted.CPULimit, *lifted.MemoryLimit)
	}
	// No time at all before the limits are lifted.
	if err := g.killAfter(-1); err != nil {
		t.Fatal(err)
	}
	want := scenarios.Resources{CPULimit: 200, MemoryLimit: 64 * scenarios.MiB}
	if err := g.verify(want); err != nil {
		t.Errorf("after the kill: %v", err)
	}
}
