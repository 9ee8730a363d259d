package compat

import "github.com/plimsoll/plimsoll/tuner"

// PDB is one PodDisruptionBudget that selects the workload's Pods. At most one of its two fields is set.
type PDB struct {
	Ref
	MinAvailable   *Share
	MaxUnavailable *Share
	// AlwaysAllow is true where Pods that are not healthy may always be evicted.
	AlwaysAllow bool
}

// Allowed is how many of n healthy Pods may be disrupted at once.
// Source: pkg/controller/disruption: minAvailable and maxUnavailable round up. Worked: minAvailable 50 % of 3 → 3−2 = 1.
func (p PDB) Allowed(n int) int {
	switch {
	case p.MinAvailable != nil:
		return max(0, n-p.MinAvailable.Of(n))
	case p.MaxUnavailable != nil:
		return p.MaxUnavailable.Of(n)
	}
	return n
}

// LimitRange is one entry of a LimitRange, for containers or for whole Pods.
type LimitRange struct {
	Ref
	// Index of the entry in spec.limits.
	Index int
	// Pod is true where it holds for the sum over a Pod, false for each container.
	Pod bool
	// Min, Max, Default limit and DefaultRequest; 0 is "not set".
	Min, Max, Default, DefaultRequest Amounts
	// RatioCPU and RatioMemory are the largest limit ÷ request; 0: none.
	RatioCPU, RatioMemory float64
	// Written is the whole of spec.limits as found: what a mend copies.
	Written []any
}

func (l LimitRange) ratio(r tuner.Resource) float64 {
	if r == tuner.CPU {
		return l.RatioCPU
	}
	return l.RatioMemory
}

// Quota is one ResourceQuota.
type Quota struct {
	Ref
	Items []QuotaItem
	// Scopes that a Pod must be in to be counted; all of them.
	Scopes []Scope
}

// QuotaItem is one line of a quota. CPU is in millicores, memory in bytes, Pods are counted.
type QuotaItem struct {
	// Name as written: requests.cpu, cpu (the same), limits.memory, pods, count/pods.
	Name string
	Hard int64
	// Used as its status says; nil where it is not known.
	Used *int64
}

// counts says what of a Pod the item counts: a request or limit of a resource, or Pods. ok is false for other things.
func (i QuotaItem) counts() (r tuner.Resource, limit, pods, ok bool) {
	switch i.Name {
	case "cpu", "requests.cpu":
		return tuner.CPU, false, false, true
	case "memory", "requests.memory":
		return tuner.Memory, false, false, true
	case "limits.cpu":
		return tuner.CPU, true, false, true
	case "limits.memory":
		return tuner.Memory, true, false, true
	case "pods", "count/pods":
		return "", false, true, true
	}
	return "", false, false, false
}

// Scope is one condition of a quota's scopes.
type Scope struct {
	// Name as Kubernetes has it: BestEffort, NotBestEffort, Terminating, NotTerminating, PriorityClass, …
	Name string
	// Operator is In, NotIn, Exists or DoesNotExist; Values go with the first two.
	Operator string
	Values   []string
}
