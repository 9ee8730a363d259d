package compat

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/tuner"
)

// noDisruption is R15, at the fewest replicas there may be.
func noDisruption(v view) []Finding {
	var all []Finding
	n := v.leastReplicas()
	for _, p := range v.PDBs {
		if p.Allowed(n) > 0 || n == 0 {
			continue
		}
		f := Finding{Severity: Info, Object: p.Ref}
		switch {
		case p.MinAvailable != nil:
			f.Field, f.Value = "spec.minAvailable", p.MinAvailable.text()
			f.Why = fmt.Sprintf("minAvailable %s of %s is %d, so none may be evicted", p.MinAvailable.text(), plural(n, "Pod"), p.MinAvailable.Of(n))
		default:
			f.Field, f.Value = "spec.maxUnavailable", p.MaxUnavailable.text()
			f.Why = fmt.Sprintf("maxUnavailable %s lets none of %s be evicted", p.MaxUnavailable.text(), plural(n, "Pod"))
		}
		for _, a := range v.VPAs {
			if a.evicts() {
				f.Severity = Warning
				f.Why += fmt.Sprintf("; %s applies its recommendation by eviction, so it never does", a.Ref)
			}
		}
		if !p.AlwaysAllow {
			f.Why += "; Pods in a crash loop can't be evicted either (unhealthyPodEvictionPolicy is not AlwaysAllow), and nodes can't be drained"
		}
		f.Fix = "allow one disruption at a time"
		f.Mend = merge(p.Ref, object{{"minAvailable", nil}, {"maxUnavailable", 1}, {"unhealthyPodEvictionPolicy", "AlwaysAllow"}})
		all = append(all, f)
	}
	return all
}

func (s Share) text() string {
	if s.Percent {
		return fmt.Sprintf("%d %%", s.Value)
	}
	return fmt.Sprint(s.Value)
}

// twoAutoscalers is R16.
func twoAutoscalers(v view) []Finding {
	var all []Finding
	if len(v.VPAs) > 1 {
		extra := v.VPAs[1]
		all = append(all, Finding{Severity: Error, Object: extra.Ref, Field: "spec.targetRef", Value: v.Workload.String(),
			Why: fmt.Sprintf("%s and %s both target %s: which of them acts on a Pod is not defined", v.VPAs[0].Ref, extra.Ref, v.Workload.Ref),
			Fix: "keep one of them", Mend: &Mend{Object: extra.Ref, How: Delete}})
	}
	own := ownHPAs(v.HPAs)
	if len(own) > 1 {
		all = append(all, Finding{Severity: Error, Object: own[1].Ref, Field: "spec.scaleTargetRef", Value: v.Workload.String(),
			Why: fmt.Sprintf("%s and %s both scale %s: each undoes the other, or neither acts (AmbiguousSelector)", own[0].Ref, own[1].Ref, v.Workload.Ref),
			Fix: fmt.Sprintf("give the metrics of both to %s, and delete the other", own[0].Name), Mend: together(own[0], own[1])})
	}
	for _, o := range v.ScaledObjects {
		for _, h := range own {
			all = append(all, Finding{Severity: Error, Object: h.Ref, Field: "spec.scaleTargetRef", Value: v.Workload.String(),
				Why: fmt.Sprintf("%s scales %s, and %s makes an HPA of its own (%s) for it: each undoes the other", h.Ref, v.Workload.Ref, o.Ref, o.Makes),
				Fix: "keep one of them: move the metrics into the ScaledObject's triggers", Mend: &Mend{Object: h.Ref, How: Delete}})
		}
	}
	if len(v.ScaledObjects) > 1 {
		extra := v.ScaledObjects[1]
		all = append(all, Finding{Severity: Error, Object: extra.Ref, Field: "spec.scaleTargetRef", Value: v.Workload.String(),
			Why: fmt.Sprintf("%s and %s both scale %s", v.ScaledObjects[0].Ref, extra.Ref, v.Workload.Ref), Fix: "keep one of them, with the triggers of both", Mend: &Mend{Object: extra.Ref, How: Delete}})
	}
	return all
}

// ownHPAs are those that no ScaledObject made.
func ownHPAs(all []HPA) []HPA {
	var own []HPA
	for _, h := range all {
		if h.By == nil {
			own = append(own, h)
		}
	}
	return own
}

// together mends a so that it has the metrics of both and the wider bounds.
func together(a, b HPA) *Mend {
	metrics := make([]any, 0, len(a.Metrics)+len(b.Metrics))
	for _, m := range append(append([]Metric{}, a.Metrics...), b.Metrics...) {
		metrics = append(metrics, m.Written)
	}
	return merge(a.Ref, object{{"minReplicas", min(a.Min, b.Min)}, {"maxReplicas", max(a.Max, b.Max)}, {"metrics", metrics}})
}

// reverted is R18.
func reverted(v view) []Finding {
	var all []Finding
	w := v.Workload
	if len(v.scalers) > 0 && w.Replicas != nil && w.ReplicasFrom != "" {
		all = append(all, Finding{Severity: Info, Object: w.Ref, Field: "spec.replicas", Value: fmt.Sprint(*w.Replicas),
			Why: fmt.Sprintf("%s sets spec.replicas to %d, and %s sets it too: each apply throws the replicas back to %d", w.ReplicasFrom, *w.Replicas, v.scalers[0].Ref, *w.Replicas),
			Fix: "take spec.replicas out of the manifest", Mend: &Mend{w.Ref, MergePatch, patchOf(w.Ref, object{{"replicas", nil}})}})
	}
	if w.GitOps != "" {
		all = append(all, Finding{Severity: Info, Object: w.Ref, Field: "metadata", Value: w.GitOps,
			Why: fmt.Sprintf("%s keeps this object as its source has it: what is patched here, by a person or in a trial, is reverted", w.GitOps), Fix: "pause it for a tune, and commit derived settings to the source"})
	}
	return all
}

// collectors are runtimes that keep memory they once took, by a word in the image, command or environment.
var collectors = []struct{ word, runtime string }{
	{"java", "the JVM"}, {"jdk", "the JVM"}, {"jre", "the JVM"}, {"tomcat", "the JVM"}, {"gomemlimit", "Go"}, {"gogc", "Go"}, {"golang", "Go"},
	{"node", "Node.js"}, {"dotnet", ".NET"}, {"aspnet", ".NET"}, {"redis", "Redis"}, {"memcached", "memcached"}, {"python", "Python"}, {"gunicorn", "Python"}, {"puma", "Ruby"}, {"ruby", "Ruby"},
}

// runtimeOf guesses the runtime of c; empty where nothing tells.
func runtimeOf(c Container) string {
	text := strings.ToLower(c.Image + " " + strings.Join(c.Command, " "))
	for key := range c.Env {
		text += " " + strings.ToLower(key)
	}
	words := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" /:-_.@", r) })
	for _, known := range collectors {
		if slices.Contains(words, known.word) {
			return known.runtime
		}
	}
	return ""
}

// memoryTarget is R19.
func memoryTarget(v view) []Finding {
	var all []Finding
	v.eachResource(func(h HPA, i int, m Metric) {
		who := v.remembers(m)
		if who == "" {
			return
		}
		all = append(all, Finding{Severity: Warning, Object: h.Ref, Field: pathOf(h, i), Value: m.text(),
			Why: fmt.Sprintf("%s, which keeps memory it once took: after a peak %s stays at up to %d replicas however small the load is", who, h.Ref, h.Max),
			Fix: "scale on CPU or on hits per second instead", Mend: v.unremembered(h)})
	})
	return all
}

// remembers says which container that m counts keeps its memory, and why that is thought; empty where m is not on memory
// or none does.
func (v view) remembers(m Metric) string {
	if !m.onResource() || m.Resource != tuner.Memory {
		return ""
	}
	for _, c := range running(v.next) {
		if runtime := runtimeOf(c); runtime != "" && (m.Type == ResourceMetric || m.Container == c.Name) {
			return fmt.Sprintf("container %s runs on %s", c.Name, runtime)
		}
	}
	return ""
}

// text is the target of a metric on a resource.
func (m Metric) text() string {
	if m.Target == AverageValue {
		return amountText(m.Resource, m.Average)
	}
	return fmt.Sprintf("%d %%", m.Utilization)
}

// unremembered mends h so that it does without memory; nil where that is all it has, since what to scale on instead is then
// for trials or people to say.
func (v view) unremembered(h HPA) *Mend {
	if len(h.Metrics) < 2 {
		return nil
	}
	return v.peacefulHPA(h)
}
