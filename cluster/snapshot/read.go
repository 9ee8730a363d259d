package snapshot

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll/plimsoll/cluster"
	"github.com/plimsoll/plimsoll/tuner/compat"
)

// listed is what Read lists: the kind, where the API server has it, and whether it is in a namespace. A kind that is not
// installed is "none there".
var listed = []struct {
	kind       compat.Kind
	resource   schema.GroupVersionResource
	namespaced bool
}{
	{compat.Pods, schema.GroupVersionResource{Version: "v1", Resource: "pods"}, true},
	{compat.HPAs, schema.GroupVersionResource{Group: "autoscaling", Version: "v2", Resource: "horizontalpodautoscalers"}, true},
	{compat.VPAs, schema.GroupVersionResource{Group: "autoscaling.k8s.io", Version: "v1", Resource: "verticalpodautoscalers"}, true},
	{compat.ScaledObjects, schema.GroupVersionResource{Group: "keda.sh", Version: "v1alpha1", Resource: "scaledobjects"}, true},
	{compat.PDBs, schema.GroupVersionResource{Group: "policy", Version: "v1", Resource: "poddisruptionbudgets"}, true},
	{compat.LimitRanges, schema.GroupVersionResource{Version: "v1", Resource: "limitranges"}, true},
	{compat.Quotas, schema.GroupVersionResource{Version: "v1", Resource: "resourcequotas"}, true},
	{compat.Nodes, schema.GroupVersionResource{Version: "v1", Resource: "nodes"}, false},
	{compat.Webhooks, schema.GroupVersionResource{Group: "admissionregistration.k8s.io", Version: "v1", Resource: "mutatingwebhookconfigurations"}, false},
}

// Read takes the snapshot of one live workload, named as kubectl does ("deploy/web"). What the user may not list, or what
// could not be listed, is in Unread. The error tells that the workload itself could not be read.
func Read(ctx context.Context, c *cluster.Client, namespace, object string) (compat.Snapshot, error) {
	w, err := get(ctx, c, namespace, object)
	if err != nil {
		return compat.Snapshot{}, err
	}
	var objects []unstructured.Unstructured
	var unread []compat.Unread
	for _, l := range listed {
		items, why := list(ctx, c, l.resource, namespace, l.namespaced)
		if why != "" {
			unread = append(unread, compat.Unread{Kind: l.kind, Why: why})
		}
		objects = append(objects, items...)
	}
	s, err := build(*w, objects)
	if err != nil {
		return s, err
	}
	s.Unread = unread
	if affinity := s.Nodes; len(affinity) > 0 && required(*w) {
		s.Nodes = nil
		s.Unread = append(s.Unread, compat.Unread{Kind: compat.Nodes, Why: "the Pods require a node affinity, which is not evaluated"})
	}
	version, err := c.Discovery.ServerVersion()
	if err == nil {
		s.Server, err = strconv.Atoi(strings.TrimRight(version.Minor, "+"))
	}
	if err != nil {
		s.Unread = append(s.Unread, compat.Unread{Kind: compat.Version, Why: err.Error()})
	}
	return s, nil
}

// get reads the workload.
func get(ctx context.Context, c *cluster.Client, namespace, object string) (*unstructured.Unstructured, error) {
	kind, name, ok := strings.Cut(object, "/")
	if !ok || kind == "" || name == "" {
		return nil, fmt.Errorf("workload %q given; write it like deploy/web", object)
	}
	resource, err := c.Mapper.ResourceFor(schema.GroupVersionResource{Resource: kind})
	if err != nil {
		return nil, fmt.Errorf("find what %q is: %w", kind, err)
	}
	w, err := c.Dynamic.Resource(resource).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("read %s in namespace %s: %w", object, namespace, err)
	}
	if !isWorkload(*w) {
		return nil, fmt.Errorf("%s is a %s: %w", object, w.GetKind(), ErrNoWorkload)
	}
	return w, nil
}

// list reads all of one kind; why says what kept it from that, empty where nothing did.
func list(ctx context.Context, c *cluster.Client, resource schema.GroupVersionResource, namespace string, namespaced bool) (items []unstructured.Unstructured, why string) {
	options := metav1.ListOptions{}
	var all *unstructured.UnstructuredList
	var err error
	if namespaced {
		all, err = c.Dynamic.Resource(resource).Namespace(namespace).List(ctx, options)
	} else {
		all, err = c.Dynamic.Resource(resource).List(ctx, options)
	}
	switch {
	case err == nil:
		return all.Items, ""
	case apierrors.IsNotFound(err) || meta.IsNoMatchError(err):
		return nil, "" // the kind is not installed: there is none
	case apierrors.IsForbidden(err):
		if namespaced {
			return nil, fmt.Sprintf("forbidden: this user may not list %s in namespace %s", resource.Resource, namespace)
		}
		return nil, fmt.Sprintf("forbidden: this user may not list %s", resource.Resource)
	}
	return nil, err.Error()
}

// required says whether the workload's Pods require something of a node that a selector can't say.
func required(w unstructured.Unstructured) bool {
	_, found, _ := unstructured.NestedMap(w.Object, "spec", "template", "spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
	return found
}
