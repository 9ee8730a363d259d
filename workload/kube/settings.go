package kube

import (
	"fmt"
	"slices"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// milliOf and bytesOf write settings as an API server stores them; nil is "not set".
func milliOf(m scenarios.MilliCPU) any {
	if m == 0 {
		return nil
	}
	return resource.NewMilliQuantity(int64(m), resource.DecimalSI).String()
}

// quantity is m as Kubernetes writes it.
func quantity(m scenarios.MilliCPU) resource.Quantity {
	return *resource.NewMilliQuantity(int64(m), resource.DecimalSI)
}

func bytesOf(b scenarios.Bytes) any {
	if b == 0 {
		return nil
	}
	return resource.NewQuantity(int64(b), resource.BinarySI).String()
}

// resourcesOf reads the resources of a container. CPU below a thousandth of a core is rounded up, as a kubelet does.
func resourcesOf(r core.ResourceRequirements) scenarios.Resources {
	return scenarios.Resources{
		CPURequest: scenarios.MilliCPU(r.Requests.Cpu().MilliValue()), CPULimit: scenarios.MilliCPU(r.Limits.Cpu().MilliValue()),
		MemoryRequest: scenarios.Bytes(r.Requests.Memory().Value()), MemoryLimit: scenarios.Bytes(r.Limits.Memory().Value()),
	}
}

// long are the containers of a Pod that run beside each other: native sidecars, then the others.
func long(spec core.PodSpec) []core.Container {
	var all []core.Container
	for _, c := range spec.InitContainers {
		if sidecar(c) {
			all = append(all, c)
		}
	}
	return append(all, spec.Containers...)
}

// sidecar is true for an init container that runs on beside the others.
func sidecar(c core.Container) bool {
	return c.RestartPolicy != nil && *c.RestartPolicy == core.ContainerRestartPolicyAlways
}

// listOf is the list of the Pod spec in which the named container is.
func listOf(spec core.PodSpec, name string) string {
	if slices.ContainsFunc(spec.InitContainers, func(c core.Container) bool { return c.Name == name }) {
		return "initContainers"
	}
	return "containers"
}

// write changes the template of e's object to settings and notes it in r. Containers that are not tuned are left alone.
func write(r *record, e *edit, spec core.PodSpec, tuned []scenarios.Container, settings tuner.Settings) error {
	for _, c := range tuned {
		want, ok := settings.Of(c.Name)
		if !c.Tune {
			continue
		}
		if !ok {
			return fmt.Errorf("no settings for container %s", c.Name)
		}
		at := place{"spec", "template", "spec", listOf(spec, c.Name), "[" + c.Name + "]", "resources"}
		for _, x := range []struct {
			of, name string
			value    any
		}{
			{"limits", "cpu", milliOf(want.CPULimit)}, {"limits", "memory", bytesOf(want.MemoryLimit)},
			{"requests", "cpu", milliOf(want.CPURequest)}, {"requests", "memory", bytesOf(want.MemoryRequest)},
		} {
			if err := r.set(e, append(slices.Clone(at), x.of, x.name), x.value); err != nil {
				return err
			}
		}
	}
	return nil
}

// differs says how the resources of a running container differ from those under test, spec says what is asked of its
// kubelet and status what that says is in force; "" where neither does. A request that is not under test is its limit's.
func differs(want scenarios.Resources, spec core.ResourceRequirements, status *core.ResourceRequirements) string {
	if want.CPURequest == 0 {
		want.CPURequest = want.CPULimit
	}
	if want.MemoryRequest == 0 {
		want.MemoryRequest = want.MemoryLimit
	}
	if got := resourcesOf(spec); got != want {
		return fmt.Sprintf("has %s, under test are %s", inWords(got), inWords(want))
	}
	if status == nil {
		return ""
	}
	got := resourcesOf(*status)
	// A kubelet gives no quota below 10m, and reports what the runtime has (kubelet/cm, MilliCPUToQuota).
	if want.CPULimit > 10 && got.CPULimit != want.CPULimit || got.MemoryLimit != want.MemoryLimit {
		return fmt.Sprintf("runs with %s, under test are %s", inWords(got), inWords(want))
	}
	return ""
}

func inWords(r scenarios.Resources) string {
	return fmt.Sprintf("CPU %v/%v and memory %v/%v (request/limit)", r.CPURequest, r.CPULimit, r.MemoryRequest, r.MemoryLimit)
}
