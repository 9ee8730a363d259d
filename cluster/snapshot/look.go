package snapshot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll/plimsoll/cluster"
	"github.com/plimsoll/plimsoll/tuner"
	"github.com/plimsoll/plimsoll/tuner/compat"
)

// The events that tell of refused and of evicted Pods, by their reasons.
// Sources: kubernetes pkg/controller (FailedCreate), pkg/kubelet/eviction (Evicted), pkg/scheduler (Preempted),
// pkg/controller/tainteviction; kubernetes/autoscaler vertical-pod-autoscaler/pkg/updater (EvictedByVPA).
var (
	refusing = []string{"FailedCreate"}
	evicting = []string{"Evicted", "EvictedByVPA", "Preempted", "TaintManagerEviction"}
)

// Look takes one look at a live workload, named as kubectl does: what it asks for, its Pods and what its HPA wants; with
// events, what was told of its Pods too. It is what Read would be too slow and too much for every second. The error tells
// that the look failed; events that can't be read are in the Sight.
func Look(ctx context.Context, c *cluster.Client, namespace, object string, events bool) (compat.Sight, error) {
	w, err := get(ctx, c, namespace, object)
	if err != nil {
		return compat.Sight{}, err
	}
	selector, err := selectorOf(*w)
	if err != nil {
		return compat.Sight{}, err
	}
	pods, why := list(ctx, c, schema.GroupVersionResource{Version: "v1", Resource: "pods"}, namespace, true)
	hpas, why2 := list(ctx, c, schema.GroupVersionResource{Group: "autoscaling", Version: "v2", Resource: "horizontalpodautoscalers"}, namespace, true)
	if why = firstOf(why, why2); why != "" {
		return compat.Sight{}, errors.New(why)
	}
	l := look{workload: *w, selector: selector}
	l.sight.Own, l.sight.Restarts = []string{w.GetName()}, map[string]compat.Told{}
	l.sight.Desired = 1
	if n, found, _ := unstructured.NestedInt64(w.Object, "spec", "replicas"); found {
		l.sight.Desired = int(n)
	}
	for _, o := range pods {
		if err := l.pod(o); err != nil {
			return compat.Sight{}, at(o, err)
		}
	}
	for _, o := range hpas {
		if err := l.hpa(o); err != nil {
			return compat.Sight{}, at(o, err)
		}
	}
	slices.SortFunc(l.sight.Pods, func(a, b compat.Carried) int { return cmp.Compare(a.Pod, b.Pod) })
	if events {
		l.events(ctx, c, namespace)
	}
	return l.sight, nil
}

// look is one in the making.
type look struct {
	workload unstructured.Unstructured
	selector labels.Selector
	sight    compat.Sight
}

// pod takes in a Pod of the workload. One that is being deleted is no replica, and may tell why it goes.
func (l *look) pod(o unstructured.Unstructured) error {
	var p corev1.Pod
	if err := convert(o.Object, &p); err != nil {
		return err
	}
	if len(p.OwnerReferences) == 0 || !l.selector.Matches(labels.Set(p.Labels)) {
		return nil
	}
	l.sight.Own = append(l.sight.Own, p.Name)
	for _, owner := range p.OwnerReferences {
		l.sight.Own = append(l.sight.Own, owner.Name)
	}
	ready := false
	for _, c := range p.Status.Conditions {
		switch {
		case c.Type == corev1.PodReady:
			ready = c.Status == corev1.ConditionTrue
		case c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse && p.DeletionTimestamp == nil:
			l.sight.Waiting = append(l.sight.Waiting, fmt.Sprintf("no node takes Pod %s: %s", p.Name, firstOf(c.Message, c.Reason)))
		case c.Type == corev1.DisruptionTarget && c.Status == corev1.ConditionTrue:
			l.sight.Evicted = append(l.sight.Evicted, fmt.Sprintf("Pod %s: %s: %s", p.Name, c.Reason, c.Message))
		}
	}
	for _, s := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
		l.sight.Restarts[p.Name+"/"+s.Name] = compat.Told{Object: p.Name, Times: int(s.RestartCount), Text: endText(p.Name, s)}
	}
	if p.DeletionTimestamp != nil || p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed {
		return nil
	}
	if ready {
		l.sight.Ready++
	}
	l.sight.Pods = append(l.sight.Pods, carried(p))
	return nil
}

// endText says why a container was started again.
func endText(pod string, s corev1.ContainerStatus) string {
	text := fmt.Sprintf("container %s of Pod %s was started again", s.Name, pod)
	if t := s.LastTerminationState.Terminated; t != nil {
		text += fmt.Sprintf(": it ended with code %d (%s)", t.ExitCode, t.Reason)
	}
	return text
}

// carried are the requests and limits of the containers of p that run beside each other.
func carried(p corev1.Pod) compat.Carried {
	out := compat.Carried{Pod: p.Name}
	for _, c := range containers(p.Spec) {
		if c.Role != compat.Init {
			out.Settings = append(out.Settings, tuner.ContainerSettings{Container: c.Name, Resources: c.Resources})
		}
	}
	return out
}

// hpa takes in what an HPA of the workload wants, once it has said so.
func (l *look) hpa(o unstructured.Unstructured) error {
	var h autoscalingv2.HorizontalPodAutoscaler
	if err := convert(o.Object, &h); err != nil {
		return err
	}
	target := h.Spec.ScaleTargetRef
	if (builder{workload: l.workload}).targets(target.APIVersion, target.Kind, target.Name) && h.Status.DesiredReplicas > 0 {
		l.sight.Desired = int(h.Status.DesiredReplicas)
	}
	return nil
}

// events takes in what was told of refused and evicted Pods of the namespace.
func (l *look) events(ctx context.Context, c *cluster.Client, namespace string) {
	all, why := list(ctx, c, schema.GroupVersionResource{Version: "v1", Resource: "events"}, namespace, true)
	l.sight.EventsUnread = why
	l.sight.Refusals, l.sight.Evictions = map[string]compat.Told{}, map[string]compat.Told{}
	for _, o := range all {
		var e corev1.Event
		if convert(o.Object, &e) != nil {
			continue // one that can't be read says nothing
		}
		told := compat.Told{Object: e.InvolvedObject.Name, Times: max(1, int(e.Count)), Text: fmt.Sprintf("%s %s: %s", e.InvolvedObject.Kind, e.InvolvedObject.Name, e.Message)}
		if e.Series != nil {
			told.Times = max(told.Times, int(e.Series.Count))
		}
		switch {
		case slices.Contains(refusing, e.Reason):
			l.sight.Refusals[e.Name] = told
		case slices.Contains(evicting, e.Reason):
			l.sight.Evictions[e.Name] = told
		}
	}
}
