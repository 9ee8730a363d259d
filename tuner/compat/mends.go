package compat

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// patchOf is a manifest that names r and holds the given spec.
func patchOf(r Ref, spec object) string {
	metadata := object{{"name", r.Name}}
	if r.Namespace != "" {
		metadata = append(metadata, field{"namespace", r.Namespace})
	}
	return manifest(object{{"apiVersion", r.APIVersion}, {"kind", r.Kind}, {"metadata", metadata}, {"spec", spec}})
}

func merge(r Ref, spec object) *Mend { return &Mend{r, MergePatch, patchOf(r, spec)} }

// amountText writes a value of resource r as a quantity; CPU always in m, so that two beside each other have one unit.
func amountText(r tuner.Resource, value int64) string {
	if r == tuner.CPU {
		return strconv.FormatInt(value, 10) + "m"
	}
	return scenarios.Bytes(value).String()
}

// amountsOf is the part of a that is set, as quantities; CPU first.
func amountsOf(a Amounts) object {
	var o object
	for _, r := range both {
		if a.of(r) != 0 {
			o = append(o, field{string(r), amountText(r, a.of(r))})
		}
	}
	return o
}

// metricWith is a metric on a resource with another target.
func metricWith(m Metric, target object) object {
	if m.Type == ContainerResourceMetric {
		return object{{"type", "ContainerResource"}, {"containerResource", object{
			{"name", string(m.Resource)}, {"container", m.Container}, {"target", target}}}}
	}
	return object{{"type", "Resource"}, {"resource", object{{"name", string(m.Resource)}, {"target", target}}}}
}

// utilization and average are the two kinds of target of a resource.
func utilization(percent int) object {
	return object{{"type", "Utilization"}, {"averageUtilization", percent}}
}

func average(r tuner.Resource, value int64) object {
	return object{{"type", "AverageValue"}, {"averageValue", amountText(r, value)}}
}

// bounded mends the replica bounds of h; 0 leaves one as it is. KEDA has other names for them.
func bounded(h HPA, least, most int) *Mend {
	names := [2]string{"minReplicas", "maxReplicas"}
	if h.Kind == "ScaledObject" {
		names = [2]string{"minReplicaCount", "maxReplicaCount"}
	}
	var spec object
	for i, n := range []int{least, most} {
		if n > 0 {
			spec = append(spec, field{names[i], n})
		}
	}
	return merge(h.Ref, spec)
}

// repolicied mends what v may do to each of the containers: the fields of set replace those of the policy that held for
// it, and the policies of others stay. A nil value removes a field.
func repolicied(v VPA, containers []string, set func(container string) object) *Mend {
	var policies []any
	for _, p := range v.Policies {
		if !slices.Contains(containers, p.Container) {
			policies = append(policies, p.Written)
		}
	}
	for _, c := range containers {
		written := maps.Clone(v.policy(c).Written)
		if written == nil {
			written = map[string]any{}
		}
		written["containerName"] = c
		for _, f := range set(c) {
			if written[f.key] = f.value; f.value == nil {
				delete(written, f.key)
			}
		}
		policies = append(policies, written)
	}
	return merge(v.Ref, object{{"resourcePolicy", object{{"containerPolicies", policies}}}})
}

// kept is the policy that keeps v from undoing settings: requests not below those derived nor above the limits, and
// limits left alone. A request below the floor of the recommender is its own upper end, or the floor would raise it; that
// is split over the given number of containers. Where a limit is not set, neither is the upper end.
func kept(r scenarios.Resources, containers int) object {
	most := Amounts{max(r.CPULimit, r.CPURequest), max(r.MemoryLimit, r.MemoryRequest)}
	if int64(r.CPURequest) < vpaFloor(tuner.CPU, containers) {
		most.CPU = r.CPURequest
	}
	if int64(r.MemoryRequest) < vpaFloor(tuner.Memory, containers) {
		most.Memory = r.MemoryRequest
	}
	return object{
		{"controlledValues", "RequestsOnly"},
		{"minAllowed", amountsOf(Amounts{r.CPURequest, r.MemoryRequest})},
		{"maxAllowed", amountsOf(most)},
	}
}

// moded mends the mode of v.
func moded(v VPA, mode Mode) *Mend {
	return merge(v.Ref, object{{"updatePolicy", object{{"updateMode", string(mode)}}}})
}

// containersWith mends containers of the workload's template. Kinds that the API server has no strategic merge for (Argo's
// Rollout) take a server-side apply.
func containersWith(w Workload, key string, containers []any) *Mend {
	spec := object{{"template", object{{"spec", object{{key, containers}}}}}}
	how := StrategicPatch
	if !strings.HasPrefix(w.APIVersion, "apps/") {
		how = ServerApply
	}
	return &Mend{w.Ref, how, patchOf(w.Ref, spec)}
}

// resourced mends the resources of containers of the template.
func resourced(w Workload, changed []Container) *Mend {
	key := "containers"
	var list []any
	for _, c := range changed {
		if c.Role != App {
			key = "initContainers"
		}
		r := object{}
		if o := amountsOf(Amounts{c.Resources.CPURequest, c.Resources.MemoryRequest}); len(o) > 0 {
			r = append(r, field{"requests", o})
		}
		if o := amountsOf(Amounts{c.Resources.CPULimit, c.Resources.MemoryLimit}); len(o) > 0 {
			r = append(r, field{"limits", o})
		}
		list = append(list, object{{"name", c.Name}, {"resources", r}})
	}
	return containersWith(w, key, list)
}
