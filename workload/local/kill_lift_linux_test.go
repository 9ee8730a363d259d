package local

import (
	"errors"
	"testing"

	"github.com/plimsoll/plimsoll/observer/cgroup"
	"github.com/plimsoll/plimsoll/scenarios"
)

// Limits are lifted, and set again, in an order that the kernel takes.
func TestLift(t *testing.T) {
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
	if err := g.kill(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(g.writeMemory(g.memory), g.writeCPU(g.cpu)); err != nil {
		t.Fatal(err)
	}
	want := scenarios.Resources{CPULimit: 200, MemoryLimit: 64 * scenarios.MiB}
	if err := g.verify(want); err != nil {
		t.Errorf("after the kill: %v", err)
	}
}
