package restore

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
)

// world is a control plane with everything in it that a run needs.
type world struct {
	control *control
	typed   kubernetes.Interface
	dynamic dynamic.Interface
	camera  camera
	player  *player
	// outside serves the load and the metrics.
	outside *outside
	dir     string
	names   atomic.Int64
}

// newWorld starts one, or skips where there are no programs to start.
func newWorld(t *testing.T) *world {
	t.Helper()
	programs, definitions := binaries(t)
	w := &world{control: newControl(t, programs), dir: t.TempDir()}
	config := w.control.config(adminToken)
	var err error
	quick := *config
	quick.ContentType = runtime.ContentTypeProtobuf
	if w.typed, err = kubernetes.NewForConfig(&quick); err != nil {
		t.Fatal(err)
	}
	if w.dynamic, err = dynamic.NewForConfig(config); err != nil {
		t.Fatal(err)
	}
	if err := w.define(t.Context(), definitions); err != nil {
		t.Fatal(err)
	}
	if err := w.admit(t.Context()); err != nil {
		t.Fatal(err)
	}
	cluster, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	if w.camera, err = newCamera(w.dynamic, cluster); err != nil {
		t.Fatal(err)
	}
	w.control.startControllers(t)
	w.player = newPlayer(t, w.typed)
	newOperators(t, w.dynamic)
	w.outside = newOutside(t, w.player)
	return w
}

// name is a name that was not given before.
func (w *world) name(what string) string { return fmt.Sprintf("%s-%d", what, w.names.Add(1)) }

// definitionsResource is that of custom resource definitions.
var definitionsResource = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}

// define makes the custom resources and waits until they are served.
func (w *world) define(ctx context.Context, files []string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		defer f.Close()
		decoder := yaml.NewYAMLOrJSONDecoder(f, 4096)
		for {
			var definition unstructured.Unstructured
			if decoder.Decode(&definition.Object) != nil {
				break
			}
			if len(definition.Object) == 0 {
				continue
			}
			if err := w.defineOne(ctx, &definition); err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
		}
	}
	return nil
}

func (w *world) defineOne(ctx context.Context, definition *unstructured.Unstructured) error {
	client := w.dynamic.Resource(definitionsResource)
	if _, err := client.Create(ctx, definition, metav1.CreateOptions{}); err != nil {
		return err
	}
	return poll(ctx, 50*time.Millisecond, func() (bool, error) {
		is, err := client.Get(ctx, definition.GetName(), metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		conditions, _, _ := unstructured.NestedSlice(is.Object, "status", "conditions")
		for _, c := range conditions {
			if c, ok := c.(map[string]any); ok && c["type"] == "Established" && c["status"] == "True" {
				return true, nil
			}
		}
		return false, nil
	})
}

// binaries are the folder of the Kubernetes programs and the files with the custom resource definitions, as
// test/kube/cluster builds and keeps them. It skips where that was not done.
func binaries(t *testing.T) (programs string, definitions []string) {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	newest := func(set, file string) string {
		found, err := filepath.Glob(filepath.Join(cache, "plimsoll/cluster", set+"-*", file))
		if err != nil || len(found) == 0 {
			t.Skipf("no %s in %s: build it with `go run ./test/kube/cluster build`", file, cache)
		}
		slices.SortFunc(found, func(a, b string) int { return modified(a).Compare(modified(b)) })
		return found[len(found)-1]
	}
	return filepath.Dir(newest("kubernetes", "kube-apiserver")), []string{newest("vpa", "vpa-v1-crd-gen.yaml"),
		newest("crds", "keda.sh_scaledobjects.yaml"), newest("crds", "rollout-crd.yaml")}
}

// modified is when a file was last written; the zero time where it is not there.
func modified(path string) time.Time {
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// The roles of the users: plimsoll's may do everything, the controllers everything but write events.
const roles = `
- {name: user, rules: [{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}]}
- name: controllers
  rules:
  - {apiGroups: ["*"], resources: ["*"], verbs: [get, list, watch]}
  - {apiGroups: [apps], resources: ["*"], verbs: ["*"]}
  - {apiGroups: [""], resources: [pods, pods/status], verbs: ["*"]}
`

// admit gives the users their roles.
func (w *world) admit(ctx context.Context) error {
	var all []struct {
		Name  string
		Rules []rbacv1.PolicyRule
	}
	if err := yaml.Unmarshal([]byte(roles), &all); err != nil {
		return err
	}
	for _, r := range all {
		named := metav1.ObjectMeta{Name: r.Name}
		role := &rbacv1.ClusterRole{ObjectMeta: named, Rules: r.Rules}
		if _, err := w.typed.RbacV1().ClusterRoles().Create(ctx, role, metav1.CreateOptions{}); err != nil {
			return err
		}
		binding := &rbacv1.ClusterRoleBinding{ObjectMeta: named,
			RoleRef:  rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: r.Name},
			Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: r.Name}}}
		if _, err := w.typed.RbacV1().ClusterRoleBindings().Create(ctx, binding, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	return nil
}
