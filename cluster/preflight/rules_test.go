package preflight

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// roles are the ClusterRoles of deploy/rbac.yaml by name. Unknown fields are errors.
func roles(t *testing.T) map[string]rbacv1.ClusterRole {
	t.Helper()
	text, err := os.ReadFile("../../deploy/rbac.yaml")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]rbacv1.ClusterRole{}
	for _, document := range strings.Split(string(text), "\n---\n") {
		var role rbacv1.ClusterRole
		if err := yaml.UnmarshalStrict([]byte(document), &role); err != nil {
			t.Fatal(err)
		}
		if role.Kind != "ClusterRole" || role.APIVersion != "rbac.authorization.k8s.io/v1" {
			t.Fatalf("a %s of %s stands among the ClusterRoles", role.Kind, role.APIVersion)
		}
		all[role.Name] = role
	}
	return all
}

// accesses are all single accesses that rules grant, as "group/resource verb".
func accesses(groups, resources, verbs []string) []string {
	var all []string
	for _, g := range groups {
		for _, r := range resources {
			for _, v := range verbs {
				all = append(all, fmt.Sprintf("%s/%s %s", g, r, v))
			}
		}
	}
	return all
}

// What preflight asks for is what deploy/rbac.yaml grants, in every mode, to the verb: neither less nor more.
func TestRolesGrantExactlyTheRules(t *testing.T) {
	all := roles(t)
	for _, m := range Modes() {
		if m == Proxy {
			continue // granted by nobody but the cluster's own administrator
		}
		want, granted := map[string]bool{}, map[string]bool{}
		for _, r := range Rules(m) {
			for _, a := range accesses([]string{r.Group}, r.Resources, r.Verbs) {
				want[a] = true
			}
		}
		role, there := all["plimsoll-"+string(m)]
		if !there {
			t.Errorf("deploy/rbac.yaml has no ClusterRole plimsoll-%s", m)
		}
		for _, r := range role.Rules {
			for _, a := range accesses(r.APIGroups, r.Resources, r.Verbs) {
				granted[a] = true
			}
		}
		for _, a := range slices.Sorted(maps.Keys(want)) {
			if !granted[a] {
				t.Errorf("plimsoll-%s does not grant %q, which the mode needs", m, a)
			}
		}
		for _, a := range slices.Sorted(maps.Keys(granted)) {
			if !want[a] {
				t.Errorf("plimsoll-%s grants %q, which the mode does not need", m, a)
			}
		}
		delete(all, "plimsoll-"+string(m))
	}
	kubelets := all["plimsoll-kubelets"]
	if len(all) != 1 || len(kubelets.Rules) != 1 || fmt.Sprint(accesses(kubelets.Rules[0].APIGroups, kubelets.Rules[0].Resources, kubelets.Rules[0].Verbs)) != "[/nodes/metrics get]" {
		t.Errorf("beside the modes' roles there is %v, where only plimsoll-kubelets with nodes/metrics belongs", all)
	}
}

// Nothing that deploy/rbac.yaml grants lets anybody become more than they are.
func TestRolesGrantNothingDangerous(t *testing.T) {
	for name, role := range roles(t) {
		for _, r := range role.Rules {
			for _, a := range accesses(r.APIGroups, r.Resources, r.Verbs) {
				for _, bad := range []string{"*", "/secrets get", "/secrets list", "nodes/proxy", "pods/exec", "escalate", "impersonate", "rolebindings"} {
					if strings.Contains(a, bad) {
						t.Errorf("%s grants %q", name, a)
					}
				}
			}
		}
	}
}

func TestRuleAsText(t *testing.T) {
	r := Rule{Group: "batch", Resources: []string{"jobs", "jobs/status"}, Verbs: []string{"get", "list"}}
	if got, want := r.String(), `- {apiGroups: ["batch"], resources: [jobs, jobs/status], verbs: [get, list]}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
