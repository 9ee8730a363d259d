package snapshot

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
	"github.com/plimsoll/plimsoll/tuner/compat"
)

// builder fills a snapshot of one workload.
type builder struct {
	workload unstructured.Unstructured
	template corev1.PodTemplateSpec
	labels   labels.Set
	to       *compat.Snapshot
	// any takes every object for one that means the workload: only whether it can be read is asked.
	any bool
}

func templateOf(w unstructured.Unstructured) (corev1.PodTemplateSpec, error) {
	var t corev1.PodTemplateSpec
	raw, found, err := unstructured.NestedMap(w.Object, "spec", "template")
	if err != nil {
		return t, err
	}
	if !found {
		return t, fmt.Errorf("no spec.template")
	}
	return t, convert(raw, &t)
}

func workload(w unstructured.Unstructured, t corev1.PodTemplateSpec) (compat.Workload, error) {
	out := compat.Workload{
		Ref: ref(w), GitOps: gitOps(w), ReplicasFrom: replicasFrom(w), PriorityClass: t.Spec.PriorityClassName,
		Containers: containers(t.Spec), Overhead: amounts(t.Spec.Overhead), SidecarsExpected: expected(t), Refused: refused(w),
	}
	if p := t.Spec.Resources; p != nil {
		r := resources(*p)
		out.PodLevel = &r
	}
	n, found, err := unstructured.NestedInt64(w.Object, "spec", "replicas")
	if err != nil {
		return out, err
	}
	if found {
		out.Replicas = new(int(n))
	}
	out.MaxSurge, err = surge(w)
	return out, err
}

// surge is how many Pods above its replicas a rollout may make: 25 % where a Deployment or Rollout does not say.
func surge(w unstructured.Unstructured) (compat.Share, error) {
	at := []string{"spec", "strategy", "rollingUpdate", "maxSurge"}
	switch kind := w.GetKind(); kind {
	case "Rollout":
		at = []string{"spec", "strategy", "canary", "maxSurge"}
	case "Deployment":
		if strategy, _, _ := unstructured.NestedString(w.Object, "spec", "strategy", "type"); strategy == "Recreate" {
			return compat.Share{}, nil
		}
	default:
		return compat.Share{}, nil
	}
	value, found, err := unstructured.NestedFieldNoCopy(w.Object, at...)
	if err != nil || !found || value == nil {
		return compat.Share{Value: 25, Percent: true}, err
	}
	switch v := value.(type) {
	case int64:
		return compat.Share{Value: int(v)}, nil
	case string:
		return share(intstr.Parse(v))
	}
	return compat.Share{}, fmt.Errorf("%s: %v given; a number or a percentage is allowed", strings.Join(at, "."), value)
}

// share converts a number or percentage.
func share(v intstr.IntOrString) (compat.Share, error) {
	if v.Type == intstr.Int {
		return compat.Share{Value: int(v.IntVal)}, nil
	}
	n, err := intstr.GetScaledValueFromIntOrPercent(&v, 100, true)
	if err != nil {
		return compat.Share{}, err
	}
	return compat.Share{Value: n, Percent: true}, nil
}

func containers(p corev1.PodSpec) []compat.Container {
	var all []compat.Container
	for i := range p.InitContainers {
		c := container(p.InitContainers[i], compat.Init)
		if policy := p.InitContainers[i].RestartPolicy; policy != nil && *policy == corev1.ContainerRestartPolicyAlways {
			c.Role = compat.Sidecar
		}
		all = append(all, c)
	}
	for i := range p.Containers {
		all = append(all, container(p.Containers[i], compat.App))
	}
	return all
}

func container(c corev1.Container, role compat.Role) compat.Container {
	out := compat.Container{
		Name: c.Name, Role: role, Image: c.Image, Command: append(append([]string{}, c.Command...), c.Args...),
		Resources: resources(c.Resources), Liveness: probe(c.LivenessProbe), Startup: probe(c.StartupProbe), Env: map[string]string{},
	}
	for _, e := range c.Env {
		if size := scenarios.RuntimeSize(e.Name, e.Value); size != "" {
			out.Env[e.Name] = size
		}
	}
	for _, p := range c.ResizePolicy {
		if p.RestartPolicy == corev1.RestartContainer {
			out.RestartsOn = append(out.RestartsOn, tuner.Resource(p.ResourceName))
		}
	}
	return out
}

// probe has Kubernetes' defaults filled in: every 10 s, 3 failures.
func probe(p *corev1.Probe) *compat.Probe {
	if p == nil {
		return nil
	}
	out := compat.Probe{Delay: time.Duration(p.InitialDelaySeconds) * time.Second, Period: 10 * time.Second, Failures: 3}
	if p.PeriodSeconds > 0 {
		out.Period = time.Duration(p.PeriodSeconds) * time.Second
	}
	if p.FailureThreshold > 0 {
		out.Failures = int(p.FailureThreshold)
	}
	return &out
}

func resources(r corev1.ResourceRequirements) scenarios.Resources {
	request, limit := amounts(r.Requests), amounts(r.Limits)
	return scenarios.Resources{CPURequest: request.CPU, CPULimit: limit.CPU, MemoryRequest: request.Memory, MemoryLimit: limit.Memory}
}

// amounts takes CPU and memory; what is finer than 1m or 1 byte is rounded up.
func amounts(l corev1.ResourceList) compat.Amounts {
	return compat.Amounts{CPU: scenarios.MilliCPU(l.Cpu().MilliValue()), Memory: scenarios.Bytes(l.Memory().Value())}
}

// gitOps is the controller that keeps o as its source has it, by the marks it leaves.
func gitOps(o unstructured.Unstructured) string {
	marks := map[string]string{
		"argocd.argoproj.io/instance": "Argo CD", "argocd.argoproj.io/tracking-id": "Argo CD",
		"kustomize.toolkit.fluxcd.io/name": "Flux", "helm.toolkit.fluxcd.io/name": "Flux",
	}
	for _, set := range []map[string]string{o.GetLabels(), o.GetAnnotations()} {
		for key := range set {
			if name := marks[key]; name != "" {
				return name
			}
		}
	}
	return ""
}

// replicasFrom is who keeps spec.replicas in a live object: a manager that applies it, or the manifest that kubectl last
// applied. The API server's default and an autoscaler's own writes do not count.
func replicasFrom(o unstructured.Unstructured) string {
	for _, m := range o.GetManagedFields() {
		if m.Operation == "Apply" && m.Subresource == "" && m.FieldsV1 != nil && strings.Contains(string(m.FieldsV1.GetRawBytes()), `"f:replicas"`) {
			return m.Manager
		}
	}
	last := o.GetAnnotations()["kubectl.kubernetes.io/last-applied-configuration"]
	if last == "" {
		return ""
	}
	objects, err := Documents("last applied", []byte(last))
	if err != nil || len(objects) != 1 {
		return ""
	}
	if _, found, _ := unstructured.NestedInt64(objects[0].Object, "spec", "replicas"); found {
		return "kubectl apply"
	}
	return ""
}

// expected are the sidecars that webhooks of meshes and agents will add, by what the template asks for.
func expected(t corev1.PodTemplateSpec) []string {
	asks := []struct{ key, value, name string }{
		{"sidecar.istio.io/inject", "true", "istio-proxy"}, {"linkerd.io/inject", "enabled", "linkerd-proxy"},
		{"dapr.io/enabled", "true", "daprd"}, {"vault.hashicorp.com/agent-inject", "true", "vault-agent"},
	}
	var names []string
	for _, a := range asks {
		if t.Labels[a.key] == a.value || t.Annotations[a.key] == a.value {
			names = append(names, a.name)
		}
	}
	return names
}

// refused is why the API server takes no more Pods of o; empty where it does.
func refused(o unstructured.Unstructured) string {
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, c := range conditions {
		if c, ok := c.(map[string]any); ok && c["type"] == "ReplicaFailure" && c["status"] == "True" {
			return fmt.Sprint(c["message"])
		}
	}
	return ""
}
