package compat

import (
	"slices"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// view is what rules look at: the snapshot, and the containers as they are and as they shall be.
type view struct {
	Snapshot
	m *Measured
	// now are the template's containers with every default filled in as the API server does; next the same with the
	// derived settings; both alike where there are none.
	now, next []Container
	// scalers are the HPAs that people made, and what the ScaledObjects stand for: KEDA reverts what is changed in its own.
	scalers []HPA
}

func newView(s Snapshot, m *Measured) view {
	v := view{Snapshot: s, m: m}
	for _, c := range s.Workload.Containers {
		now := c
		now.Resources = admitted(c.Resources, s.LimitRanges)
		next := now
		if m != nil {
			if d, ok := m.Settings.Of(c.Name); ok {
				next.Resources = admitted(d.Resources, s.LimitRanges)
			}
		}
		v.now, v.next = append(v.now, now), append(v.next, next)
	}
	for _, h := range s.HPAs {
		if h.By == nil {
			v.scalers = append(v.scalers, h)
		}
	}
	for _, o := range s.ScaledObjects {
		h := o.HPA
		for _, made := range s.HPAs {
			if made.Name == o.Makes {
				h.Current, h.Inactive, h.UpTolerance, h.DownTolerance = made.Current, made.Inactive, made.UpTolerance, made.DownTolerance
			}
		}
		v.scalers = append(v.scalers, h)
	}
	return v
}

// derived says whether trials derived something for the container.
func (v view) derived(container string) bool {
	if v.m == nil {
		return false
	}
	_, ok := v.m.Settings.Of(container)
	return ok
}

// admitted are resources as a Pod carries them: a request that is not stated is the limit, and then the defaults of
// LimitRanges for containers fill in what is missing. Source: SetDefaults_Pod, SetDefaults_LimitRangeItem
// (k8s.io/kubernetes pkg/apis/core/v1/defaults.go), plugin/pkg/admission/limitranger.
func admitted(r scenarios.Resources, ranges []LimitRange) scenarios.Resources {
	for _, name := range both {
		limit, request := valueOf(r, name, true), valueOf(r, name, false)
		if request == 0 {
			request = limit
		}
		for _, lr := range ranges {
			if lr.Pod {
				continue
			}
			limit = first(limit, lr.Default.of(name), lr.Max.of(name))
			request = first(request, lr.DefaultRequest.of(name), lr.Default.of(name), lr.Max.of(name), lr.Min.of(name))
		}
		r = withValue(withValue(r, name, true, limit), name, false, request)
	}
	return r
}

// first is the first value that is set.
func first(values ...int64) int64 {
	for _, v := range values {
		if v != 0 {
			return v
		}
	}
	return 0
}

// valueOf is the limit or the request of r, in millicores or bytes; 0 is "not set".
func valueOf(r scenarios.Resources, name tuner.Resource, limit bool) int64 {
	switch {
	case name == tuner.CPU && limit:
		return int64(r.CPULimit)
	case name == tuner.CPU:
		return int64(r.CPURequest)
	case limit:
		return int64(r.MemoryLimit)
	}
	return int64(r.MemoryRequest)
}

func withValue(r scenarios.Resources, name tuner.Resource, limit bool, value int64) scenarios.Resources {
	switch {
	case name == tuner.CPU && limit:
		r.CPULimit = scenarios.MilliCPU(value)
	case name == tuner.CPU:
		r.CPURequest = scenarios.MilliCPU(value)
	case limit:
		r.MemoryLimit = scenarios.Bytes(value)
	default:
		r.MemoryRequest = scenarios.Bytes(value)
	}
	return r
}

// running are the containers that run together: all but init containers that end.
func running(all []Container) []Container {
	return slices.DeleteFunc(slices.Clone(all), func(c Container) bool { return c.Role == Init })
}

// lacking are the names of running containers without a request (or limit) of r.
func lacking(all []Container, r tuner.Resource, limit bool) []string {
	var names []string
	for _, c := range running(all) {
		if valueOf(c.Resources, r, limit) == 0 {
			names = append(names, c.Name)
		}
	}
	return names
}

// sum is what the running containers request (or are limited to) of r together; 0 where a limit of one is not set, since
// then there is no limit of them together.
func sum(all []Container, r tuner.Resource, limit bool) int64 {
	total := int64(0)
	for _, c := range running(all) {
		value := valueOf(c.Resources, r, limit)
		if limit && value == 0 {
			return 0
		}
		total += value
	}
	return total
}

// podNeeds is what the scheduler and quotas count for one Pod: the larger of what its containers need together and what
// the hungriest moment of its start needs, with the sidecars that run by then. limit: the same over limits; 0 then means
// that there is none.
//
//	need = max(Σ app + Σ sidecar, max over init i: init_i + Σ sidecars before i) + overhead
//
// Source: k8s.io/component-helpers resource.PodRequests. Worked: app 100, sidecar 50 before an init of 300 → 350.
func (v view) podNeeds(all []Container, r tuner.Resource, limit bool) int64 {
	overhead := v.Workload.Overhead.of(r)
	if p := v.Workload.PodLevel; p != nil && valueOf(*p, r, limit) > 0 {
		return valueOf(*p, r, limit) + overhead
	}
	together := sum(all, r, limit)
	if limit && together == 0 {
		return 0
	}
	start, sidecars := int64(0), int64(0)
	for _, c := range all {
		value := valueOf(c.Resources, r, limit)
		switch c.Role {
		case Sidecar:
			sidecars += value
		case Init:
			start = max(start, value+sidecars)
		case App:
		}
	}
	return max(together, start) + overhead
}

// replicas is how many Pods the workload has now: what an HPA sees, else what the object states, else 1.
func (v view) replicas() int {
	for _, h := range v.scalers {
		if h.Current > 0 {
			return max(h.Current, h.Min) // it is on its way there
		}
	}
	n := 1
	if v.Workload.Replicas != nil {
		n = *v.Workload.Replicas
	}
	for _, h := range v.scalers {
		n = min(max(n, h.Min), max(h.Max, h.Min))
	}
	return n
}

// leastReplicas is the fewest Pods that the workload may have.
func (v view) leastReplicas() int {
	least := v.replicas()
	for _, h := range v.scalers {
		least = min(least, h.Min)
	}
	return least
}

// QoS is the class of a Pod.
type QoS string

// The classes, from the last to be evicted.
const (
	Guaranteed QoS = "Guaranteed"
	Burstable  QoS = "Burstable"
	BestEffort QoS = "BestEffort"
)

// class is the QoS class of a Pod with these containers, init containers included.
// Source: k8s.io/kubernetes pkg/apis/core/v1/helper/qos.ComputePodQOS.
func (v view) class(all []Container) QoS {
	resources := make([]scenarios.Resources, 0, len(all))
	for _, c := range all {
		resources = append(resources, c.Resources)
	}
	if v.Workload.PodLevel != nil {
		resources = []scenarios.Resources{*v.Workload.PodLevel}
	}
	guaranteed, any := true, false
	for _, r := range resources {
		any = any || r != scenarios.Resources{}
		for _, name := range both {
			limit := valueOf(r, name, true)
			guaranteed = guaranteed && limit > 0 && limit == valueOf(r, name, false)
		}
	}
	switch {
	case !any:
		return BestEffort
	case guaranteed:
		return Guaranteed
	}
	return Burstable
}
