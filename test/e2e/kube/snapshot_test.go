package kube

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// snapshot is all that has to be as it was, in every object that a search may touch.
func (s site) snapshot(t *testing.T) map[string]any {
	t.Helper()
	all := map[string]any{}
	text := s.Kubectl(t, "-n", s.ns, "get", "-o", "json", "--show-managed-fields",
		"deploy,sts,ds,hpa,vpa,scaledobjects.keda.sh,rollouts.argoproj.io,leases,jobs")
	var list struct{ Items []map[string]any }
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatal(err)
	}
	for _, o := range list.Items {
		m := o["metadata"].(map[string]any)
		delete(o, "status")
		delete(m, "resourceVersion")
		delete(m, "generation")
		if m["ownerReferences"] != nil { // KEDA makes its HPA anew
			delete(m, "uid")
			delete(m, "creationTimestamp")
		}
		if a, ok := m["annotations"].(map[string]any); ok {
			delete(a, "deployment.kubernetes.io/revision")
			delete(a, "deprecated.daemonset.template.generation")
		}
		var managers []any
		for _, x := range m["managedFields"].([]any) {
			entry := x.(map[string]any)
			if entry["subresource"] != "status" && entry["manager"] != "kube-controller-manager" {
				delete(entry, "time")
				managers = append(managers, entry)
			}
		}
		m["managedFields"] = managers
		all[fmt.Sprint(o["kind"], " ", m["name"])] = o
	}
	// Of the earlier templates the names are enough: they are hashes of what they hold.
	all["revisions"] = s.Kubectl(t, "-n", s.ns, "get", "rs,controllerrevisions", "-o", "jsonpath={range .items[*]}{.metadata.name}{.metadata.annotations.plimsoll\\.dev/record} {end}")
	return all
}

// unchanged fails the test where anything is not as it was.
func (s site) unchanged(t *testing.T, before map[string]any, printed string) {
	t.Helper()
	if diff := cmp.Diff(before, s.snapshot(t)); diff != "" {
		t.Errorf("not as it was (-before +after):\n%s\nplimsoll printed:\n%s", diff, printed)
	}
}
