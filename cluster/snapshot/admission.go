package snapshot

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/plimsoll/plimsoll/tuner"
	"github.com/plimsoll/plimsoll/tuner/compat"
)

func (b builder) pdb(o unstructured.Unstructured) error {
	var p policyv1.PodDisruptionBudget
	if err := convert(o.Object, &p); err != nil {
		return err
	}
	selector, err := metav1.LabelSelectorAsSelector(p.Spec.Selector)
	if err != nil {
		return fmt.Errorf("spec.selector: %w", err)
	}
	if !selector.Matches(b.labels) {
		return nil
	}
	out := compat.PDB{Ref: ref(o)}
	if v := p.Spec.MinAvailable; v != nil {
		s, err := share(*v)
		if err != nil {
			return fmt.Errorf("spec.minAvailable: %w", err)
		}
		out.MinAvailable = &s
	}
	if v := p.Spec.MaxUnavailable; v != nil {
		s, err := share(*v)
		if err != nil {
			return fmt.Errorf("spec.maxUnavailable: %w", err)
		}
		out.MaxUnavailable = &s
	}
	policy := p.Spec.UnhealthyPodEvictionPolicy
	out.AlwaysAllow = policy != nil && *policy == policyv1.AlwaysAllow
	b.to.PDBs = append(b.to.PDBs, out)
	return nil
}

// limitRange keeps the entries for containers and Pods; each is one of its own.
func (b builder) limitRange(o unstructured.Unstructured) error {
	var l corev1.LimitRange
	if err := convert(o.Object, &l); err != nil {
		return err
	}
	written, _, err := unstructured.NestedSlice(o.Object, "spec", "limits")
	if err != nil {
		return err
	}
	for i, item := range l.Spec.Limits {
		if item.Type != corev1.LimitTypeContainer && item.Type != corev1.LimitTypePod {
			continue
		}
		ratios := item.MaxLimitRequestRatio
		b.to.LimitRanges = append(b.to.LimitRanges, compat.LimitRange{
			Ref: ref(o), Index: i, Pod: item.Type == corev1.LimitTypePod, Min: amounts(item.Min), Max: amounts(item.Max),
			Default: amounts(item.Default), DefaultRequest: amounts(item.DefaultRequest),
			RatioCPU: ratios.Cpu().AsApproximateFloat64(), RatioMemory: ratios.Memory().AsApproximateFloat64(), Written: written,
		})
	}
	return nil
}

func (b builder) quota(o unstructured.Unstructured) error {
	var q corev1.ResourceQuota
	if err := convert(o.Object, &q); err != nil {
		return err
	}
	out := compat.Quota{Ref: ref(o)}
	for _, name := range slices.Sorted(maps.Keys(q.Spec.Hard)) {
		r := tuner.Resource(strings.TrimPrefix(strings.TrimPrefix(string(name), "requests."), "limits."))
		item := compat.QuotaItem{Name: string(name), Hard: amountOf(r, q.Spec.Hard[name])}
		if used, ok := q.Status.Used[name]; ok {
			item.Used = new(amountOf(r, used))
		}
		out.Items = append(out.Items, item)
	}
	for _, s := range q.Spec.Scopes {
		out.Scopes = append(out.Scopes, compat.Scope{Name: string(s), Operator: "Exists"})
	}
	if s := q.Spec.ScopeSelector; s != nil {
		for _, e := range s.MatchExpressions {
			out.Scopes = append(out.Scopes, compat.Scope{Name: string(e.ScopeName), Operator: string(e.Operator), Values: e.Values})
		}
	}
	b.to.Quotas = append(b.to.Quotas, out)
	return nil
}

// pod keeps Pods of the workload that have not ended. Those of a manifest are no Pods of a workload.
func (b builder) pod(o unstructured.Unstructured) error {
	var p corev1.Pod
	if err := convert(o.Object, &p); err != nil {
		return err
	}
	if b.any {
		return nil
	}
	selector, err := selectorOf(b.workload)
	if err != nil {
		return err
	}
	if len(p.OwnerReferences) == 0 || !selector.Matches(labels.Set(p.Labels)) || p.DeletionTimestamp != nil || p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed {
		return nil
	}
	out := compat.Pod{Name: p.Name, Containers: containers(p.Spec)}
	for key := range p.Annotations {
		out.ByVPA = out.ByVPA || key == "vpaUpdates" || key == "vpaInPlaceUpdated"
	}
	for _, c := range p.Status.Conditions {
		switch {
		case c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse:
			out.Unscheduled = firstOf(c.Message, c.Reason)
		case c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue && p.Status.StartTime != nil && unrestarted(p):
			out.Boot = new(max(c.LastTransitionTime.Sub(p.Status.StartTime.Time), time.Duration(0)))
		}
	}
	b.to.Pods = append(b.to.Pods, out)
	return nil
}

// unrestarted says whether Ready tells of the Pod's start: no container has been started again since.
func unrestarted(p corev1.Pod) bool {
	for _, c := range p.Status.ContainerStatuses {
		if c.RestartCount > 0 {
			return false
		}
	}
	return true
}

// selectorOf is the selector with which w finds its Pods.
func selectorOf(w unstructured.Unstructured) (labels.Selector, error) {
	raw, found, err := unstructured.NestedMap(w.Object, "spec", "selector")
	if err != nil || !found {
		return labels.Nothing(), err
	}
	var s metav1.LabelSelector
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(raw, &s); err != nil {
		return nil, fmt.Errorf("spec.selector: %w", err)
	}
	return metav1.LabelSelectorAsSelector(&s)
}

// node keeps nodes that take the workload's Pods by their selector and tolerations.
func (b builder) node(o unstructured.Unstructured) error {
	var n corev1.Node
	if err := convert(o.Object, &n); err != nil {
		return err
	}
	spec := b.template.Spec
	if n.Spec.Unschedulable || !labels.SelectorFromSet(spec.NodeSelector).Matches(labels.Set(n.Labels)) || !tolerated(n.Spec.Taints, spec.Tolerations) {
		return nil
	}
	b.to.Nodes = append(b.to.Nodes, compat.Node{Name: n.Name, Allocatable: amounts(n.Status.Allocatable), Pods: int(n.Status.Allocatable.Pods().Value()),
		OS: n.Status.NodeInfo.OperatingSystem, Arch: n.Status.NodeInfo.Architecture, Type: n.Labels[corev1.LabelInstanceTypeStable]})
	return nil
}

// tolerated says whether every taint that keeps Pods away is tolerated.
// Source: kubernetes.io, "Taints and Tolerations".
func tolerated(taints []corev1.Taint, tolerations []corev1.Toleration) bool {
	for _, taint := range taints {
		if taint.Effect == corev1.TaintEffectPreferNoSchedule {
			continue
		}
		ok := slices.ContainsFunc(tolerations, func(t corev1.Toleration) bool {
			key := t.Key == taint.Key || t.Key == "" && t.Operator == corev1.TolerationOpExists
			value := t.Operator == corev1.TolerationOpExists || t.Value == taint.Value
			return key && value && (t.Effect == "" || t.Effect == taint.Effect)
		})
		if !ok {
			return false
		}
	}
	return true
}

// webhook keeps configurations with a webhook that is called when Pods are created.
func (b builder) webhook(o unstructured.Unstructured) {
	var w admissionv1.MutatingWebhookConfiguration
	if convert(o.Object, &w) != nil {
		return // one that can't be read changes nothing of ours
	}
	for _, hook := range w.Webhooks {
		for _, rule := range hook.Rules {
			if slices.Contains(rule.Resources, "pods") || slices.Contains(rule.Resources, "*") || slices.Contains(rule.Resources, "*/*") {
				b.to.Webhooks = append(b.to.Webhooks, w.Name)
				return
			}
		}
	}
}
