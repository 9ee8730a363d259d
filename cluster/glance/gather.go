package glance

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metricsv1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner/scan"
)

// owner is the controller of a Pod.
type owner struct{ namespace, kind, name string }

// ownerOf is the controller of a Pod: of a ReplicaSet the Deployment above it, whose name is that of the ReplicaSet without
// the hash of the template; of a Pod without one the Pod itself.
func ownerOf(p corev1.Pod) owner {
	for _, ref := range p.OwnerReferences {
		if ref.Controller == nil || !*ref.Controller {
			continue
		}
		hash := p.Labels["pod-template-hash"]
		if name, found := strings.CutSuffix(ref.Name, "-"+hash); ref.Kind == "ReplicaSet" && hash != "" && found {
			return owner{p.Namespace, "Deployment", name}
		}
		return owner{p.Namespace, ref.Kind, ref.Name}
	}
	return owner{p.Namespace, "Pod", p.Name}
}

// gather makes the workloads of the running Pods, in the order of namespace, kind and name. used and throttled are what was
// read of containers; what is not in them is not known. Resources are those of the newest Pod: while a rollout is under way
// the older ones carry what is on its way out.
func gather(pods []corev1.Pod, used map[containerKey]usage, throttled map[containerKey]periods) []scan.Workload {
	pods = slices.Clone(pods)
	slices.SortStableFunc(pods, func(a, b corev1.Pod) int { return a.CreationTimestamp.Compare(b.CreationTimestamp.Time) })
	byOwner := map[owner]*scan.Workload{}
	var order []owner
	for _, p := range pods {
		if p.Status.Phase != corev1.PodRunning || p.DeletionTimestamp != nil {
			continue
		}
		o := ownerOf(p)
		w, ok := byOwner[o]
		if !ok {
			w = &scan.Workload{Namespace: o.namespace, Kind: o.kind, Name: o.name}
			byOwner[o], order = w, append(order, o)
		}
		w.Replicas++
		for _, c := range p.Spec.Containers {
			add(w, p, c, used, throttled)
		}
	}
	slices.SortFunc(order, func(a, b owner) int {
		return strings.Compare(a.namespace+"/"+a.kind+"/"+a.name, b.namespace+"/"+b.kind+"/"+b.name)
	})
	all := []scan.Workload{}
	for _, o := range order {
		all = append(all, *byOwner[o])
	}
	return all
}

// add folds one container of one Pod into the workload.
func add(w *scan.Workload, p corev1.Pod, c corev1.Container, used map[containerKey]usage, throttled map[containerKey]periods) {
	key := containerKey{p.Namespace, p.Name, c.Name}
	i := slices.IndexFunc(w.Containers, func(x scan.Container) bool { return x.Name == c.Name })
	u, known := used[key]
	if i < 0 {
		i = len(w.Containers)
		w.Containers = append(w.Containers, scan.Container{Name: c.Name})
		if known {
			w.Containers[i].UsedCPU, w.Containers[i].UsedMemory = new(u.cpu), new(u.memory)
		}
	}
	to := &w.Containers[i]
	to.Resources = resourcesOf(c.Resources) // the last Pod is the newest
	switch {
	case !known:
		to.UsedCPU, to.UsedMemory = nil, nil // one replica that is not known may be the busiest
	case to.UsedCPU != nil:
		to.UsedCPU, to.UsedMemory = new(max(*to.UsedCPU, u.cpu)), new(max(*to.UsedMemory, u.memory))
	}
	if ratio := throttled[key].ratio(); ratio != nil && (to.Throttled == nil || *ratio > *to.Throttled) {
		to.Throttled = ratio
	}
	for _, s := range p.Status.ContainerStatuses {
		if s.Name != c.Name {
			continue
		}
		to.Restarts += int(s.RestartCount)
		if t := s.LastTerminationState.Terminated; t != nil && t.Reason == "OOMKilled" {
			to.OOMKills++
			if at := t.FinishedAt; !at.IsZero() && (to.LastOOMKill == nil || at.After(*to.LastOOMKill)) {
				to.LastOOMKill = new(at.UTC())
			}
		}
	}
}

// usage is what one container uses.
type usage struct {
	cpu    scenarios.MilliCPU
	memory scenarios.Bytes
}

// usages are the containers in the answer of metrics-server.
func usages(all []metricsv1.PodMetrics) map[containerKey]usage {
	used := map[containerKey]usage{}
	for _, p := range all {
		for _, c := range p.Containers {
			used[containerKey{p.Namespace, p.Name, c.Name}] = usage{scenarios.MilliCPU(c.Usage.Cpu().MilliValue()), scenarios.Bytes(c.Usage.Memory().Value())}
		}
	}
	return used
}

func resourcesOf(r corev1.ResourceRequirements) scenarios.Resources {
	return scenarios.Resources{
		CPURequest: scenarios.MilliCPU(r.Requests.Cpu().MilliValue()), CPULimit: scenarios.MilliCPU(r.Limits.Cpu().MilliValue()),
		MemoryRequest: scenarios.Bytes(r.Requests.Memory().Value()), MemoryLimit: scenarios.Bytes(r.Limits.Memory().Value()),
	}
}
