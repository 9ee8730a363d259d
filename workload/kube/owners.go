package kube

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/plimsoll/plimsoll/cluster"
)

// changedBy names who wrote the value at p last, by the object's managed fields; "" where they do not tell.
func changedBy(object map[string]any, p place) string {
	u := unstructured.Unstructured{Object: object}
	for _, m := range u.GetManagedFields() {
		if m.FieldsV1 == nil || m.Manager == cluster.FieldManager {
			continue
		}
		var fields map[string]any
		if json.Unmarshal(m.FieldsV1.GetRawBytes(), &fields) != nil || !owns(fields, p) {
			continue
		}
		by := fmt.Sprintf("%q", m.Manager)
		if m.Time != nil {
			by += " at " + m.Time.UTC().Format("15:04:05 UTC")
		}
		return by
	}
	return ""
}

// ownerName is how a manager is called in a record: "Update kubectl-create", or "Update/scale kubectl" where it came by a
// subresource.
func ownerName(operation, subresource, manager any) string {
	if subresource != nil && subresource != "" {
		return fmt.Sprintf("%v/%v %v", operation, subresource, manager)
	}
	return fmt.Sprintf("%v %v", operation, manager)
}

// owners are the managers that own p, in the order of the managed fields. Whoever writes a
// field takes it from them; whoever puts it back gives it back to them, so that their next apply is what it would have been.
func owners(object map[string]any, p place) []string {
	var all []string
	u := unstructured.Unstructured{Object: object}
	for _, m := range u.GetManagedFields() {
		var fields map[string]any
		if m.FieldsV1 == nil || m.Manager == cluster.FieldManager {
			continue
		}
		if json.Unmarshal(m.FieldsV1.GetRawBytes(), &fields) == nil && owns(fields, p) {
			all = append(all, ownerName(m.Operation, m.Subresource, m.Manager))
		}
	}
	return all
}

// fieldNames are the keys of p in the form of managed fields (structured-merge-diff, fieldpath/serialize-pe.go).
func fieldNames(p place) []string {
	var all []string
	for _, k := range p {
		if e, listed := entry(k); listed {
			quoted, _ := json.Marshal(map[string]string{"name": e})
			all = append(all, "k:"+string(quoted))
		} else {
			all = append(all, "f:"+k)
		}
	}
	return all
}

// owns is true where fields name p.
func owns(fields map[string]any, p place) bool {
	for _, name := range fieldNames(p) {
		next, ok := fields[name].(map[string]any)
		if !ok {
			return false
		}
		fields = next
	}
	return true
}

// own adds p to fields. A field that is owned with nothing in it gets "." for itself beside what is now in it.
func own(fields map[string]any, p place) {
	there := true
	for i, name := range fieldNames(p) {
		if i > 0 && len(fields) == 0 && there {
			fields["."] = map[string]any{}
		}
		next, ok := fields[name].(map[string]any)
		if !ok {
			next = map[string]any{}
			fields[name], there = next, false
		}
		fields = next
	}
}

// giveBack makes the fields of r that hold again what they held before their owners'.
func giveBack(e *edit, r record) {
	lost := map[string][]place{}
	for _, f := range r.Fields {
		if f.Was == nil || !reflect.DeepEqual(f.At.at(e.object), f.Was) {
			continue
		}
		for _, owner := range f.Owners {
			lost[owner] = append(lost[owner], f.At)
		}
	}
	list, _ := place{"metadata", "managedFields"}.at(e.object).([]any)
	for i, entry := range list {
		m, _ := entry.(map[string]any)
		owner := ownerName(m["operation"], m["subresource"], m["manager"])
		fields, ok := m["fieldsV1"].(map[string]any)
		if !ok || lost[owner] == nil {
			continue
		}
		path := fmt.Sprintf("/metadata/managedFields/%d", i)
		e.add("test", path+"/manager", m["manager"])
		e.add("test", path+"/fieldsV1", fields)
		fields = runtime.DeepCopyJSON(fields)
		for _, p := range lost[owner] {
			own(fields, p)
		}
		e.add("add", path+"/fieldsV1", fields)
		delete(lost, owner)
	}
	e.appendOwners(lost)
}

// appendOwners adds entries for owners that have none any more: all that they owned was what Plimsoll changed.
func (e *edit) appendOwners(lost map[string][]place) {
	for _, owner := range slices.Sorted(maps.Keys(lost)) {
		operation, manager, _ := strings.Cut(owner, " ")
		fields := map[string]any{}
		for _, p := range lost[owner] {
			own(fields, p)
		}
		added := map[string]any{
			"manager": manager, "apiVersion": e.object["apiVersion"], "fieldsType": "FieldsV1", "fieldsV1": fields,
		}
		if how, subresource, ok := strings.Cut(operation, "/"); ok {
			operation, added["subresource"] = how, subresource
		}
		added["operation"] = operation
		e.add("add", "/metadata/managedFields/-", added)
	}
}

// disown takes Plimsoll out of the object's managed fields.
func disown(e *edit) {
	list, _ := place{"metadata", "managedFields"}.at(e.object).([]any)
	removed := 0
	for i, entry := range list {
		m, _ := entry.(map[string]any)
		if m["manager"] != cluster.FieldManager {
			continue
		}
		path := fmt.Sprintf("/metadata/managedFields/%d", i-removed)
		e.add("test", path+"/manager", cluster.FieldManager)
		e.add("remove", path, nil)
		removed++
	}
}
