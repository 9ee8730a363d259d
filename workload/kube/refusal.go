package kube

import (
	"context"
	"fmt"
	"strings"
	"time"

	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	"github.com/plimsoll/plimsoll/cluster"
)

// tryPod asks the cluster, without changing anything, whether it would take a Pod of o's template: LimitRanges, Pod
// Security and webhooks refuse Pods, and not templates, so that a rollout would only stand still. What a quota says is
// left to the rollout, where old Pods may make room first.
func (k *Kube) tryPod(ctx context.Context, o object) error {
	t, err := o.template()
	if err != nil {
		return err
	}
	pod := &core.Pod{ObjectMeta: meta.ObjectMeta{GenerateName: k.target.Object + "-try-", Labels: t.Labels, Annotations: t.Annotations}, Spec: t.Spec}
	err = cluster.Retry(ctx, func(ctx context.Context) error {
		_, err := k.client.Typed.CoreV1().Pods(k.target.Namespace).Create(ctx, pod,
			meta.CreateOptions{DryRun: []string{meta.DryRunAll}, FieldManager: cluster.FieldManager})
		return err
	})
	switch {
	case err == nil:
		return nil
	case apierrors.IsForbidden(err) && strings.Contains(err.Error(), "cannot create resource"):
		return nil // this user may create no Pods; then the rollout has to tell
	case apierrors.IsForbidden(err) && strings.Contains(err.Error(), "exceeded quota"):
		return nil
	case apierrors.IsForbidden(err), apierrors.IsInvalid(err):
		return fmt.Errorf("the cluster would refuse its Pods: %w; tuning.bounds keeps the search to what is allowed", err)
	}
	return fmt.Errorf("ask whether the cluster would take its Pods: %w", err)
}

// refusal is why no Pod of the newest template can be made, in the cluster's own words; "" where nothing says so.
func (k *Kube) refusal(ctx context.Context, since time.Time) string {
	o := k.watch.now().object
	conditions, _ := place{"status", "conditions"}.at(o.Object).([]any)
	for _, c := range conditions {
		m, _ := c.(map[string]any)
		if m["type"] == "ReplicaFailure" && m["status"] == "True" {
			return fmt.Sprint(m["message"])
		}
	}
	// Stateful sets and daemon sets have no condition for it, only events.
	events, err := k.client.Typed.CoreV1().Events(k.target.Namespace).List(ctx, meta.ListOptions{
		FieldSelector: fields.Set{"reason": "FailedCreate", "involvedObject.name": k.target.Object}.AsSelector().String()})
	if err != nil {
		return "" // whoever may not read events waits longer, and is told what stands still
	}
	for _, e := range events.Items {
		if at := latest(e); at.After(k.templateWritten(o, since)) && e.InvolvedObject.Kind == k.target.Name {
			return e.Message
		}
	}
	return ""
}

func latest(e core.Event) time.Time {
	if e.Series != nil {
		return e.Series.LastObservedTime.Time
	}
	if !e.LastTimestamp.IsZero() {
		return e.LastTimestamp.Time
	}
	return e.EventTime.Time
}

// templateWritten is when Plimsoll wrote the template last, by the API server's clock, which events go by too; a second
// less, as they count whole ones. since where that is not known.
func (k *Kube) templateWritten(o object, since time.Time) time.Time {
	for _, m := range o.GetManagedFields() {
		if m.Manager == cluster.FieldManager && m.Time != nil {
			return m.Time.Add(-time.Second)
		}
	}
	return since
}

// replaceStuck deletes the Pods that keep a StatefulSet from going on: those of an older template that are not Ready. Its
// controller waits for them for ever (https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback).
func (k *Kube) replaceStuck(ctx context.Context, o object) error {
	if k.target.Name != statefulSet.Name || k.watch == nil {
		return nil
	}
	mark, _ := markPlace.at(o.Object).(string)
	for _, p := range k.watch.now().pods {
		if p.Annotations[trialAnnotation] == mark || !podReady(p).IsZero() || p.DeletionTimestamp != nil {
			continue
		}
		err := cluster.Retry(ctx, func(ctx context.Context) error {
			return k.client.Typed.CoreV1().Pods(p.Namespace).Delete(ctx, p.Name, meta.DeleteOptions{Preconditions: &meta.Preconditions{UID: &p.UID}})
		})
		if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
			return fmt.Errorf("delete Pod %s, which keeps %s from going on: %w", p.Name, k.target, err)
		}
	}
	return nil
}
