package compat

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/plimsoll/plimsoll/tuner"
)

// changedQoS is R13.
func changedQoS(v view) []Finding {
	before, after := v.class(v.now), v.class(v.next)
	if before == after {
		return nil
	}
	f := Finding{Severity: Warning, Object: v.Workload.Ref, Field: "status.qosClass", Value: string(before)}
	f.Why = fmt.Sprintf("with the derived settings its Pods are %s instead of %s: they can't be resized in place to that, and the order of OOM kills and evictions changes", after, before)
	f.Fix = "accept it, or derive again under the QoS policy that it has now"
	if before != Guaranteed {
		return []Finding{f}
	}
	f.Why += "; exclusive CPUs of a static CPU manager are lost"
	changed := make([]Container, 0, len(v.next))
	for _, c := range v.next {
		if !v.derived(c.Name) || c.Resources.CPULimit == 0 || c.Resources.MemoryLimit == 0 {
			continue
		}
		c.Resources.CPURequest, c.Resources.MemoryRequest = c.Resources.CPULimit, c.Resources.MemoryLimit
		changed = append(changed, c)
	}
	paired := v.withAll(changed)
	if v.class(paired) == Guaranteed {
		f.Fix, f.Mend = "to stay Guaranteed, request what the limits allow", resourced(v.Workload, changed)
	}
	return []Finding{f}
}

// withAll are the next containers with some replaced.
func (v view) withAll(changed []Container) []Container {
	all := make([]Container, 0, len(v.next))
	for _, c := range v.next {
		if other, ok := find(changed, c.Name); ok {
			c = other
		}
		all = append(all, c)
	}
	return all
}

// resizeMinor is the minor version from which the resize of running Pods is on by default (beta; stable in 1.35).
const resizeMinor = 33

// resizeInPlace is R14. Source: kubernetes.io, "Resize CPU and Memory Resources assigned to Containers".
func resizeInPlace(v view) []Finding {
	var all []Finding
	add := func(c Container, field, value, why, fix string, mend *Mend) {
		all = append(all, Finding{Severity: Warning, Object: v.Workload.Ref, Field: "spec.template.spec.containers[" + c.Name + "]." + field, Value: value,
			Why: fmt.Sprintf("container %s: %s", c.Name, why), Fix: fix, Mend: mend})
	}
	changes := false
	for i, c := range v.next {
		before := v.now[i].Resources
		if c.Resources == before {
			continue
		}
		changes = true
		if c.Role == Init {
			add(c, "resources", "", "a container that has ended can't be resized: the change takes a rollout", "roll it out", nil)
			continue
		}
		for _, r := range both {
			from, to := valueOf(before, r, true), valueOf(c.Resources, r, true)
			switch {
			case from == to && valueOf(before, r, false) == valueOf(c.Resources, r, false):
			case slices.Contains(c.RestartsOn, r):
				add(c, "resizePolicy", "RestartContainer", fmt.Sprintf("a change of its %s restarts it (resizePolicy RestartContainer, which a running Pod can't change)", name(r)), "set NotRequired in the template, or count on a restart", unrestarted(v.Workload, c, r))
			case from > 0 && to == 0:
				add(c, "resources.limits."+string(r), amountText(r, from), fmt.Sprintf("its %s limit can't be removed from a running Pod: that takes a rollout", name(r)), "roll it out", nil)
			case r == tuner.Memory && to > 0 && to < from:
				add(c, "resources.limits.memory", amountText(r, from), fmt.Sprintf("the kubelet lowers the memory limit to %s only while the container uses less, page cache included, and a spike between may be OOM-killed", amountText(r, to)), "lower memory limits by a rollout", nil)
			}
		}
	}
	if changes && v.Server > 0 && v.Server < resizeMinor {
		all = append(all, Finding{Severity: Warning, Object: v.Workload.Ref, Field: "version", Value: fmt.Sprintf("1.%d", v.Server),
			Why: fmt.Sprintf("Kubernetes 1.%d can't resize running Pods, 1.%d is the first that does: every change takes a rollout", v.Server, resizeMinor), Fix: "roll it out"})
	}
	return all
}

// unrestarted mends the template so that new Pods are resized without a restart.
func unrestarted(w Workload, c Container, r tuner.Resource) *Mend {
	key := "containers"
	if c.Role != App {
		key = "initContainers"
	}
	policy := []any{object{{"resourceName", string(r)}, {"restartPolicy", "NotRequired"}}}
	for _, other := range both {
		if other != r && slices.Contains(c.RestartsOn, other) {
			policy = append(policy, object{{"resourceName", string(other)}, {"restartPolicy", "RestartContainer"}})
		}
	}
	return containersWith(w, key, []any{object{{"name", c.Name}, {"resizePolicy", policy}}})
}

// runtimeSizes is R20; package tuner knows the runtimes.
func runtimeSizes(v view) []Finding {
	var all []Finding
	for _, c := range v.next {
		s := tuner.ContainerSettings{Container: c.Name, Resources: c.Resources}
		for _, a := range tuner.Advise(s, c.Env, c.Command) {
			f := Finding{Severity: Warning, Object: v.Workload.Ref, Field: fmt.Sprintf("spec.template.spec.containers[%s] %s", c.Name, a.Setting), Value: a.Now, Why: "container " + c.Name + ": " + a.Why}
			if f.Value == "" {
				f.Value = "not set"
			}
			f.Fix = "remove it"
			if a.Suggest != "" {
				f.Fix = "set it to " + a.Suggest
			}
			if _, inEnv := c.Env[a.Setting]; (inEnv || a.Now == "") && a.Suggest != "" && upper(a.Setting) {
				key := "containers"
				if c.Role != App {
					key = "initContainers"
				}
				f.Mend = containersWith(v.Workload, key, []any{object{{"name", c.Name}, {"env", []any{object{{"name", a.Setting}, {"value", a.Suggest}}}}}})
			}
			all = append(all, f)
		}
	}
	return all
}

// upper says whether a setting is an environment variable by its name, and not an option within one.
func upper(setting string) bool { return setting[0] >= 'A' && setting[0] <= 'Z' }

// BootAt is how long a start takes at another CPU limit, at most: all of it is taken for CPU work that the limit bounds.
//
//	boot · old ÷ new
//
// and no longer than measured where the limit grows. Worked: 10 s at 1000m → 40 s at 250m.
func BootAt(boot time.Duration, before, after int64) time.Duration {
	if before == 0 || after == 0 || after >= before {
		return boot
	}
	return time.Duration(float64(boot) * float64(before) / float64(after))
}

// bootTime is the start of the slowest Pod at the CPU limits that shall hold, and how that is known; ok is false where
// nothing tells.
func (v view) bootTime(c Container) (boot time.Duration, from string, ok bool) {
	if v.m != nil && v.m.Startup != nil {
		return *v.m.Startup, "measured in the trials", true
	}
	for _, p := range v.Pods {
		if p.Boot != nil && *p.Boot > boot {
			boot, ok = *p.Boot, true
		}
	}
	now, _ := find(v.now, c.Name)
	before, after := int64(now.Resources.CPULimit), int64(c.Resources.CPULimit)
	if slower := BootAt(boot, before, after); slower > boot {
		return slower, fmt.Sprintf("at most: %s of the Pods now, times %s ÷ %s of CPU limit", seconds(boot), amountText(tuner.CPU, before), amountText(tuner.CPU, after)), ok
	}
	return boot, "of the Pods now", ok
}

// startupBudget is R21. A startup probe holds the liveness probe back; without one the liveness probe alone decides.
func startupBudget(v view) []Finding {
	var all []Finding
	for _, c := range v.next {
		probe, which := c.Liveness, "livenessProbe"
		if c.Startup != nil {
			probe, which = c.Startup, "startupProbe"
		}
		boot, from, ok := v.bootTime(c)
		if probe == nil || !ok || boot == 0 {
			continue
		}
		budget := probe.Budget()
		f := Finding{Severity: Info, Object: v.Workload.Ref, Field: fmt.Sprintf("spec.template.spec.containers[%s].%s", c.Name, which),
			Value: fmt.Sprintf("%s + %d × %s", seconds(probe.Delay), probe.Failures, seconds(probe.Period))}
		says := fmt.Sprintf("container %s takes %s to become Ready (%s), and its %s gives it %s", c.Name, seconds(boot), from, which, seconds(budget))
		switch {
		case boot >= budget:
			f.Severity = Warning
			f.Why = says + ": it is killed before it is up, which looks like an OOM kill (exit code 137)"
		case float64(boot) > 0.7*float64(budget):
			f.Why = fmt.Sprintf("%s: %s of it is used, and a busy node is slower", says, percent(float64(boot)/float64(budget)))
		default:
			continue
		}
		f.Fix, f.Mend = "give it twice the time by a startup probe", started(v.Workload, c, probe, boot)
		all = append(all, f)
	}
	for _, a := range v.VPAs {
		if a.Boost {
			all = append(all, Finding{Severity: Info, Object: a.Ref, Field: "startupBoost", Value: "set", Why: "the VPA raises CPU while a Pod starts, so a start under the tested limits is slower than the one it makes", Fix: "nothing to do; derived limits hold without the boost"})
		}
	}
	return all
}

// started mends a startup probe to twice the time of a start; nil where there is none to build on, since a probe needs
// something to ask.
func started(w Workload, c Container, p *Probe, boot time.Duration) *Mend {
	if c.Startup == nil || p.Period <= 0 || c.Role != App {
		return nil
	}
	failures := int(math.Ceil(float64(2*boot-p.Delay) / float64(p.Period)))
	return containersWith(w, "containers", []any{object{{"name", c.Name}, {"startupProbe", object{{"failureThreshold", max(1, failures)}}}}})
}

// podLevel is R22.
func podLevel(v view) []Finding {
	p := v.Workload.PodLevel
	if p == nil {
		return nil
	}
	var parts []string
	for _, r := range both {
		parts = append(parts, fmt.Sprintf("%s %s/%s", name(r), orNone(r, valueOf(*p, r, false)), orNone(r, valueOf(*p, r, true))))
	}
	return []Finding{{Severity: Info, Object: v.Workload.Ref, Field: "spec.template.spec.resources", Value: list(parts),
		Why: fmt.Sprintf("the Pod as a whole has requests and limits (%s): schedulers, quotas and HPAs count these and not the sum over its containers (CPU %s, memory %s), which may use each other's share",
			list(parts), orNone(tuner.CPU, sum(v.next, tuner.CPU, false)), orNone(tuner.Memory, sum(v.next, tuner.Memory, false))),
		Fix: "change the Pod's own values together with derived ones"}}
}
