package restore

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
)

// snapshot is every object of a namespace by "resource/name", without what may change; Pods, whose names do change, by
// what they hold.
type snapshot map[string]string

// camera takes snapshots.
type camera struct {
	client    dynamic.Interface
	resources []schema.GroupVersionResource
}

// newCamera finds out what a namespace can hold.
func newCamera(client dynamic.Interface, cluster discovery.DiscoveryInterface) (camera, error) {
	lists, err := cluster.ServerPreferredNamespacedResources()
	if err != nil {
		return camera{}, err
	}
	lists = discovery.FilteredBy(discovery.SupportsAllVerbs{Verbs: []string{"list", "create"}}, lists)
	found, err := discovery.GroupVersionResources(lists)
	if err != nil {
		return camera{}, err
	}
	c := camera{client: client}
	for resource := range found {
		// Events tell what happened, and are kept for an hour; Endpoints are deprecated, and made of EndpointSlices.
		if resource.Resource != "events" && resource.Resource != "endpoints" {
			c.resources = append(c.resources, resource)
		}
	}
	return c, nil
}

// take is a snapshot of a namespace as it is now, with what the program under test still owns in it.
func (c camera) take(ctx context.Context, namespace string) (snapshot, []string, error) {
	var mu sync.Mutex
	var all []unstructured.Unstructured
	var failed error
	var lists sync.WaitGroup
	for _, resource := range c.resources {
		lists.Go(func() {
			list, err := c.client.Resource(resource).Namespace(namespace).List(ctx, metav1.ListOptions{})
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed = fmt.Errorf("list %s: %w", resource.Resource, err)
				return
			}
			for _, item := range list.Items {
				item.SetAPIVersion(resource.Resource) // for its name in the snapshot
				all = append(all, item)
			}
		})
	}
	lists.Wait()
	if failed != nil {
		return nil, nil, failed
	}
	s, owned := develop(all)
	return s, owned, nil
}

// develop makes a snapshot of objects whose apiVersion is their resource.
func develop(all []unstructured.Unstructured) (snapshot, []string) {
	s := snapshot{}
	var owned []string
	pods := map[string]int{}
	for _, object := range all {
		resource := object.GetAPIVersion()
		name := resource + "/" + object.GetName()
		for _, entry := range object.GetManagedFields() {
			if strings.Contains(strings.ToLower(entry.Manager), "plimsoll") {
				owned = append(owned, fmt.Sprintf("%s: %s owns %s", name, entry.Manager, entry.FieldsV1.GetRawBytes()))
			}
		}
		strip(&object)
		if resource == "pods" {
			anonymous(&object)
			text := render(object)
			pods[text]++
			continue
		}
		s[name] = render(object)
	}
	for i, text := range slices.Sorted(maps.Keys(pods)) {
		s[fmt.Sprintf("pods/kind %d", i+1)] = fmt.Sprintf("%d of\n%s", pods[text], text)
	}
	slices.Sort(owned)
	return s, owned
}

// revisions are the annotations that count rollouts.
var revisions = []string{"deployment.kubernetes.io/revision", "deployment.kubernetes.io/revision-history",
	"rollout.argoproj.io/revision", "deprecated.daemonset.template.generation"}

// strip removes from an object what restoring can't put back: versions, times, revisions and status.
func strip(o *unstructured.Unstructured) {
	for _, field := range []string{"resourceVersion", "generation", "managedFields"} {
		unstructured.RemoveNestedField(o.Object, "metadata", field)
	}
	for _, annotation := range revisions {
		unstructured.RemoveNestedField(o.Object, "metadata", "annotations", annotation)
	}
	if len(o.GetAnnotations()) == 0 {
		unstructured.RemoveNestedField(o.Object, "metadata", "annotations")
	}
	if owner := metav1.GetControllerOf(o); owner != nil && owner.Kind == "ScaledObject" {
		for _, field := range []string{"uid", "creationTimestamp"} { // KEDA deletes its HPA while it is paused
			unstructured.RemoveNestedField(o.Object, "metadata", field)
		}
	}
	unstructured.RemoveNestedField(o.Object, "status")
	if o.GetKind() == "ControllerRevision" {
		unstructured.RemoveNestedField(o.Object, "revision")
	}
}

// anonymous removes from a Pod what differs between two Pods of one template.
func anonymous(o *unstructured.Unstructured) {
	for _, field := range []string{"name", "uid", "creationTimestamp"} {
		unstructured.RemoveNestedField(o.Object, "metadata", field)
	}
	for _, label := range []string{"apps.kubernetes.io/pod-index", "statefulset.kubernetes.io/pod-name", "pod-template-generation"} {
		unstructured.RemoveNestedField(o.Object, "metadata", "labels", label)
	}
	unstructured.RemoveNestedField(o.Object, "spec", "hostname")
	unstructured.RemoveNestedField(o.Object, "spec", "affinity") // a DaemonSet's Pod is bound to its node by it
}

func render(o unstructured.Unstructured) string {
	text, err := json.MarshalIndent(o.Object, "", " ")
	if err != nil {
		panic(err) // it came as JSON
	}
	return string(text)
}

// differences are what is not the same in two snapshots, one text for each object.
func differences(before, after snapshot) []string {
	var found []string
	names := map[string]bool{}
	for name := range before {
		names[name] = true
	}
	for name := range after {
		names[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		was, is := before[name], after[name]
		switch {
		case was == is:
		case is == "":
			found = append(found, name+" is gone")
		case was == "":
			found = append(found, name+" is left behind:\n"+is)
		default:
			found = append(found, name+" is not as it was (- before, + after):\n"+changedLines(was, is))
		}
	}
	return found
}

// changedLines are the lines of a diff that differ, with their place.
func changedLines(was, is string) string {
	var lines []string
	for line := range strings.Lines(cmp.Diff(strings.Split(was, "\n"), strings.Split(is, "\n"))) {
		if trimmed := strings.TrimSpace(line); strings.HasPrefix(trimmed, "-") || strings.HasPrefix(trimmed, "+") {
			lines = append(lines, trimmed)
		}
	}
	return strings.Join(lines, "\n")
}
