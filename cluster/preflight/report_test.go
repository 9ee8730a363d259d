package preflight

import (
	"errors"
	"slices"
	"testing"

	authorization "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/plimsoll/plimsoll/cluster"
)

// asking is a client whose every access review is answered by allowed.
func asking(allowed func(authorization.ResourceAttributes) (bool, error)) *cluster.Client {
	typed := fake.NewClientset()
	typed.PrependReactor("create", "selfsubjectaccessreviews", func(action clienttesting.Action) (bool, runtime.Object, error) {
		review := action.(clienttesting.CreateAction).GetObject().(*authorization.SelfSubjectAccessReview).DeepCopy()
		var err error
		review.Status.Allowed, err = allowed(*review.Spec.ResourceAttributes)
		return true, review, err
	})
	return &cluster.Client{Typed: typed}
}

// What is denied is named to the verb, with the rule that would grant just that.
func TestDeniedIsNamedWithItsRule(t *testing.T) {
	c := asking(func(a authorization.ResourceAttributes) (bool, error) {
		return !(a.Resource == "pods" && a.Subresource == "log") && a.Verb != "create", nil
	})
	report := Report{Needed: []Mode{Load}, Access: ask(t.Context(), c, Rules(Load), Load, "shop", map[string]bool{"": true, "batch": true})}
	var fixes []string
	for _, m := range report.Missing() {
		if !m.Blocks {
			t.Errorf("%q does not block a run that needs it", m.What)
		}
		fixes = append(fixes, m.Fix)
	}
	suffix := "   (ClusterRole plimsoll-load of deploy/rbac.yaml)"
	want := []string{
		`- {apiGroups: ["batch"], resources: [jobs], verbs: [create]}` + suffix,
		`- {apiGroups: [""], resources: [pods/log], verbs: [get]}` + suffix,
		`- {apiGroups: [""], resources: [secrets], verbs: [create]}` + suffix,
	}
	if report.Ready() || !slices.Equal(fixes, want) {
		t.Errorf("ready %v, missing %q, want %q", report.Ready(), fixes, want)
	}
	report.Needed = nil
	if !report.Ready() {
		t.Error("what no one needs blocks the run")
	}
}

// An API that the cluster has not needs no access; an answer that did not come is neither granted nor denied.
func TestAbsentAndUnknown(t *testing.T) {
	c := asking(func(a authorization.ResourceAttributes) (bool, error) {
		if a.Resource == "leases" {
			return false, errors.New("timeout")
		}
		return true, nil
	})
	groups := map[string]bool{"": true, "apps": true, "autoscaling": true, "coordination.k8s.io": true, "metrics.k8s.io": true}
	absent, unknown := 0, 0
	report := Report{Needed: []Mode{Tune}, Access: ask(t.Context(), c, Rules(Tune), Tune, "shop", groups)}
	for _, a := range report.Access {
		if a.Absent {
			absent++
		}
		if a.Unknown != "" {
			unknown++
		}
	}
	if absent != 3 || unknown != 1 {
		t.Errorf("%d absent and %d unknown; want Argo Rollouts, the VPA and KEDA, and the Lease", absent, unknown)
	}
	if len(report.Missing()) != 1 || !report.Ready() {
		t.Errorf("missing %+v, ready %v", report.Missing(), report.Ready())
	}
}

// A role that lets patch one Deployment by its name is enough to tune it.
func TestNarrowedRoleIsEnough(t *testing.T) {
	c := asking(func(a authorization.ResourceAttributes) (bool, error) {
		revision := a.Resource == "replicasets" || a.Resource == "controllerrevisions"
		return a.Verb != "patch" && a.Resource != "statefulsets" || a.Group == "autoscaling" || revision || a.Resource == "deployments" && a.Name == "web", nil
	})
	groups := map[string]bool{"": true, "apps": true, "autoscaling": true, "coordination.k8s.io": true, "metrics.k8s.io": true}
	for name, ready := range map[string]bool{"web": true, "other": false} {
		q := Question{Resource: "deployments", Name: name}
		report := Report{Needed: []Mode{Tune}, Access: ask(t.Context(), c, about(Rules(Tune), q), Tune, "shop", groups)}
		if report.Ready() != ready {
			t.Errorf("%s: ready %v, missing %+v", name, report.Ready(), report.Missing())
		}
	}
}
