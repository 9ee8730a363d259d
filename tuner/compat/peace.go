package compat

import (
	"maps"
	"slices"

	"github.com/plimsoll/plimsoll/tuner"
)

// The mends of one object are one and the same for all rules: applied one after the other, none undoes another. A list in
// a patch replaces the whole list, so each of these writes it as it shall be in the end.

// peacefulVPA mends every policy of a at once: requests no lower than they shall be and no higher than the limits, limits
// left alone (R8 to R11), nothing that an HPA measures by (R1), and no containers that others inject (R17).
func (v view) peacefulVPA(a VPA) *Mend {
	set := map[string]object{}
	var names []string
	for _, c := range v.next {
		if !a.controls(c, tuner.CPU) && !a.controls(c, tuner.Memory) {
			continue
		}
		names = append(names, c.Name)
		set[c.Name] = append(kept(c.Resources, v.seen()), v.unshared(a, c)...)
	}
	for _, injected := range v.injected() {
		if !a.policy(injected).Off {
			names = append(names, injected)
			set[injected] = object{{"mode", string(Off)}}
		}
	}
	return repolicied(a, names, func(c string) object { return set[c] })
}

// unshared is what a may still control of c, where an HPA scales on the utilization of something that it controls now.
func (v view) unshared(a VPA, c Container) object {
	var rest []any
	taken := false
	for _, r := range both {
		if !a.controls(c, r) {
			continue
		}
		if v.scaledOn(c, r) {
			taken = true
		} else {
			rest = append(rest, string(r))
		}
	}
	switch {
	case !taken:
		return nil
	case len(rest) == 0:
		return object{{"mode", string(Off)}}
	}
	return object{{"controlledResources", rest}}
}

// scaledOn says whether an HPA divides usage by the request of r of c.
func (v view) scaledOn(c Container, r tuner.Resource) bool {
	for _, h := range v.scalers {
		for _, m := range h.Metrics {
			counts := m.Type == ResourceMetric || m.Type == ContainerResourceMetric && m.Container == c.Name
			if counts && m.Resource == r && m.Target == Utilization {
				return true
			}
		}
	}
	return false
}

// peacefulHPA mends all metrics of h at once: targets that can be reached and are early enough (R3 to R5), no container
// that lacks a request (R6), no memory that is never given back (R19). nil where nothing would change.
func (v view) peacefulHPA(h HPA) *Mend {
	var metrics []any
	changed := false
	for i, m := range h.Metrics {
		if v.remembers(m) != "" && len(h.Metrics) > 1 {
			changed = true
			continue
		}
		item, differs := v.peacefulMetric(h, i)
		metrics, changed = append(metrics, item), changed || differs
	}
	if !changed || len(metrics) == 0 {
		return nil
	}
	key := "metrics"
	if h.Kind == "ScaledObject" {
		key = "triggers"
	}
	return merge(h.Ref, object{{key, metrics}})
}

// peacefulMetric is metric i of h as it shall be, and whether that is another.
func (v view) peacefulMetric(h HPA, i int) (any, bool) {
	m := h.Metrics[i]
	if !m.onResource() || m.Target == Value {
		return m.Written, false
	}
	narrow := v.narrowed(m)
	target := v.suggestedTarget(h, narrow)
	same := narrow.Type == m.Type && target == nil
	if same {
		return m.Written, false
	}
	if target == nil {
		target = utilization(m.Utilization)
	}
	if h.Kind == "ScaledObject" {
		return triggerWith(m.Written, narrow, target), true
	}
	return metricWith(narrow, target), true
}

// suggestedTarget is the target that m shall have instead of its own; nil where its own is right.
func (v view) suggestedTarget(h HPA, m Metric) object {
	_, limit, _ := v.counted(m, v.next)
	if m.Target == Utilization {
		if percent := v.suggested(h, m); percent != m.Utilization {
			return utilization(percent)
		}
		return nil
	}
	value := m.Average
	if limit > 0 && Dead(Reach(limit, value), 1, up(h)) {
		value = reachableAverage(limit, up(h))
	}
	if most, ok := v.kneeCPU(h, m); ok {
		value = max(1, min(value, most))
	}
	if value == m.Average {
		return nil
	}
	return average(m.Resource, value)
}

// narrowed is m on one container that has a request, where a container that it counts has none and no VPA tells one.
func (v view) narrowed(m Metric) Metric {
	_, _, missing := v.counted(m, v.next)
	if m.Target != Utilization || m.Type != ResourceMetric || len(missing) == 0 || len(v.recommended(m, missing)) == len(missing) {
		return m
	}
	for _, c := range running(v.next) {
		if c.Role == App && valueOf(c.Resources, m.Resource, false) > 0 {
			m.Type, m.Container = ContainerResourceMetric, c.Name
			return m
		}
	}
	return m
}

// triggerWith is a trigger of KEDA with another target.
func triggerWith(written map[string]any, m Metric, target object) map[string]any {
	written = maps.Clone(written)
	metadata, _ := written["metadata"].(map[string]any)
	metadata = maps.Clone(metadata)
	if metadata == nil {
		metadata = map[string]any{}
	}
	metadata["value"] = scalar(target[1].value)
	if m.Type == ContainerResourceMetric {
		metadata["containerName"] = m.Container
	}
	written["metadata"], written["metricType"] = metadata, target[0].value
	return written
}

// room is how many replicas of h there is room for, by quotas and nodes.
func (v view) room(h HPA) int {
	room := h.Max
	v.eachCounted(func(_ Quota, i QuotaItem, per int64, _ string) {
		if per > 0 {
			room = min(room, int(max(0, v.free(i, per))/per))
		}
	})
	if len(v.Nodes) > 0 {
		room = min(room, fits(v.Nodes, v.podNeeds(v.next, tuner.CPU, false), v.podNeeds(v.next, tuner.Memory, false)))
	}
	return room
}

// widened mends every bound of a LimitRange that the settings do not keep.
func (v view) widened(lr LimitRange) *Mend {
	limits := slices.Clone(lr.Written)
	for _, l := range v.LimitRanges {
		if l.Name != lr.Name || l.Index >= len(limits) {
			continue
		}
		entry, ok := limits[l.Index].(map[string]any)
		if !ok {
			continue
		}
		entry = maps.Clone(entry)
		for _, r := range both {
			for _, b := range v.furthest(l, r) {
				bound, _ := entry[b.field].(map[string]any)
				if bound = maps.Clone(bound); bound == nil {
					bound = map[string]any{}
				}
				bound[string(r)], entry[b.field] = b.to, bound
			}
		}
		limits[l.Index] = entry
	}
	return merge(lr.Ref, object{{"limits", limits}})
}

// furthest are the bounds of l that something does not keep, each as far off as the worst needs it.
func (v view) furthest(l LimitRange, r tuner.Resource) []broken {
	worst := map[string]broken{}
	for _, s := range v.subjects(l, r) {
		for _, b := range l.bounds(r, s.request, s.limit) {
			if old, seen := worst[b.field]; b.to != "" && (!seen || b.off > old.off) {
				worst[b.field] = b
			}
		}
	}
	var all []broken
	for _, field := range slices.Sorted(maps.Keys(worst)) {
		all = append(all, worst[field])
	}
	return all
}
