package kube

import (
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/plimsoll/plimsoll/cluster"
)

// changedBy names who wrote the value at p last, by the object's managed fields; "" where they do not tell. Entries of
// lists are fields "k:{"name":"app"}" there, keys of maps "f:key" (structured-merge-diff, fieldpath/serialize-pe.go).
func changedBy(object map[string]any, p place) string {
	u := unstructured.Unstructured{Object: object}
	for _, m := range u.GetManagedFields() {
		if m.FieldsV1 == nil || m.Manager == cluster.FieldManager {
			continue
		}
		var fields map[string]any
		if json.Unmarshal(m.FieldsV1.Raw, &fields) != nil || !owns(fields, p) {
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

// owns is true where fields name p.
func owns(fields map[string]any, p place) bool {
	for _, k := range p {
		name := "f:" + k
		if e, listed := entry(k); listed {
			quoted, _ := json.Marshal(map[string]string{"name": e})
			name = "k:" + string(quoted)
		}
		next, ok := fields[name].(map[string]any)
		if !ok {
			return false
		}
		fields = next
	}
	return true
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
