package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/plimsoll/plimsoll/cluster"
	"github.com/plimsoll/plimsoll/tuner"
)

// resizeTime is how long a kubelet may take to resize a Pod, and how long it may put it off for want of room.
const resizeTime = 30 * time.Second

// offersResize is true where the cluster has the resize subresource of Pods.
func offersResize(c *cluster.Client) bool {
	list, err := c.Discovery.ServerResourcesForGroupVersion("v1")
	return err == nil && slices.ContainsFunc(list.APIResources, func(r meta.APIResource) bool { return r.Name == "pods/resize" })
}

// inPlace is true where settings can be put in force on the running Pods: nothing but CPU changes, none is taken away or
// added, and every replica is Ready, has never been restarted and is allowed to.
func (k *Kube) inPlace(settings tuner.Settings) bool {
	if !k.resizable || k.settings == nil || k.replicas == nil {
		return false
	}
	for _, was := range k.settings {
		want, ok := settings.Of(was.Container)
		if !ok || want.MemoryLimit != was.MemoryLimit || want.MemoryRequest != was.MemoryRequest ||
			(want.CPULimit == 0) != (was.CPULimit == 0) || (want.CPURequest == 0) != (was.CPURequest == 0) {
			return false
		}
	}
	now := k.watch.now()
	if !stands(k.target, now.object, now.pods, k.mark).done() {
		return false
	}
	return !slices.ContainsFunc(of(now.pods, k.mark), func(p *core.Pod) bool { return !resizes(p, settings) })
}

// resizes is true where the CPU of p may become that of settings without a restart.
func resizes(p *core.Pod, settings tuner.Settings) bool {
	spec := p.Spec.DeepCopy()
	for _, list := range [][]core.Container{spec.InitContainers, spec.Containers} {
		for i := range list {
			c := &list[i]
			want, ok := settings.Of(c.Name)
			if !ok {
				continue
			}
			for _, policy := range c.ResizePolicy {
				if policy.ResourceName == core.ResourceCPU && policy.RestartPolicy == core.RestartContainer {
					return false
				}
			}
			c.Resources = cpuOf(c.Resources, want)
		}
	}
	for _, s := range statuses(p) {
		if s.RestartCount > 0 {
			return false
		}
	}
	return qos(*spec) == p.Status.QOSClass
}

// cpuOf is r with the CPU wanted.
func cpuOf(r core.ResourceRequirements, want tuner.ContainerSettings) core.ResourceRequirements {
	r = *r.DeepCopy()
	if want.CPULimit > 0 && r.Limits != nil {
		r.Limits[core.ResourceCPU] = quantity(want.CPULimit)
	}
	request := want.CPURequest
	if request == 0 {
		request = want.CPULimit
	}
	if request > 0 && r.Requests != nil {
		r.Requests[core.ResourceCPU] = quantity(request)
	}
	return r
}

// resize changes the CPU of the running Pods. Their template keeps what it has: a Pod that is replaced meanwhile comes
// with that, and makes the trial doubtful. All of them are Pods of a trial, which the end of the search replaces.
func (k *Kube) resize(ctx context.Context, settings tuner.Settings) error {
	for _, p := range of(k.watch.now().pods, k.mark) {
		patch, err := resizePatch(p, settings)
		if err != nil {
			return err
		}
		err = cluster.Retry(ctx, func(ctx context.Context) error {
			_, err := k.client.Typed.CoreV1().Pods(p.Namespace).Patch(ctx, p.Name, types.StrategicMergePatchType, patch,
				meta.PatchOptions{FieldManager: cluster.FieldManager}, "resize")
			return err
		})
		if err != nil {
			return fmt.Errorf("resize Pod %s: %w", p.Name, err)
		}
	}
	return nil
}

func resizePatch(p *core.Pod, settings tuner.Settings) ([]byte, error) {
	lists := map[string][]map[string]any{}
	for _, c := range long(p.Spec) {
		want, ok := settings.Of(c.Name)
		if !ok {
			continue
		}
		list := listOf(p.Spec, c.Name)
		lists[list] = append(lists[list], map[string]any{"name": c.Name, "resources": cpuOf(c.Resources, want)})
	}
	return json.Marshal(map[string]any{"spec": lists, "metadata": map[string]any{"uid": p.UID}})
}

// awaitResize waits until every Pod has what it was resized to.
func (k *Kube) awaitResize(ctx context.Context) error {
	limit, cancel := context.WithTimeout(ctx, resizeTime)
	defer cancel()
	for {
		now := k.watch.now()
		waiting := ""
		for _, p := range of(now.pods, k.mark) {
			text, err := k.resizing(p)
			if err != nil {
				return err
			}
			waiting += text
		}
		if waiting == "" {
			return nil
		}
		if err := now.wait(limit, secondLook); err != nil {
			return errors.Join(ctx.Err(), fmt.Errorf("not resized after %s: %s", resizeTime, waiting))
		}
	}
}

// resizing says what a resize of p waits for; "" where it is done. Between the call and the kubelet's notice there is no
// condition at all, so that what is in force is what counts.
func (k *Kube) resizing(p *core.Pod) (waiting string, err error) {
	for _, c := range p.Status.Conditions {
		if c.Type == core.PodResizePending && c.Reason == core.PodReasonInfeasible {
			return "", fmt.Errorf("pod %s can't be resized: %s", p.Name, c.Message)
		}
		if (c.Type == core.PodResizePending || c.Type == core.PodResizeInProgress) && c.Status == core.ConditionTrue {
			waiting = fmt.Sprintf("Pod %s: %s %s; ", p.Name, c.Reason, c.Message)
		}
	}
	for _, c := range k.file.Workload.Containers {
		if want, ok := k.settings.Of(c.Name); ok && c.Tune && waiting == "" {
			if text := podDiffers(p, c.Name, want); text != "" {
				waiting = fmt.Sprintf("container %s of Pod %s %s; ", c.Name, p.Name, text)
			}
		}
	}
	return waiting, nil
}
