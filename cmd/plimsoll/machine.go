package main

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/runlog"
	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner/compat"
)

// machineOf is the machine that the figures of a bench depend on: this one, or for a workload in a cluster its nodes.
func machineOf(b *bench) runlog.Machine {
	if b.file.Workload.Kind != scenarios.Kubernetes {
		return runlog.ThisMachine()
	}
	var s compat.Snapshot
	if len(b.around) == 0 || json.Unmarshal(b.around, &s) != nil {
		return runlog.Machine{} // not known
	}
	return machineOfNodes(s.Nodes)
}

// machineOfNodes is the kind of the nodes that the Pods may run on: the instance types for a processor, each named once, and
// the smallest node's cores and memory. A type that one node does not tell makes the processor not known.
func machineOfNodes(nodes []compat.Node) runlog.Machine {
	var m runlog.Machine
	var systems, archs, types []string
	for i, n := range nodes {
		systems, archs, types = append(systems, n.OS), append(archs, n.Arch), append(types, n.Type)
		cores := int((n.Allocatable.CPU + 999) / 1000) // a kubelet keeps a part of a core for itself
		if i == 0 {
			m.Cores, m.Memory = cores, n.Allocatable.Memory
		}
		m.Cores, m.Memory = min(m.Cores, cores), min(m.Memory, n.Allocatable.Memory)
	}
	m.OS, m.Arch, m.CPU = each(systems), each(archs), each(types)
	return m
}

// each are all texts, each once; "" where one is not known.
func each(texts []string) string {
	slices.Sort(texts)
	if len(texts) == 0 || texts[0] == "" {
		return ""
	}
	return strings.Join(slices.Compact(texts), ", ")
}
