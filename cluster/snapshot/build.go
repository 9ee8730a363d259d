package snapshot

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/plimsoll/plimsoll/tuner/compat"
)

// ErrNoWorkload is returned where there is no workload to look at.
var ErrNoWorkload = errors.New("no Deployment, StatefulSet, DaemonSet, ReplicaSet or Rollout")

// FromObjects makes one snapshot for each workload among objects, in their order, and says of what lives only in a
// cluster that it was not read. The error names the object that can't be read, or is ErrNoWorkload.
func FromObjects(objects []unstructured.Unstructured) ([]compat.Snapshot, error) {
	var all []compat.Snapshot
	for i := range objects {
		if !isWorkload(objects[i]) {
			continue
		}
		s, err := build(objects[i], objects)
		if err != nil {
			return nil, err
		}
		s.Offline = true
		s.Unread = offline()
		if s.Workload.Replicas != nil {
			s.Workload.ReplicasFrom = "the manifest"
		}
		all = append(all, s)
	}
	if len(all) == 0 {
		return nil, ErrNoWorkload
	}
	return all, nil
}

// offline is what no manifest tells.
func offline() []compat.Unread {
	var all []compat.Unread
	for _, kind := range []compat.Kind{compat.Pods, compat.Nodes, compat.Webhooks, compat.Version} {
		all = append(all, compat.Unread{Kind: kind, Why: "only a cluster has these"})
	}
	return all
}

func isWorkload(o unstructured.Unstructured) bool {
	group, _, _ := strings.Cut(o.GetAPIVersion(), "/")
	switch o.GetKind() {
	case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet":
		return group == "apps"
	case "Rollout":
		return group == "argoproj.io"
	}
	return false
}

// build converts what concerns the workload w among objects.
func build(w unstructured.Unstructured, objects []unstructured.Unstructured) (compat.Snapshot, error) {
	var s compat.Snapshot
	t, err := templateOf(w)
	if err != nil {
		return s, at(w, err)
	}
	if s.Workload, err = workload(w, t); err != nil {
		return s, at(w, err)
	}
	b := builder{workload: w, labels: labels.Set(t.Labels), template: t, to: &s}
	for _, o := range objects {
		if err := b.add(o); err != nil {
			return s, at(o, err)
		}
	}
	b.sort()
	return s, nil
}

// readable says what in o can't be read. It is the conversion itself, with nothing kept.
func readable(o unstructured.Unstructured) error {
	if isWorkload(o) {
		_, err := build(o, nil)
		return err
	}
	if err := (builder{workload: o, to: &compat.Snapshot{}, any: true}).add(o); err != nil {
		return at(o, err)
	}
	return nil
}

// at says of which object err speaks.
func at(o unstructured.Unstructured, err error) error {
	return fmt.Errorf("%s %s: %w", o.GetKind(), o.GetName(), err)
}

// convert reads o into one of Kubernetes' own types. The error is one of the object's writer.
func convert(o map[string]any, into any) error {
	err := runtime.DefaultUnstructuredConverter.FromUnstructured(o, into)
	if err != nil {
		if path, value := badQuantity(o, ""); path != "" {
			return fmt.Errorf("%s: %q is no quantity; write it like 250m or 96Mi", path, value)
		}
	}
	return err
}

// badQuantity finds the first amount among requests, limits and the like that is none: its path and text.
func badQuantity(value any, path string) (string, string) {
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if amounts, ok := v[key].(map[string]any); ok && slices.Contains(amountKeys, key) {
				for _, r := range slices.Sorted(maps.Keys(amounts)) {
					text := fmt.Sprint(amounts[r])
					if _, err := resource.ParseQuantity(text); err != nil {
						return strings.TrimPrefix(path+"."+key+"."+r, "."), text
					}
				}
			}
			if at, text := badQuantity(v[key], path+"."+key); at != "" {
				return at, text
			}
		}
	case []any:
		for i, item := range v {
			if at, text := badQuantity(item, fmt.Sprintf("%s[%d]", path, i)); at != "" {
				return at, text
			}
		}
	}
	return "", ""
}

// amountKeys are the fields that hold amounts by resource.
var amountKeys = []string{"requests", "limits", "overhead", "hard", "used", "min", "max", "default", "defaultRequest", "maxLimitRequestRatio", "allocatable"}

// add converts o and keeps it where it concerns the workload.
func (b builder) add(o unstructured.Unstructured) error {
	if ns := o.GetNamespace(); ns != "" && b.workload.GetNamespace() != "" && ns != b.workload.GetNamespace() {
		return nil
	}
	group, _, _ := strings.Cut(o.GetAPIVersion(), "/")
	switch group + "/" + o.GetKind() {
	case "autoscaling/HorizontalPodAutoscaler":
		return b.hpa(o)
	case "autoscaling.k8s.io/VerticalPodAutoscaler":
		return b.vpa(o)
	case "keda.sh/ScaledObject":
		return b.scaledObject(o)
	case "policy/PodDisruptionBudget":
		return b.pdb(o)
	case "v1/LimitRange":
		return b.limitRange(o)
	case "v1/ResourceQuota":
		return b.quota(o)
	case "v1/Pod":
		return b.pod(o)
	case "v1/Node":
		return b.node(o)
	case "admissionregistration.k8s.io/MutatingWebhookConfiguration":
		b.webhook(o)
	}
	return nil
}

func ref(o unstructured.Unstructured) compat.Ref {
	return compat.Ref{APIVersion: o.GetAPIVersion(), Kind: o.GetKind(), Namespace: o.GetNamespace(), Name: o.GetName()}
}

// targets says whether a reference of another object means the workload.
func (b builder) targets(apiVersion, kind, name string) bool {
	group, _, _ := strings.Cut(apiVersion, "/")
	if b.any {
		return true
	}
	own, _, _ := strings.Cut(b.workload.GetAPIVersion(), "/")
	return kind == b.workload.GetKind() && name == b.workload.GetName() && (apiVersion == "" || group == own)
}

// sort puts every list in the order of names, so that a snapshot does not depend on who listed it.
func (b builder) sort() {
	s := b.to
	slices.SortFunc(s.HPAs, func(x, y compat.HPA) int { return cmp.Compare(x.Name, y.Name) })
	slices.SortFunc(s.VPAs, func(x, y compat.VPA) int { return cmp.Compare(x.Name, y.Name) })
	slices.SortFunc(s.ScaledObjects, func(x, y compat.ScaledObject) int { return cmp.Compare(x.Name, y.Name) })
	slices.SortFunc(s.PDBs, func(x, y compat.PDB) int { return cmp.Compare(x.Name, y.Name) })
	slices.SortFunc(s.Quotas, func(x, y compat.Quota) int { return cmp.Compare(x.Name, y.Name) })
	slices.SortStableFunc(s.LimitRanges, func(x, y compat.LimitRange) int { return cmp.Compare(x.Name, y.Name) })
	slices.SortFunc(s.Pods, func(x, y compat.Pod) int { return cmp.Compare(x.Name, y.Name) })
	slices.SortFunc(s.Nodes, func(x, y compat.Node) int { return cmp.Compare(x.Name, y.Name) })
	slices.Sort(s.Webhooks)
}
