package snapshot

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/version"
	fakediscovery "k8s.io/client-go/discovery/fake"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/plimsoll/plimsoll/cluster"
	"github.com/plimsoll/plimsoll/tuner/compat"
)

// objectsOf reads a manifest of testdata as live objects, in namespace shop.
func objectsOf(t *testing.T, name string) []unstructured.Unstructured {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	objects, err := Documents(name, text)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// fakeCluster serves objects; kinds that fail return that error when listed.
func fakeCluster(t *testing.T, objects []unstructured.Unstructured, fail map[string]error) *cluster.Client {
	t.Helper()
	kinds := map[schema.GroupVersionResource]string{{Group: "apps", Version: "v1", Resource: "deployments"}: "DeploymentList", {Version: "v1", Resource: "events"}: "EventList"}
	for _, l := range listed {
		kinds[l.resource] = "XList"
	}
	var all []runtime.Object
	for i := range objects {
		all = append(all, &objects[i])
	}
	dynamic := dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), kinds, all...)
	dynamic.PrependReactor("list", "*", func(a clienttesting.Action) (bool, runtime.Object, error) {
		err := fail[a.GetResource().Resource]
		return err != nil, nil, err
	})
	mapper := meta.NewDefaultRESTMapper(nil)
	mapper.Add(schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}, meta.RESTScopeNamespace)
	discovery := &fakediscovery.FakeDiscovery{Fake: &clienttesting.Fake{}, FakedServerVersion: &version.Info{Major: "1", Minor: "35+"}}
	return &cluster.Client{Namespace: "shop", Dynamic: dynamic, Mapper: mapper, Discovery: discovery}
}

func TestReadListsWhatConcernsTheWorkload(t *testing.T) {
	s, err := Read(context.Background(), fakeCluster(t, objectsOf(t, "live.yaml"), nil), "shop", "deployment/web")
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Unread) != 0 || s.Server != 35 || s.Offline {
		t.Errorf("unread %v, server %d, offline %v", s.Unread, s.Server, s.Offline)
	}
	got := map[string]int{"hpas": len(s.HPAs), "vpas": len(s.VPAs), "scaled": len(s.ScaledObjects), "pdbs": len(s.PDBs), "ranges": len(s.LimitRanges),
		"quotas": len(s.Quotas), "pods": len(s.Pods), "nodes": len(s.Nodes), "webhooks": len(s.Webhooks)}
	// Of each there is one more that is somebody else's: another target, selector, namespace, an ended Pod, a tainted node.
	want := map[string]int{"hpas": 1, "vpas": 1, "scaled": 1, "pdbs": 1, "ranges": 1, "quotas": 1, "pods": 1, "nodes": 1, "webhooks": 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lists (-want +got):\n%s", diff)
	}
	if s.Workload.ReplicasFrom != "helm" || s.Workload.GitOps != "Argo CD" || s.Workload.MaxSurge != (compat.Share{Value: 25, Percent: true}) {
		t.Errorf("workload %+v", s.Workload)
	}
	q := s.Quotas[0].Items[0]
	if q.Name != "requests.cpu" || q.Hard != 4500 || q.Used == nil || *q.Used != 1000 {
		t.Errorf("quota %+v", q)
	}
	if r := s.VPAs[0].Recommendations; len(r) != 1 || r[0].Uncapped.CPU != 25 || r[0].Target.Memory != 262144000 {
		t.Errorf("recommendations %+v", r)
	}
	if p := s.Pods[0]; !p.ByVPA || p.Boot == nil || p.Boot.Seconds() != 7 {
		t.Errorf("pod %+v", p)
	}
	if h := s.HPAs[0]; h.Current != 4 || h.UpTolerance == nil || *h.UpTolerance != 0.05 || h.Inactive != "no metrics" {
		t.Errorf("hpa %+v", h)
	}
}

func TestReadSaysWhatItCouldNotRead(t *testing.T) {
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "x"}, "", nil)
	absent := apierrors.NewNotFound(schema.GroupResource{Resource: "x"}, "")
	client := fakeCluster(t, objectsOf(t, "live.yaml"), map[string]error{
		"nodes": forbidden, "resourcequotas": forbidden, "verticalpodautoscalers": absent, "scaledobjects": absent, "pods": apierrors.NewTimeoutError("slow", 1),
	})
	s, err := Read(context.Background(), client, "shop", "deployment/web")
	if err != nil {
		t.Fatal(err)
	}
	why := map[compat.Kind]string{}
	for _, u := range s.Unread {
		why[u.Kind] = u.Why
	}
	if len(why) != 3 || !strings.Contains(why[compat.Nodes], "forbidden: this user may not list nodes") || !strings.Contains(why[compat.Quotas], "in namespace shop") || !strings.Contains(why[compat.Pods], "slow") {
		t.Errorf("unread %v: nodes and quotas are forbidden, pods slow; a CRD that is not there is none", why)
	}
	if len(s.VPAs) != 0 || len(s.HPAs) != 1 {
		t.Errorf("%d VPAs, %d HPAs", len(s.VPAs), len(s.HPAs))
	}
	r := compat.Evaluate(s, nil)
	if !r.Doubtful() || !slices.ContainsFunc(r.Unchecked, func(u compat.Unchecked) bool { return u.Rule == "R12" && u.Matters }) {
		t.Errorf("a quota that could not be read leaves no doubt: %+v", r.Unchecked)
	}
}

func TestReadErrors(t *testing.T) {
	client := fakeCluster(t, objectsOf(t, "live.yaml"), nil)
	for object, want := range map[string]string{"web": "write it like deploy/web", "deployment/none": "not found", "gizmo/web": "find what \"gizmo\" is"} {
		if _, err := Read(context.Background(), client, "shop", object); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", object, err, want)
		}
	}
}
