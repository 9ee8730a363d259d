package compat

import (
	"fmt"
	"slices"

	"github.com/plimsoll/plimsoll/tuner"
)

// replicaBounds is R7.
func replicaBounds(v view) []Finding {
	var all []Finding
	for _, h := range v.scalers {
		switch {
		case h.Max < h.Min:
			all = append(all, Finding{Severity: Error, Object: h.Ref, Field: "spec.maxReplicas", Value: fmt.Sprint(h.Max),
				Why: fmt.Sprintf("maxReplicas %d is below minReplicas %d, which the API server refuses", h.Max, h.Min), Fix: "raise maxReplicas", Mend: bounded(h, 0, h.Min)})
			continue
		case h.Max == h.Min:
			all = append(all, Finding{Severity: Warning, Object: h.Ref, Field: "spec.maxReplicas", Value: fmt.Sprint(h.Max),
				Why: fmt.Sprintf("minReplicas and maxReplicas are both %d, so it never scales", h.Max), Fix: "raise maxReplicas, or remove the autoscaler", Mend: bounded(h, 0, 2*h.Max)})
		}
		all = append(all, v.overQuotaAtMost(h)...)
		all = append(all, v.overNodes(h)...)
	}
	return append(all, v.neverEvicted()...)
}

// overQuotaAtMost compares maxReplicas Pods with what quotas leave.
func (v view) overQuotaAtMost(h HPA) []Finding {
	var all []Finding
	v.eachCounted(func(q Quota, i QuotaItem, per int64, what string) {
		free := v.free(i, per)
		if per == 0 || int64(h.Max)*per <= free {
			return
		}
		room := int(max(0, free) / per)
		f := Finding{Severity: Error, Object: h.Ref, Field: "spec.maxReplicas", Value: fmt.Sprint(h.Max), Why: fmt.Sprintf(
			"%s at maxReplicas %d needs %s of %s, and %s leaves %s: Pods after number %d are refused", h.Ref, h.Max, i.text(int64(h.Max)*per), what, q.Ref, i.text(free), room)}
		if room >= max(h.Min, 1) {
			f.Fix, f.Mend = fmt.Sprintf("raise the quota, or lower maxReplicas to %d", room), bounded(h, 0, max(v.room(h), h.Min, 1))
		} else {
			f.Fix, f.Mend = "raise the quota: not even minReplicas fit", raised(q, i, int64(h.Max)*per-free+i.Hard)
		}
		all = append(all, f)
	})
	return all
}

// overNodes compares maxReplicas Pods with the nodes, as if nothing else ran on them.
func (v view) overNodes(h HPA) []Finding {
	if len(v.Nodes) == 0 {
		return nil
	}
	cpu, memory := v.podNeeds(v.next, tuner.CPU, false), v.podNeeds(v.next, tuner.Memory, false)
	room := fits(v.Nodes, cpu, memory)
	if h.Max <= room {
		return nil
	}
	f := Finding{Severity: Warning, Object: h.Ref, Field: "spec.maxReplicas", Value: fmt.Sprint(h.Max), Why: fmt.Sprintf(
		"at most %s that request %s CPU and %s memory fit on %s even if nothing else ran there, and maxReplicas is %d: the rest stays Pending unless a cluster autoscaler adds nodes",
		plural(room, "Pod"), orNone(tuner.CPU, cpu), orNone(tuner.Memory, memory), plural(len(v.Nodes), "node"), h.Max), Fix: "add nodes, or lower maxReplicas"}
	if room < max(h.Min, 1) {
		f.Severity = Error
		f.Fix = "add nodes: not even minReplicas fit"
	} else {
		f.Mend = bounded(h, 0, max(v.room(h), h.Min, 1))
	}
	return []Finding{f}
}

// neverEvicted are VPAs whose updater waits for more replicas than there may be.
func (v view) neverEvicted() []Finding {
	var all []Finding
	for _, a := range v.VPAs {
		needs, from := vpaMinReplicas, "its updater's default"
		if a.MinReplicas != nil {
			needs, from = *a.MinReplicas, "its updatePolicy.minReplicas"
		}
		least := v.leastReplicas()
		if !a.evicts() || needs <= least {
			continue
		}
		f := Finding{Severity: Warning, Object: a.Ref, Field: "spec.updatePolicy.minReplicas", Value: fmt.Sprint(needs), Why: fmt.Sprintf(
			"the VPA evicts nothing while there are fewer than %d replicas (%s), and there may be %d: its recommendation is then never applied", needs, from, least)}
		if a.Mode == InPlaceOrRecreate {
			f.Severity = Info
			f.Why += ", unless in place and its updater skips disruption budgets"
		}
		f.Fix = fmt.Sprintf("let it act on %s, if a moment without any is acceptable; else keep at least %d", plural(least, "replica"), needs)
		f.Mend = merge(a.Ref, object{{"updatePolicy", object{{"updateMode", string(a.Mode)}, {"minReplicas", max(1, least)}}}})
		all = append(all, f)
	}
	return all
}

// eachCounted calls do for every line of every quota that counts the workload's Pods, with what one Pod adds to it.
func (v view) eachCounted(do func(q Quota, i QuotaItem, per int64, what string)) {
	for _, q := range v.Quotas {
		if !v.inScope(q) {
			continue
		}
		for _, i := range q.Items {
			r, limit, pods, ok := i.counts()
			switch {
			case !ok:
			case pods:
				do(q, i, 1, "Pods")
			default:
				do(q, i, v.podNeeds(v.next, r, limit), i.Name)
			}
		}
	}
}

// inScope says whether the workload's Pods are in every scope of q.
func (v view) inScope(q Quota) bool {
	for _, s := range q.Scopes {
		in := true
		switch s.Name {
		case "BestEffort":
			in = v.class(v.next) == BestEffort
		case "NotBestEffort":
			in = v.class(v.next) != BestEffort
		case "PriorityClass":
			switch s.Operator {
			case "In":
				in = slices.Contains(s.Values, v.Workload.PriorityClass)
			case "NotIn":
				in = !slices.Contains(s.Values, v.Workload.PriorityClass)
			case "DoesNotExist":
				in = v.Workload.PriorityClass == ""
			default:
				in = v.Workload.PriorityClass != ""
			}
		case "NotTerminating": // workloads that serve have no deadline
		default:
			in = false
		}
		if !in {
			return false
		}
	}
	return true
}

// free is what a line of a quota leaves to the workload: hard less what others use. Where used is not known, all of it.
//
//	free = hard − (used − what the workload's own Pods count for)
func (v view) free(i QuotaItem, per int64) int64 {
	if i.Used == nil {
		return i.Hard
	}
	r, limit, pods, _ := i.counts()
	own := int64(0)
	for _, p := range v.Pods {
		if pods {
			own++
		} else {
			own += v.podNeeds(p.Containers, r, limit)
		}
	}
	return i.Hard - max(0, *i.Used-own)
}

// text writes an amount of what i counts.
func (i QuotaItem) text(value int64) string {
	r, _, pods, _ := i.counts()
	if pods {
		return fmt.Sprint(value)
	}
	return amountText(r, value)
}

// raised mends a line of a quota.
func raised(q Quota, i QuotaItem, hard int64) *Mend {
	return merge(q.Ref, object{{"hard", object{{i.Name, i.text(hard)}}}})
}

// overQuota is R12.
func overQuota(v view) []Finding {
	var all []Finding
	n := v.replicas()
	surge := v.Workload.MaxSurge.Of(n)
	v.eachCounted(func(q Quota, i QuotaItem, per int64, what string) {
		f := Finding{Severity: Error, Object: q.Ref, Field: "spec.hard." + i.Name, Value: i.text(i.Hard)}
		r, limit, pods, _ := i.counts()
		if unset := lackingAll(v, r, limit); !pods && len(unset) > 0 {
			kind := "request"
			if limit {
				kind = "limit"
			}
			f.Why = fmt.Sprintf("%s counts %s, so the API server refuses every Pod with a container that has no %s %s, and %s has none", q.Ref, i.Name, name(r), kind, list(unset))
			f.Fix = fmt.Sprintf("give %s a %s %s, or add a LimitRange with a default", list(unset), name(r), kind)
			all = append(all, f)
			return
		}
		free := v.free(i, per)
		if need := int64(n+surge) * per; need > free {
			f.Why = fmt.Sprintf("a rollout of %s needs %d + %d Pods at %s, %s of %s, and %s leaves %s: it stalls", plural(n, "replica"), n, surge, i.text(per), i.text(need), what, q.Ref, i.text(free))
			f.Fix, f.Mend = fmt.Sprintf("raise the quota by %s, or lower maxSurge", i.text(need-free)), raised(q, i, i.Hard+need-free)
			all = append(all, f)
		}
	})
	if v.Workload.Refused != "" {
		all = append(all, Finding{Severity: Error, Object: v.Workload.Ref, Field: "status.conditions[ReplicaFailure]", Value: "True",
			Why: "the API server refuses its Pods now: " + v.Workload.Refused, Fix: "make room, or raise the quota that it names"})
	}
	return all
}

// lackingAll are the containers, init containers too, without a limit (or request) of r.
func lackingAll(v view, r tuner.Resource, limit bool) []string {
	if r == "" || v.Workload.PodLevel != nil {
		return nil
	}
	var names []string
	for _, c := range v.next {
		if valueOf(c.Resources, r, limit) == 0 {
			names = append(names, c.Name)
		}
	}
	return names
}

// outsideRange is R11.
func outsideRange(v view) []Finding {
	var all []Finding
	for _, lr := range v.LimitRanges {
		for _, r := range both {
			for _, s := range v.subjects(lr, r) {
				all = append(all, v.outside(lr, r, s)...)
			}
		}
		if lr.Pod {
			continue
		}
		for _, c := range v.next {
			all = append(all, v.beyondRange(lr, c)...)
		}
	}
	return all
}

// subject is what an entry of a LimitRange holds for: a container, or the Pod as a whole.
type subject struct {
	name           string
	request, limit int64
}

func (v view) subjects(lr LimitRange, r tuner.Resource) []subject {
	if lr.Pod {
		return []subject{{"the Pod as a whole", v.podNeeds(v.next, r, false), v.podNeeds(v.next, r, true)}}
	}
	var all []subject
	for _, c := range v.next {
		all = append(all, subject{"container " + c.Name, valueOf(c.Resources, r, false), valueOf(c.Resources, r, true)})
	}
	return all
}

// outside are the bounds that s does not keep.
func (v view) outside(lr LimitRange, r tuner.Resource, s subject) []Finding {
	var all []Finding
	for _, b := range lr.bounds(r, s.request, s.limit) {
		f := Finding{Severity: Error, Object: lr.Ref, Field: fmt.Sprintf("spec.limits[%d].%s.%s", lr.Index, b.field, r), Value: b.value,
			Why: fmt.Sprintf("%s: %s, so the API server refuses its Pods", s.name, b.text), Fix: "change the range, or the settings"}
		if b.to != "" {
			f.Mend = v.widened(lr)
		}
		all = append(all, f)
	}
	return all
}

// broken is one bound of a LimitRange that a value does not keep.
type broken struct {
	field, value, text string
	// to is what the bound would have to be, as a quantity; empty where no value of it helps. off is how far off it is, as
	// a ratio: the worst of several decides.
	to  string
	off float64
}

// bounds checks request and limit of r against one entry; limit 0 is none.
func (l LimitRange) bounds(r tuner.Resource, request, limit int64) []broken {
	var all []broken
	least, most, ratio := l.Min.of(r), l.Max.of(r), l.ratio(r)
	if least > 0 && request < least {
		all = append(all, broken{"min", amountText(r, least), fmt.Sprintf("a %s request of %s is below the min of %s", name(r), orNone(r, request), amountText(r, least)), amountText(r, request), Reach(least, max(1, request))})
	}
	if most > 0 && limit > most {
		all = append(all, broken{"max", amountText(r, most), fmt.Sprintf("a %s limit of %s is above the max of %s", name(r), amountText(r, limit), amountText(r, most)), amountText(r, limit), Reach(limit, most)})
	}
	if most > 0 && limit == 0 {
		all = append(all, broken{field: "max", value: amountText(r, most), text: fmt.Sprintf("there is a max of %s, and no %s limit", amountText(r, most), name(r))})
	}
	if got := Reach(limit, max(request, 1)); ratio > 0 && limit > 0 && got > ratio+1e-9 {
		all = append(all, broken{"maxLimitRequestRatio", number(ratio), fmt.Sprintf("a %s limit of %s is %s times the request of %s, above the maxLimitRequestRatio of %s", name(r), amountText(r, limit), number(got), amountText(r, request), number(ratio)), quotedNumber(got), got})
	}
	return all
}

// quotedNumber is x rounded up to a tenth, as a quantity.
func quotedNumber(x float64) string { return number(float64(int64(x*10)+1) / 10) }

// beyondRange compares what a default of lr and a VPA do to c with what it shall have.
func (v view) beyondRange(lr LimitRange, c Container) []Finding {
	var all []Finding
	for _, r := range both {
		all = append(all, v.silentLimit(lr, c, r)...)
		for _, a := range v.VPAs {
			if a.controls(c, r) {
				all = append(all, v.policyRange(lr, a, c, r)...)
			}
		}
	}
	return all
}

// silentLimit tells of a default limit for a container that shall have none.
func (v view) silentLimit(lr LimitRange, c Container, r tuner.Resource) []Finding {
	meant := valueOf(v.meant(c).Resources, r, true)
	value := first(lr.Default.of(r), lr.Max.of(r))
	if meant != 0 || value == 0 {
		return nil
	}
	return []Finding{{Severity: Warning, Object: lr.Ref, Field: fmt.Sprintf("spec.limits[%d].default.%s", lr.Index, r), Value: amountText(r, value),
		Why: fmt.Sprintf("container %s states no %s limit, and gets this default: what runs is limited to %s", c.Name, name(r), amountText(r, value)),
		Fix: "state the limit that it shall have"}}
}

// meant is c as the template or the derived settings state it, before any default.
func (v view) meant(c Container) Container {
	if written, ok := find(v.Workload.Containers, c.Name); ok {
		c.Resources = written.Resources
	}
	if v.m != nil {
		if d, ok := v.m.Settings.Of(c.Name); ok {
			c.Resources = d.Resources
		}
	}
	return c
}

// policyRange compares what a VPA allows with a LimitRange: its policy goes over the range, so it may evict a Pod whose
// successor is refused. Source: kubernetes/autoscaler vertical-pod-autoscaler/docs/features.md.
func (v view) policyRange(lr LimitRange, a VPA, c Container, r tuner.Resource) []Finding {
	p := a.policy(c.Name)
	fields := []struct {
		field, end string
		value      int64
	}{{"minAllowed", "max", p.Min.of(r)}, {"maxAllowed", "min", p.Max.of(r)}, {"minAllowed", "min", p.Min.of(r)}, {"maxAllowed", "max", p.Max.of(r)}}
	for i, f := range fields {
		bound := lr.Max.of(r)
		if f.end == "min" {
			bound = lr.Min.of(r)
		}
		above, below := f.end == "max" && f.value > bound, f.end == "min" && f.value < bound
		if f.value == 0 || bound == 0 || !above && !below {
			continue
		}
		severity, may := Error, "every Pod it changes"
		if i >= 2 {
			severity, may = Warning, "a Pod it changes that far"
		}
		side := map[bool]string{true: "above", false: "below"}[above]
		return []Finding{{Severity: severity, Object: a.Ref, Field: fieldOf(a, c.Name, f.field+"."+string(r)), Value: amountText(r, f.value),
			Why:  fmt.Sprintf("%s %s of %s is %s the %s of %s in %s, and a policy goes over a LimitRange: %s is evicted and then refused", f.field, amountText(r, f.value), c.Name, side, f.end, amountText(r, bound), lr.Ref, may),
			Fix:  "keep the policy within the range",
			Mend: v.peacefulVPA(a)}}
	}
	return nil
}
