package kube

import (
	core "k8s.io/api/core/v1"
)

// qos is the class that a Pod of these containers gets (k8s.io/kubernetes, pkg/apis/core/v1/helper/qos): Guaranteed
// where every container, init containers too, has both limits and its requests equal them; BestEffort where none has any.
func qos(spec core.PodSpec) core.PodQOSClass {
	guaranteed, any := true, false
	for _, c := range append(append([]core.Container{}, spec.InitContainers...), spec.Containers...) {
		for _, name := range []core.ResourceName{core.ResourceCPU, core.ResourceMemory} {
			limit, limited := c.Resources.Limits[name]
			request, requested := c.Resources.Requests[name]
			any = any || limited && !limit.IsZero() || requested && !request.IsZero()
			guaranteed = guaranteed && limited && !limit.IsZero() && (!requested || request.Cmp(limit) == 0)
		}
	}
	switch {
	case !any:
		return core.PodQOSBestEffort
	case guaranteed:
		return core.PodQOSGuaranteed
	}
	return core.PodQOSBurstable
}
