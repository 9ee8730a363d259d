// Package scan ranks the workloads of a cluster from one reading of it: where much more is set aside than used, and where
// something is in danger. It is pure: a Reading in, a Ranking out.
package scan

import (
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// Reading is what was read of a cluster at one instant.
type Reading struct {
	At time.Time `json:"at"`
	// Namespace that was read; empty for all of them.
	Namespace string     `json:"namespace"`
	Workloads []Workload `json:"workloads"`
	// Unread says what could not be read, and why; each makes figures unknown, never zero.
	Unread []string `json:"unread"`
}

// Workload is a controller with its running Pods, or a Pod without one.
type Workload struct {
	Namespace string `json:"namespace"`
	// Kind as kubectl prints it: Deployment, StatefulSet, DaemonSet, Job, Pod, …
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Replicas is how many Pods were seen, 1 or more.
	Replicas   int         `json:"replicas"`
	Containers []Container `json:"containers"`
}

// Container is one container over all Pods of a workload. A nil pointer is "not known".
type Container struct {
	Name string `json:"name"`
	// Resources of the newest Pod; 0 is "not set".
	scenarios.Resources
	// UsedCPU and UsedMemory are the largest of any replica: millicores over the window of metrics-server, and working set.
	UsedCPU    *scenarios.MilliCPU `json:"used_cpu_millicores"`
	UsedMemory *scenarios.Bytes    `json:"used_memory_bytes"`
	// Throttled is throttled periods over all periods since the start, 0–1, of the worst replica; nil where there is no CPU
	// limit too.
	Throttled *float64 `json:"throttled_ratio"`
	// OOMKills is how many replicas were OOM-killed at their last end, LastOOMKill when the last of them was (nil where there
	// is none or its time is not known), and Restarts of all replicas together.
	OOMKills    int        `json:"oom_killed_replicas"`
	LastOOMKill *time.Time `json:"last_oom_kill"`
	Restarts    int        `json:"restarts"`
}
