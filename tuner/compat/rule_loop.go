package compat

import (
	"fmt"
	"math"
)

// shared is one metric of an HPA on a resource that a VPA controls too.
type shared struct {
	hpa        HPA
	index      int
	metric     Metric
	vpa        VPA
	containers []string
}

// sharing finds every metric with that kind of target whose resource a VPA controls for a container that it counts.
func (v view) sharing(target TargetType) []shared {
	var all []shared
	for _, h := range v.scalers {
		for i, m := range h.Metrics {
			if !m.onResource() || m.Target != target {
				continue
			}
			for _, a := range v.VPAs {
				if names := v.controlled(a, m); len(names) > 0 {
					all = append(all, shared{h, i, m, a, names})
				}
			}
		}
	}
	return all
}

// controlled are the containers that m counts and whose resource a changes.
func (v view) controlled(a VPA, m Metric) []string {
	var names []string
	for _, c := range v.next {
		counted := m.Type == ResourceMetric || m.Container == c.Name
		if counted && a.controls(c, m.Resource) {
			names = append(names, c.Name)
		}
	}
	return names
}

// spiral is R1: the VPA moves the request, the HPA divides by it.
// Source: kubernetes/autoscaler vertical-pod-autoscaler/docs/known-limitations.md; issues 6247, 6060 and 8493 there.
func spiral(v view) []Finding {
	var all []Finding
	for _, s := range v.sharing(Utilization) {
		tolerance := up(s.hpa)
		target := float64(s.metric.Utilization) / 100
		low, high := SpiralBounds(tolerance)
		why := fmt.Sprintf("%s scales on %s utilization, and %s changes the request of %s that it is measured by: ",
			s.hpa.Ref, name(s.metric.Resource), s.vpa.Ref, list(s.containers))
		switch {
		case target < low:
			why += fmt.Sprintf("at a target of %s each change multiplies the replicas by %s, up to maxReplicas %d, while the request falls (only targets from %s to %s stand still)",
				percent(target), number(SpiralFactor(target)), s.hpa.Max, percent(low), percent(high))
		case target > high:
			why += fmt.Sprintf("at a target of %s each change multiplies the replicas by %s, down to minReplicas %d, while the request rises (only targets from %s to %s stand still)",
				percent(target), number(SpiralFactor(target)), s.hpa.Min, percent(low), percent(high))
		default:
			why += fmt.Sprintf("a target of %s stands still only while usage is even, between %s and %s; with bursts the replicas run away",
				percent(target), percent(low), percent(high))
		}
		all = append(all, Finding{
			Severity: Error, Object: s.hpa.Ref, Field: pathOf(s.hpa, s.index), Value: fmt.Sprint(s.metric.Utilization), Why: why,
			Fix:  fmt.Sprintf("take %s from the VPA for these containers, or scale on hits per second instead", name(s.metric.Resource)),
			Mend: v.peacefulVPA(s.vpa),
		})
	}
	return all
}

// sharedAverage is R2: with an average value the request is no longer in the HPA's formula, but the replicas that it
// sets still decide what the VPA sees.
func sharedAverage(v view) []Finding {
	var all []Finding
	for _, s := range v.sharing(AverageValue) {
		r, value := s.metric.Resource, s.metric.Average
		f := Finding{Severity: Info, Object: s.hpa.Ref, Field: pathOf(s.hpa, s.index), Value: amountText(r, value)}
		_, limit, _ := v.counted(s.metric, v.next)
		least := int64(0)
		for _, c := range s.containers {
			least += s.vpa.policy(c).Min.of(r)
		}
		switch {
		case limit > 0 && value > limit:
			f.Severity = Warning
			f.Why = fmt.Sprintf("the average value %s is above the %s limit of %s, so no Pod can ever use as much and the HPA never scales out", amountText(r, value), name(r), amountText(r, limit))
			f.Fix, f.Mend = "lower the average value", v.peacefulHPA(s.hpa)
		case least > 0 && value < least:
			f.Severity = Warning
			f.Why = fmt.Sprintf("the HPA keeps each Pod at %s of %s, and %s requests at least %s for it: at least %s of every request is never used", amountText(r, value), name(r), s.vpa.Ref, amountText(r, least), percent(1-float64(value)/float64(least)))
			f.Fix = "lower minAllowed of the VPA to the average value"
		default:
			f.Why = fmt.Sprintf("%s holds each Pod near %s of %s whatever the request is, so what %s recommends follows the HPA's target and not the load", s.hpa.Ref, amountText(r, value), name(r), s.vpa.Ref)
			f.Fix = "nothing to do; don't read the VPA's recommendation as the need of the workload"
		}
		all = append(all, f)
	}
	return all
}

// reachableAverage is the largest average value at which an HPA acts while a limit does not yet hurt; see
// ReachableTarget. Whole millicores, or whole MiB from one on.
func reachableAverage(limit int64, tolerance float64) int64 {
	value := int64(math.Floor(usageShare * float64(limit) / (1 + tolerance)))
	if value > 1<<20 {
		value -= value % (1 << 20)
	}
	return max(1, value)
}
