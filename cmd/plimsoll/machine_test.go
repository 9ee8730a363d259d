package main

import (
	"encoding/json"
	"testing"

	"github.com/plimsoll/plimsoll/reports"
	"github.com/plimsoll/plimsoll/runlog"
	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner/compat"
)

// What figures from a cluster depend on is its nodes, and not the machine that plimsoll runs on.
func TestMachineOfNodes(t *testing.T) {
	node := func(name, kind string, cpu scenarios.MilliCPU) compat.Node {
		return compat.Node{Name: name, OS: "linux", Arch: "amd64", Type: kind, Allocatable: compat.Amounts{CPU: cpu, Memory: 8 << 30}}
	}
	on := func(nodes ...compat.Node) *bench {
		text, err := json.Marshal(compat.Snapshot{Nodes: nodes})
		if err != nil {
			t.Fatal(err)
		}
		b := &bench{around: text}
		b.file.Workload.Kind = scenarios.Kubernetes
		return b
	}
	a := on(node("a", "m5.large", 1930), node("b", "m5.large", 1930))
	if m := machineOf(a); m.CPU != "m5.large" || m.Cores != 2 || m.OS != "linux" || m.Arch != "amd64" || m.Memory != 8<<30 {
		t.Errorf("%+v", m)
	}
	for name, c := range map[string]struct {
		other *bench
		same  bool
	}{
		"a node more of the kind": {on(node("a", "m5.large", 1930), node("c", "m5.large", 1930), node("d", "m5.large", 1930)), true},
		"another kind":            {on(node("a", "m6i.large", 1930)), false},
		"two kinds":               {on(node("a", "m5.large", 1930), node("b", "m6i.large", 1930)), false},
		"fewer cores":             {on(node("a", "m5.large", 930)), false},
		"no node could be read":   {on(), false},
	} {
		if how := otherKind(reports.Machine(machineOf(a)), reports.Machine(machineOf(c.other))); (how == "") != c.same {
			t.Errorf("%s: %q", name, how)
		}
	}
	unknown := on(node("a", "", 1930))
	if otherKind(reports.Machine(machineOf(unknown)), reports.Machine(machineOf(unknown))) == "" {
		t.Error("nodes of a kind that is not known are of the same kind")
	}
	if here := (&bench{}); machineOf(here) != runlog.ThisMachine() {
		t.Error("a local workload is not on this machine")
	}
}
