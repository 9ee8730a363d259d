package compat

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// eachControlled calls do for every container that an active VPA changes, with its policy.
func (v view) eachControlled(do func(a VPA, c Container, p Policy)) {
	for _, a := range v.VPAs {
		for _, c := range v.next {
			if a.controls(c, tuner.CPU) || a.controls(c, tuner.Memory) {
				do(a, c, a.policy(c.Name))
			}
		}
	}
}

// fieldOf is a field of the policy that holds for a container.
func fieldOf(a VPA, container, field string) string {
	for _, name := range []string{container, "*"} {
		for i, p := range a.Policies {
			if p.Container == name {
				return fmt.Sprintf("spec.resourcePolicy.containerPolicies[%d].%s", i, field)
			}
		}
	}
	return "spec.resourcePolicy"
}

// overriders are parts of the names of webhooks that are known to set requests and limits of Pods.
var overriders = []string{"krr", "castai", "cast-ai", "stormforge", "perfectscale", "scaleops", "turbonomic", "densify"}

// overrides is R8.
func overrides(v view) []Finding {
	var all []Finding
	v.eachControlled(func(a VPA, c Container, p Policy) {
		if loose := v.loose(a, c, p); len(loose) > 0 {
			all = append(all, v.overriding(a, c, loose))
		}
	})
	for _, w := range v.Webhooks {
		for _, known := range overriders {
			if strings.Contains(strings.ToLower(w), known) {
				all = append(all, Finding{Severity: Warning, Object: Ref{"admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "", w}, Field: "metadata.name", Value: w,
					Why: fmt.Sprintf("webhooks named %s are known to set requests and limits of Pods as they are created, so a Pod may not carry what its template says", known),
					Fix: "exclude the namespace or the workload from the webhook"})
				break
			}
		}
	}
	return append(all, v.overridden()...)
}

// loose are the requests of c that the VPA may move away from where they shall be, in words. A policy whose lower end is
// the request itself lets it only be raised, which the VPA does for usage that the tests never saw.
func (v view) loose(a VPA, c Container, p Policy) []string {
	var all []string
	for _, r := range both {
		if !a.controls(c, r) {
			continue
		}
		request := valueOf(c.Resources, r, false)
		switch least := p.Min.of(r); {
		case request == 0:
			all = append(all, name(r)+" request")
		case least == 0:
			all = append(all, fmt.Sprintf("%s request below %s", name(r), amountText(r, request)))
		case least < request:
			all = append(all, fmt.Sprintf("%s request down to %s", name(r), amountText(r, least)))
		}
		if p.Limits && valueOf(c.Resources, r, true) > 0 {
			all = append(all, name(r)+" limit in proportion")
		}
	}
	return all
}

func (v view) overriding(a VPA, c Container, loose []string) Finding {
	f := Finding{Severity: Warning, Object: a.Ref, Field: "spec.updatePolicy.updateMode", Value: string(a.Mode)}
	when := "as Pods are created"
	if a.evicts() {
		when = "on Pods that run, once a minute, and as they are created"
	}
	f.Why = fmt.Sprintf("%s in mode %s may set the %s of %s %s: what runs is then not what the template says", a.Ref, a.Mode, list(loose), c.Name, when)
	if v.derived(c.Name) {
		f.Severity = Error
		f.Why = fmt.Sprintf("%s in mode %s may set the %s of %s %s, and undo what the trials derived", a.Ref, a.Mode, list(loose), c.Name, when)
	}
	f.Fix = "bound it by the requests and limits that it shall keep, with RequestsOnly; or set its mode to Off"
	if c.Resources.CPURequest == 0 && c.Resources.MemoryRequest == 0 {
		f.Mend = moded(a, Off)
	} else {
		f.Mend = v.peacefulVPA(a)
	}
	return f
}

// overridden are Pods that carry other requests or limits than their template, one finding for each container.
func (v view) overridden() []Finding {
	var all []Finding
	for _, c := range v.now {
		for _, p := range v.Pods {
			carried, ok := find(p.Containers, c.Name)
			if !ok || carried.Resources == c.Resources {
				continue
			}
			by := "a rollout has not ended, or something else changed it"
			if p.ByVPA {
				by = "a VPA left its annotation"
			}
			field, has, says := difference(c.Resources, carried.Resources)
			all = append(all, Finding{Severity: Warning, Object: Ref{"v1", "Pod", v.Workload.Namespace, p.Name}, Field: "spec.containers[" + c.Name + "].resources." + field, Value: has,
				Why: fmt.Sprintf("the template says %s, the Pod carries %s; %s", says, has, by),
				Fix: "find out who changes Pods before a trial: it would test something else than it was told"})
			break
		}
	}
	return all
}

func find(all []Container, name string) (Container, bool) {
	for _, c := range all {
		if c.Name == name {
			return c, true
		}
	}
	return Container{}, false
}

// difference is the first setting in which two differ, and both values.
func difference(template, pod scenarios.Resources) (field, has, says string) {
	for _, limit := range []bool{false, true} {
		for _, r := range both {
			a, b := valueOf(template, r, limit), valueOf(pod, r, limit)
			if a != b {
				group := "requests."
				if limit {
					group = "limits."
				}
				return group + string(r), orNone(r, b), orNone(r, a)
			}
		}
	}
	return "", "", ""
}

func orNone(r tuner.Resource, value int64) string {
	if value == 0 {
		return "none"
	}
	return amountText(r, value)
}

// outsidePolicy is R9.
func outsidePolicy(v view) []Finding {
	var all []Finding
	v.eachControlled(func(a VPA, c Container, p Policy) {
		for _, r := range both {
			request := valueOf(c.Resources, r, false)
			if request == 0 || !a.controls(c, r) {
				continue
			}
			f := Finding{Severity: Warning, Object: a.Ref}
			if v.derived(c.Name) {
				f.Severity = Error
			}
			if v.undone(&f, a, c, p, r) {
				f.Fix, f.Mend = "let the VPA allow what the workload shall have", v.peacefulVPA(a)
				all = append(all, f)
			}
		}
	})
	return all
}

// undone fills in f where policy p moves the request of c, by itself or by the floor that the recommender keeps. The
// floor is split over the containers that the VPA sees, and a policy's upper end or, with RequestsOnly, the limit caps it.
func (v view) undone(f *Finding, a VPA, c Container, p Policy, r tuner.Resource) bool {
	request, limit := valueOf(c.Resources, r, false), valueOf(c.Resources, r, true)
	says := fmt.Sprintf("the %s request of %s is %s", name(r), c.Name, amountText(r, request))
	least, most := p.Min.of(r), p.Max.of(r)
	floor := vpaFloor(r, v.seen())
	if most > 0 {
		floor = min(floor, most)
	}
	if !p.Limits && limit > 0 {
		floor = min(floor, limit)
	}
	switch {
	case least > request:
		f.Field, f.Value = fieldOf(a, c.Name, "minAllowed."+string(r)), amountText(r, least)
		f.Why = fmt.Sprintf("%s, and %s raises it to its minAllowed of %s", says, a.Ref, amountText(r, least))
	case most > 0 && most < request:
		f.Field, f.Value = fieldOf(a, c.Name, "maxAllowed."+string(r)), amountText(r, most)
		f.Why = fmt.Sprintf("%s, and %s lowers it to its maxAllowed of %s", says, a.Ref, amountText(r, most))
	case floor > request:
		f.Field, f.Value = fieldOf(a, c.Name, "maxAllowed."+string(r)), orNone(r, most)
		f.Why = fmt.Sprintf("%s, and the VPA's recommender never recommends less than %s for a Pod, %s for each of %s: %s raises it to %s",
			says, amountText(r, vpaFloor(r, 1)), amountText(r, vpaFloor(r, v.seen())), plural(v.seen(), "container"), a.Ref, amountText(r, floor))
	default:
		return false
	}
	return true
}

// seen is how many containers a VPA counts in one Pod.
func (v view) seen() int {
	n := 0
	for _, c := range v.next {
		if c.Role == App {
			n++
		}
	}
	return n
}

// growingLimits is R10: with RequestsAndLimits a limit is request · (limit ÷ request), whatever the request becomes.
func growingLimits(v view) []Finding {
	var all []Finding
	v.eachControlled(func(a VPA, c Container, p Policy) {
		for _, r := range both {
			request, limit := valueOf(c.Resources, r, false), valueOf(c.Resources, r, true)
			if !p.Limits || !a.controls(c, r) || request == 0 || limit <= request {
				continue
			}
			if f, ok := v.growing(a, c, p, r); ok {
				f.Object, f.Fix, f.Mend = a.Ref, "let the VPA change requests only", v.peacefulVPA(a)
				all = append(all, f)
			}
		}
	})
	return all
}

// growing says how far the limit of c can grow, where that is beyond something.
func (v view) growing(a VPA, c Container, p Policy, r tuner.Resource) (Finding, bool) {
	request, limit := valueOf(c.Resources, r, false), valueOf(c.Resources, r, true)
	ratio := float64(limit) / float64(request)
	says := fmt.Sprintf("the %s limit of %s is %s times its request and moves with it", name(r), c.Name, number(ratio))
	most := p.Max.of(r)
	if most == 0 {
		return Finding{Severity: Warning, Field: fieldOf(a, c.Name, "maxAllowed."+string(r)), Value: "not set",
			Why: fmt.Sprintf("%s, and %s has no maxAllowed: nothing bounds the limit", says, a.Ref)}, true
	}
	grown := int64(float64(most) * ratio)
	f := Finding{Severity: Error, Field: fieldOf(a, c.Name, "maxAllowed."+string(r)), Value: amountText(r, most)}
	what, bound := v.boundOf(c, r)
	if bound == 0 || grown <= bound {
		return f, false
	}
	f.Why = fmt.Sprintf("%s: at maxAllowed %s it is %s, above %s of %s", says, amountText(r, most), amountText(r, grown), what, amountText(r, bound))
	return f, true
}

// boundOf is the least of what a limit of r may be, and what sets it; 0: nothing known.
func (v view) boundOf(c Container, r tuner.Resource) (string, int64) {
	what, bound := "", int64(0)
	lower := func(by string, value int64) {
		if value > 0 && (bound == 0 || value < bound) {
			what, bound = by, value
		}
	}
	if v.derived(c.Name) {
		lower("the derived limit", valueOf(c.Resources, r, true))
	}
	for _, lr := range v.LimitRanges {
		if !lr.Pod {
			lower("the max of "+lr.Ref.String(), lr.Max.of(r))
		}
	}
	largest := int64(0)
	for _, n := range v.Nodes {
		largest = max(largest, n.Allocatable.of(r))
	}
	lower("what the largest node can allocate", largest)
	return what, bound
}

// sidecars is R17.
func sidecars(v view) []Finding {
	var all []Finding
	for _, a := range v.VPAs {
		for _, injected := range v.injected() {
			if !a.active() || a.policy(injected).Off {
				continue
			}
			all = append(all, Finding{Severity: Warning, Object: a.Ref, Field: fieldOf(a, injected, "mode"), Value: "Auto",
				Why:  fmt.Sprintf("container %s is injected into the Pods and not in the template, and %s changes its requests too: the Pod and the template never agree, and Pods may be evicted again and again", injected, a.Ref),
				Fix:  "let the VPA leave it alone",
				Mend: v.peacefulVPA(a)})
		}
		for _, c := range v.next {
			if c.Role == Sidecar && a.active() {
				all = append(all, Finding{Severity: Info, Object: v.Workload.Ref, Field: "spec.template.spec.initContainers[" + c.Name + "]", Value: "restartPolicy: Always",
					Why: fmt.Sprintf("%s leaves sidecars that are init containers alone: the requests of %s stay as the template has them", a.Ref, c.Name), Fix: "size it by hand, or by plimsoll tune"})
			}
		}
	}
	return append(all, v.startDecides()...)
}

// injected are the containers of Pods that the template lacks, and those that its annotations announce.
func (v view) injected() []string {
	var names []string
	for _, p := range v.Pods {
		for _, c := range p.Containers {
			if _, ok := find(v.Workload.Containers, c.Name); !ok && c.Role == App && !slices.Contains(names, c.Name) {
				names = append(names, c.Name)
			}
		}
	}
	for _, s := range v.Workload.SidecarsExpected {
		if _, ok := find(v.Workload.Containers, s); !ok && !slices.Contains(names, s) {
			names = append(names, s)
		}
	}
	return names
}

// startDecides says where an init container and not what runs decides what a Pod needs.
func (v view) startDecides() []Finding {
	var all []Finding
	for _, r := range both {
		whole, together := v.podNeeds(v.next, r, false)-v.Workload.Overhead.of(r), sum(v.next, r, false)
		if whole <= together || v.Workload.PodLevel != nil {
			continue
		}
		for _, c := range v.next {
			if request := valueOf(c.Resources, r, false); c.Role == Init && request > together {
				all = append(all, Finding{Severity: Info, Object: v.Workload.Ref, Field: "spec.template.spec.initContainers[" + c.Name + "].resources.requests." + string(r), Value: amountText(r, request),
					Why: fmt.Sprintf("init container %s requests %s of %s, more than all that runs after it (%s): the scheduler and quotas count %s for the Pod, however low the others are", c.Name, amountText(r, request), name(r), amountText(r, together), amountText(r, whole)),
					Fix: "lower the request of the init container"})
			}
		}
	}
	return all
}
