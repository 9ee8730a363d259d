package restore

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// edit is something that somebody else does while a search goes on.
type edit struct {
	name string
	// kind of the object, and the field that gets the value.
	kind  string
	path  []string
	value any
	// container is the one whose field it is, in the Pod template.
	container string
	// deleted has the object deleted instead.
	deleted bool
}

// edits are all; one is for the workloads that have an object of its kind.
var edits = []edit{
	{name: "label on the workload", kind: "workload", path: []string{"metadata", "labels", "edited"}, value: "yes"},
	{name: "memory limit", kind: "workload", path: []string{"resources", "limits", "memory"}, value: "333Mi", container: "app"},
	{name: "history length", kind: "workload", path: []string{"spec", "revisionHistoryLimit"}, value: int64(7)},
	{name: "HPA maxReplicas", kind: "HorizontalPodAutoscaler", path: []string{"spec", "maxReplicas"}, value: int64(9)},
	{name: "VPA mode", kind: "VerticalPodAutoscaler", path: []string{"spec", "updatePolicy", "updateMode"}, value: "Initial"},
	{name: "ScaledObject minReplicaCount", kind: "ScaledObject", path: []string{"spec", "minReplicaCount"}, value: int64(2)},
	{name: "workload deleted", kind: "workload", deleted: true},
}

// editsFor are the names of those that a workload's objects allow.
func editsFor(workload string) ([]string, error) {
	objects, err := objectsIn(workload)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range edits {
		if e.kind == "workload" || slices.ContainsFunc(objects, func(o *unstructured.Unstructured) bool { return o.GetKind() == e.kind && o.GetName() == "web" }) {
			names = append(names, e.name)
		}
	}
	return names, nil
}

// followed are the objects that the cluster makes of the others: a foreign edit changes them too.
func followed(name string) bool {
	return strings.HasPrefix(name, "pods/") || strings.HasPrefix(name, "replicasets/") || strings.HasPrefix(name, "controllerrevisions/") ||
		strings.HasPrefix(name, "horizontalpodautoscalers/keda-hpa-")
}

// partial is true for a snapshot without those objects: what should be there after a foreign edit.
func (s snapshot) partial() bool {
	for name := range s {
		if followed(name) {
			return false
		}
	}
	return true
}

// edited is what a foreign edit came to.
type edited struct {
	// want is the namespace as it should be afterwards, without what follows from it.
	want snapshot
	// noted is what the search has to say, because it had changed the same field; "" where it need not.
	noted string
	err   error
}

// edit makes the foreign edit called name.
func (s *stage) edit(ctx context.Context, name string) edited {
	e := edits[slices.IndexFunc(edits, func(e edit) bool { return e.name == name })]
	resource, err := s.resource(e.kind)
	if err != nil {
		return edited{err: err}
	}
	client := s.dynamic.Resource(resource).Namespace(s.namespace)
	want := maps.Clone(s.before)
	maps.DeleteFunc(want, func(name, _ string) bool { return followed(name) })
	if e.deleted {
		delete(want, resource.Resource+"/web")
		return edited{want: want, err: client.Delete(ctx, "web", metav1.DeleteOptions{})}
	}
	now, err := client.Get(ctx, "web", metav1.GetOptions{})
	if err != nil {
		return edited{err: err}
	}
	key := resource.Resource + "/web"
	was, err := parse(want[key])
	if err != nil {
		return edited{err: err}
	}
	noted := ""
	if fmt.Sprint(e.at(now.Object)) != fmt.Sprint(e.at(was)) {
		noted = fmt.Sprint(e.value)
	}
	if err := e.set(was); err != nil {
		return edited{err: err}
	}
	want[key] = render(unstructured.Unstructured{Object: was})
	_, err = client.Apply(ctx, "web", e.apply(now), metav1.ApplyOptions{FieldManager: "somebody", Force: true})
	return edited{want: want, noted: noted, err: err}
}

// resource is that of the stage's object of a kind.
func (s *stage) resource(kind string) (schema.GroupVersionResource, error) {
	objects, err := objectsIn(s.workload)
	if err != nil {
		return schema.GroupVersionResource{}, err
	}
	for _, o := range objects {
		if kind == "workload" || o.GetKind() == kind {
			return resourceOf(o.GroupVersionKind()), nil
		}
	}
	return schema.GroupVersionResource{}, fmt.Errorf("%s has no %s", s.workload, kind)
}

func parse(text string) (map[string]any, error) {
	var object map[string]any
	err := json.Unmarshal([]byte(text), &object)
	return object, err
}

// in is the mapping that holds the field's path, in an object; nil where there is none.
func (e edit) in(object map[string]any) map[string]any {
	if e.container == "" {
		return object
	}
	containers, _, _ := unstructured.NestedFieldNoCopy(object, "spec", "template", "spec", "containers")
	list, _ := containers.([]any)
	for _, c := range list {
		if c, ok := c.(map[string]any); ok && c["name"] == e.container {
			return c
		}
	}
	return nil
}

// at is the value in an object; nil where there is none.
func (e edit) at(object map[string]any) any {
	value, _, _ := unstructured.NestedFieldNoCopy(e.in(object), e.path...)
	return value
}

func (e edit) set(object map[string]any) error {
	return unstructured.SetNestedField(e.in(object), e.value, e.path...)
}

// apply is the object with nothing but the field, as it is applied.
func (e edit) apply(now *unstructured.Unstructured) *unstructured.Unstructured {
	part := &unstructured.Unstructured{Object: map[string]any{}}
	part.SetGroupVersionKind(now.GroupVersionKind())
	part.SetName(now.GetName())
	if e.container != "" {
		// The mappings are this function's own: they can be set.
		_ = unstructured.SetNestedSlice(part.Object, []any{map[string]any{"name": e.container}}, "spec", "template", "spec", "containers")
	}
	_ = e.set(part.Object)
	return part
}
