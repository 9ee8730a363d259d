package compat

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/tuner"
)

func up(h HPA) float64 {
	if h.UpTolerance != nil {
		return *h.UpTolerance
	}
	return hpaTolerance
}

// counted is what metric m divides by and what bounds it, over the containers it counts: their requests and their limits
// (0: no limit). missing are those without a request; then the HPA has no utilization at all. A container that is not
// there is missing too.
func (v view) counted(m Metric, all []Container) (request, limit int64, missing []string) {
	if m.Type == ContainerResourceMetric {
		for _, c := range running(all) {
			if c.Name == m.Container {
				return valueOf(c.Resources, m.Resource, false), valueOf(c.Resources, m.Resource, true), lacking([]Container{c}, m.Resource, false)
			}
		}
		return 0, 0, []string{m.Container}
	}
	if p := v.Workload.PodLevel; p != nil && valueOf(*p, m.Resource, false) > 0 {
		return valueOf(*p, m.Resource, false), valueOf(*p, m.Resource, true), nil
	}
	return sum(all, m.Resource, false), sum(all, m.Resource, true), lacking(all, m.Resource, false)
}

// eachResource calls do for every metric on CPU or memory of every autoscaler.
func (v view) eachResource(do func(h HPA, i int, m Metric)) {
	for _, h := range v.scalers {
		for i, m := range h.Metrics {
			if m.onResource() && m.Target != Value {
				do(h, i, m)
			}
		}
	}
}

// deadTarget is R3.
func deadTarget(v view) []Finding {
	var all []Finding
	v.eachResource(func(h HPA, i int, m Metric) {
		request, limit, missing := v.counted(m, v.next)
		if limit == 0 || m.Target == Utilization && (request == 0 || len(missing) > 0) {
			return
		}
		r, tolerance := m.Resource, up(h)
		f := Finding{Severity: Error, Object: h.Ref, Field: pathOf(h, i)}
		ends := "the CPU limit throttles it first"
		if r == tuner.Memory {
			ends = "it is OOM-killed first"
		}
		if m.Target == AverageValue {
			if !Dead(Reach(limit, m.Average), 1, tolerance) {
				return
			}
			f.Value = amountText(r, m.Average)
			f.Why = fmt.Sprintf("%s can never scale out: it acts above %s × %s of %s, and a Pod can use no more than its limit of %s; %s", h.Ref, f.Value, number(1+tolerance), name(r), amountText(r, limit), ends)
			f.Fix, f.Mend = "lower the average value", v.peacefulHPA(h)
			all = append(all, f)
			return
		}
		reach, target := Reach(limit, request), float64(m.Utilization)/100
		if !Dead(reach, target, tolerance) {
			return
		}
		f.Value = fmt.Sprint(m.Utilization)
		f.Why = fmt.Sprintf("%s can never scale out: it acts above %s × %s = %s of the %s request, and the limit of %s lets a Pod use no more than %s of its request of %s; %s",
			h.Ref, percent(target), number(1+tolerance), percent(target*(1+tolerance)), name(r), amountText(r, limit), percent(reach), amountText(r, request), ends)
		f.Fix, f.Mend = "lower the target, or raise the limit above the request", v.peacefulHPA(h)
		all = append(all, f)
	})
	return all
}

// suggested is the target in percent to use instead of m's: the one that keeps the scale-out point where it was, unless
// that can never be reached or lies beyond what a Pod can take; then the largest that works. All mends of one metric
// give the same.
func (v view) suggested(h HPA, m Metric) int {
	target := m.Utilization
	before, _, _ := v.counted(m, v.now)
	request, limit, _ := v.counted(m, v.next)
	if before > 0 && request > 0 && before != request {
		target = MovedTarget(target, before, request)
	}
	if reach := Reach(limit, request); Dead(reach, float64(target)/100, up(h)) {
		target = ReachableTarget(reach, up(h))
	}
	if most, ok := v.kneeTarget(h, m); ok {
		target = max(1, min(target, most))
	}
	return target
}

// kneeTarget is kneeCPU in percent of the request.
func (v view) kneeTarget(h HPA, m Metric) (int, bool) {
	request, _, _ := v.counted(m, v.next)
	most, ok := v.kneeCPU(h, m)
	if !ok || request == 0 {
		return 0, false
	}
	return int(100 * most / request), true
}

// kneeCPU is the largest average CPU usage per Pod, in millicores, that scales out before a Pod is beyond what it was
// seen to take, and early enough where that can be; ok is false where it is not known.
func (v view) kneeCPU(h HPA, m Metric) (int64, bool) {
	if !v.kneeKnown(m) {
		return 0, false
	}
	hits := *v.m.limitHits() / (1 + up(h))
	if v.m.Startup != nil {
		if early := TargetHits(*v.m.limitHits(), v.m.Rise, v.m.Replicas, Lead(*v.m.Startup), up(h)); early > 0 {
			hits = early
		}
	}
	return int64(math.Floor(hits**v.m.CPUPerHit*1000 + 1e-6)), true
}

// kneeKnown says whether the trials tell at which CPU usage a Pod is at its end, as metric m counts it.
func (v view) kneeKnown(m Metric) bool {
	whole := m.Type == ResourceMetric || len(running(v.next)) == 1
	return v.m != nil && m.Resource == tuner.CPU && whole && v.m.limitHits() != nil && v.m.CPUPerHit != nil && *v.m.CPUPerHit > 0
}

// movedTarget is R4.
func movedTarget(v view) []Finding {
	var all []Finding
	v.eachResource(func(h HPA, i int, m Metric) {
		before, _, _ := v.counted(m, v.now)
		after, _, _ := v.counted(m, v.next)
		if m.Target != Utilization || before == 0 || after == 0 || before == after {
			return
		}
		r, tolerance := m.Resource, up(h)
		if math.Abs(float64(before)/float64(after)-1) <= tolerance {
			return // the HPA itself takes it for the same
		}
		target := float64(m.Utilization) / 100
		suggested := v.suggested(h, m)
		all = append(all, Finding{
			Severity: Warning, Object: h.Ref, Field: pathOf(h, i), Value: fmt.Sprint(m.Utilization),
			Why: fmt.Sprintf("the %s request goes from %s to %s, so the same load asks for %s times the replicas (%s), and scaling begins at %s per Pod instead of %s",
				name(r), amountText(r, before), amountText(r, after), number(float64(before)/float64(after)), v.replicaChange(h, before, after, tolerance),
				amountText(r, int64(target*float64(after))), amountText(r, int64(target*float64(before)))),
			Fix: fmt.Sprintf("set the target to %d %%%s; an average value of %s would not depend on the request at all",
				suggested, v.movedReason(m, before, after, suggested), amountText(r, int64(target*float64(before)))),
			Mend: v.peacefulHPA(h),
		})
	})
	return all
}

// movedReason says why the suggested target is not the one that keeps the scale-out point.
func (v view) movedReason(m Metric, before, after int64, suggested int) string {
	if moved := MovedTarget(m.Utilization, before, after); suggested < moved {
		return fmt.Sprintf(" (%d %% would keep the scale-out point, and is beyond what a Pod can take)", moved)
	}
	return ", which keeps the scale-out point where it is"
}

// replicaChange is "4 → 6 now, 2 → 3 at the minimum".
func (v view) replicaChange(h HPA, before, after int64, tolerance float64) string {
	var parts []string
	for _, at := range []struct {
		n    int
		when string
	}{{h.Min, "at minReplicas"}, {h.Current, "now"}, {h.Max, "at maxReplicas"}} {
		if at.n == 0 {
			continue
		}
		n := MovedReplicas(at.n, before, after, tolerance)
		text := fmt.Sprintf("%d → %d %s", at.n, n, at.when)
		if n > h.Max {
			text += fmt.Sprintf(", capped at %d", h.Max)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}

// lateTarget is R5.
func lateTarget(v view) []Finding {
	var all []Finding
	v.eachResource(func(h HPA, i int, m Metric) {
		request, _, missing := v.counted(m, v.next)
		if !v.kneeKnown(m) || len(missing) > 0 {
			return
		}
		per := float64(m.Average) / 1000
		value := amountText(m.Resource, m.Average)
		if m.Target == Utilization {
			per, value = float64(m.Utilization)/100*float64(request)/1000, fmt.Sprint(m.Utilization)
		}
		if per == 0 {
			return
		}
		f := Finding{Severity: Warning, Object: h.Ref, Field: pathOf(h, i), Value: value, Fix: "scale out earlier: lower the target, or raise minReplicas"}
		why := v.lateWhy(h, per / *v.m.CPUPerHit)
		if why == "" {
			return
		}
		f.Why = why
		f.Mend = v.peacefulHPA(h)
		all = append(all, f)
	})
	return all
}

// lateWhy says why an HPA that keeps each Pod at that many hits per second acts too late; empty where it does not.
func (v view) lateWhy(h HPA, target float64) string {
	tolerance, limit := up(h), *v.m.limitHits()
	acts, end := target*(1+tolerance), "was tested up to"
	if v.m.Knee != nil {
		end = "keeps up to"
	}
	if acts > limit {
		return fmt.Sprintf("%s adds a Pod at %s hits/s per Pod, and a Pod %s %s hits/s: the SLOs are lost before it scales", h.Ref, number(acts), end, number(limit))
	}
	if v.m.Startup == nil || v.m.Rise == 0 {
		return ""
	}
	lead := Lead(*v.m.Startup)
	fastest := FastestRise(limit, target, v.m.Replicas, lead, tolerance)
	if v.m.Rise <= fastest*(1+1e-9) {
		return ""
	}
	return fmt.Sprintf("%s adds a Pod at %s hits/s per Pod, %s before it serves (metric %s, sync %s, start %s): with %s it follows a rise of %s hits/s each second, and the load rises by %s",
		h.Ref, number(acts), seconds(lead), seconds(metricsAge), seconds(hpaSync), seconds(*v.m.Startup), plural(v.m.Replicas, "Pod"), number(fastest), number(v.m.Rise))
}

// missingRequest is R6.
func missingRequest(v view) []Finding {
	var all []Finding
	v.eachResource(func(h HPA, i int, m Metric) {
		_, _, missing := v.counted(m, v.next)
		if m.Target != Utilization || len(missing) == 0 {
			return
		}
		f := Finding{Severity: Error, Object: v.Workload.Ref, Field: "spec.template.spec.containers[" + list(missing) + "].resources.requests." + string(m.Resource), Value: "not set"}
		f.Why = fmt.Sprintf("%s needs a %s request of every container it counts, and %s has none, so it has no metric and does nothing", h.Ref, name(m.Resource), list(missing))
		if h.Inactive != "" {
			f.Why += fmt.Sprintf(" (it says: %s)", h.Inactive)
		}
		f.Fix, f.Mend = v.requestFix(h, m, missing)
		all = append(all, f)
	})
	return all
}

// requestFix gives the missing containers what a VPA recommends; without that the metric is narrowed to a container that
// has a request.
func (v view) requestFix(h HPA, m Metric, missing []string) (string, *Mend) {
	if changed := v.recommended(m, missing); len(changed) == len(missing) {
		return "give them a request; these are what the VPA recommends", resourced(v.Workload, changed)
	}
	if narrow := v.narrowed(m); narrow.Type != m.Type {
		return fmt.Sprintf("give %s a request, or let the HPA look at container %s alone", list(missing), narrow.Container), v.peacefulHPA(h)
	}
	return fmt.Sprintf("give %s a request: plimsoll tune derives one", list(missing)), nil
}

// recommended are the missing containers with the request that a VPA recommends; those that none knows are left out.
func (v view) recommended(m Metric, missing []string) []Container {
	var changed []Container
	for _, c := range running(v.Workload.Containers) {
		for _, a := range v.VPAs {
			for _, rec := range a.Recommendations {
				if rec.Container == c.Name && slices.Contains(missing, c.Name) && rec.Target.of(m.Resource) > 0 {
					c.Resources = withValue(c.Resources, m.Resource, false, rec.Target.of(m.Resource))
					changed = append(changed, c)
				}
			}
		}
	}
	return changed
}
