package observer

import (
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// Target is one container of one replica to watch.
type Target struct {
	Container string
	Replica   int
	// Cgroup is where its counters are, for the cgroup source.
	Cgroup Cgroup
	// Pod is where it runs, for sources in a cluster; zero elsewhere.
	Pod Pod
}

// Pod is one container of a Pod, as it runs now.
type Pod struct {
	Namespace, Name, UID, Node string
	// ContainerID is the runtime's, without its scheme ("containerd://"); another one after a restart.
	ContainerID string
	// NodeIP is the node's address; "" where it is not known.
	NodeIP string
	// CPULimit and MemoryLimit as its status says that they are in force, 0 where none is; nil where it does not say. They
	// serve where a source of counters does not tell the limits.
	CPULimit    *scenarios.MilliCPU
	MemoryLimit *scenarios.Bytes
}

// Cgroup says where the counters of one container are. On version 2 one folder holds all of them.
type Cgroup struct {
	// Version is 1 or 2; 0 means there is none.
	Version int
	// Unified is the folder on version 2. CPU, CPUAcct and Memory are those on version 1.
	Unified              string
	CPU, CPUAcct, Memory string
}

// Sample is one reading of one container's counters. A nil pointer is "not known"; cumulative counters count since the
// cgroup was made.
type Sample struct {
	// At is when it was taken, on the clock of the load.
	At time.Time
	// Instance tells the instances of a container apart: another number after a restart, from where its counters began at
	// 0 again. What the one before did after its last sample is not known.
	Instance int
	// CPU time used, cumulative.
	CPU *time.Duration
	// Periods and ThrottledPeriods and ThrottledTime of CFS bandwidth control, cumulative; all nil without a quota.
	Periods, ThrottledPeriods *int64
	ThrottledTime             *time.Duration
	// PodPeriods and PodThrottledPeriods are those of the Pod's own cgroup, whose quota can hold back a container that is
	// within its own; nil where the Pod has none. They outlive the instances.
	PodPeriods, PodThrottledPeriods *int64
	// Usage, WorkingSet (usage − inactive file), Anon, File, MappedFile now; Peak since the cgroup was made.
	Usage, WorkingSet, Anon, File, MappedFile, Peak *scenarios.Bytes
	// OOMKills, LimitHits and Refaults, cumulative.
	OOMKills, LimitHits, Refaults *int64
	// CPUStall and MemoryStall are PSI "some" totals, cumulative; nil where the kernel has none.
	CPUStall, MemoryStall *time.Duration
	// CPULimit and MemoryLimit as enforced now; nil where they could not be read, 0 where none is set.
	CPULimit    *scenarios.MilliCPU
	MemoryLimit *scenarios.Bytes
}

// MetricsSample is one reading of the metrics API (metrics.k8s.io) of one container: CPU usage in cores, a mean over the
// Window that ends at At, and the working set at At alone.
type MetricsSample struct {
	At         time.Time
	Window     time.Duration
	CPU        float64
	WorkingSet scenarios.Bytes
}
