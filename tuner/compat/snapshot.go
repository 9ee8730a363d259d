package compat

import (
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// Ref names one object.
type Ref struct {
	APIVersion string `json:"api_version"`
	Kind       string `json:"kind"`
	// Namespace is empty where a manifest does not say, and for objects that are in none.
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
}

// String is "Deployment web".
func (r Ref) String() string { return r.Kind + " " + r.Name }

// Snapshot is one workload and all that may act on it, as of one instant. Lists hold only what concerns this workload
// (autoscalers that target it, budgets that select its Pods, ranges and quotas of its namespace, nodes it may run on),
// in the order of their names. An empty list means that there is none, unless Unread names the kind.
type Snapshot struct {
	Workload Workload
	// Pods of the workload that have not ended.
	Pods          []Pod
	HPAs          []HPA
	VPAs          []VPA
	ScaledObjects []ScaledObject
	PDBs          []PDB
	LimitRanges   []LimitRange
	Quotas        []Quota
	Nodes         []Node
	// Webhooks are the names of the configurations that may change Pods at their creation.
	Webhooks []string
	// Server is the minor version of Kubernetes 1.x; 0 where it is not known.
	Server int
	// Offline is true for manifests: what lives only in a cluster is then Unread by nature.
	Offline bool
	// Unread is what could not be read; each kind at most once.
	Unread []Unread
}

// Unread is one kind of object that could not be read, and why.
type Unread struct {
	Kind Kind   `json:"kind"`
	Why  string `json:"why"`
}

// Kind is a kind of object that rules rest on.
type Kind string

// The kinds of object that rules rest on.
const (
	Pods          Kind = "pods"
	HPAs          Kind = "horizontalpodautoscalers"
	VPAs          Kind = "verticalpodautoscalers"
	ScaledObjects Kind = "scaledobjects"
	PDBs          Kind = "poddisruptionbudgets"
	LimitRanges   Kind = "limitranges"
	Quotas        Kind = "resourcequotas"
	Nodes         Kind = "nodes"
	Webhooks      Kind = "mutatingwebhookconfigurations"
	Version       Kind = "version"
)

// Matters says whether a check that could not read k has not measured what it was asked for. The rest is cluster-wide, or
// only adds evidence, and a least-privilege role may well not read it.
func (k Kind) Matters() bool {
	switch k {
	case HPAs, VPAs, ScaledObjects, LimitRanges, Quotas:
		return true
	}
	return false
}

// Workload is the object whose Pods are looked at.
type Workload struct {
	Ref
	// Replicas as the object states them; nil where it states none (then Kubernetes makes 1).
	Replicas *int
	// ReplicasFrom names who set spec.replicas: a manifest, "kubectl", a GitOps controller; empty where nobody but the
	// autoscaler or the API server's default did.
	ReplicasFrom string
	// GitOps names the controller that reverts changes made by others ("Argo CD", "Flux"); empty: none seen.
	GitOps string
	// MaxSurge is how many Pods above Replicas a rollout may make; 0 for kinds that do not surge.
	MaxSurge Share
	// PriorityClass of its Pods; empty: none.
	PriorityClass string
	// Containers in the order of the template: init and sidecar containers first.
	Containers []Container
	// PodLevel are requests and limits of the Pod as a whole (spec.resources); nil where it has none.
	PodLevel *scenarios.Resources
	// Overhead of the Pod's runtime class, added to its requests.
	Overhead Amounts
	// SidecarsExpected names sidecars that a webhook will inject, by the template's own annotations and labels.
	SidecarsExpected []string
	// Refused is the message with which the API server refused a Pod of the workload; empty: none was.
	Refused string
}

// Role says what a container is for.
type Role string

// The roles of a container.
const (
	App     Role = "app"
	Init    Role = "init"    // runs to its end before the others start
	Sidecar Role = "sidecar" // an init container with restartPolicy Always: runs beside the others
)

// Container is one container of a Pod template.
type Container struct {
	Name      string
	Role      Role
	Resources scenarios.Resources
	// Image, Command (with its arguments) and Env as the template states them. Env holds only the sizes of language
	// runtimes (GOMEMLIMIT, …): nothing secret.
	Image   string
	Command []string
	Env     map[string]string
	// RestartsOn are the resources whose change in place restarts the container (resizePolicy RestartContainer).
	RestartsOn []tuner.Resource
	// Liveness and Startup probes; nil: none.
	Liveness *Probe
	Startup  *Probe
}

// Probe is the time that a probe gives a container.
type Probe struct {
	Delay    time.Duration
	Period   time.Duration
	Failures int
}

// Budget is how long a container may fail the probe before it is killed.
func (p Probe) Budget() time.Duration { return p.Delay + time.Duration(p.Failures)*p.Period }

// Pod is one running Pod of the workload.
type Pod struct {
	Name string
	// Containers as admitted, init containers included.
	Containers []Container
	// ByVPA is true where a VPA's webhook or updater left its annotation.
	ByVPA bool
	// Unscheduled is the scheduler's message; empty where the Pod has a node.
	Unscheduled string
	// Boot is the time from its start to Ready; nil where it is not known.
	Boot *time.Duration
}

// Node is one that the workload's Pods may run on by their node selector and tolerations.
type Node struct {
	Name        string
	Allocatable Amounts
	// Pods is how many Pods the kubelet takes.
	Pods int
	// OS and Arch as the kubelet tells them; Type is the instance type of its label. Empty: not known.
	OS, Arch, Type string
}

// Amounts are CPU and memory. 0 is "not set".
type Amounts struct {
	CPU    scenarios.MilliCPU `json:"cpu_millicores,omitempty"`
	Memory scenarios.Bytes    `json:"memory_bytes,omitempty"`
}

// of is the amount of r, in millicores or bytes.
func (a Amounts) of(r tuner.Resource) int64 {
	if r == tuner.CPU {
		return int64(a.CPU)
	}
	return int64(a.Memory)
}

// Share is a count, or a percentage of a count, as Kubernetes writes both in one field.
type Share struct {
	Value   int
	Percent bool
}

// Of is the share of n Pods, rounded up as Kubernetes does for maxSurge and for both fields of a PDB.
// Source: k8s.io/apimachinery util/intstr; pkg/controller/disruption. Worked: 25 % of 10 is 3, of 4 is 1.
func (s Share) Of(n int) int {
	if !s.Percent {
		return s.Value
	}
	return (s.Value*n + 99) / 100
}
