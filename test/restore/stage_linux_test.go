package restore

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"io"

	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"
)

//go:embed testdata
var testdata embed.FS

// workloads are the files of testdata with the objects of a namespace; each has one workload, called web.
var workloads = []string{"deployment", "statefulset", "daemonset", "rollout", "scaledobject"}

// objectOf is the workload of each as a scenario file calls it.
var objectOf = map[string]string{"deployment": "deploy/web", "statefulset": "sts/web", "daemonset": "ds/web", "rollout": "rollout/web", "scaledobject": "deploy/web"}

// stage is a namespace with one workload, for one case at a time.
type stage struct {
	*world
	namespace, workload string
	// dir holds the files of its searches.
	dir   string
	proxy *proxy
	// patience is how long the cluster's own controllers get to follow what was put back.
	patience time.Duration
	// before is the namespace as the user left it.
	before snapshot
}

// build makes the objects of the stage's file, with two revisions in the workload's history, and waits until all of it
// runs.
func (s *stage) build(ctx context.Context) error {
	s.namespace = s.name(s.workload)
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.namespace}}
	if _, err := s.typed.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil {
		return err
	}
	objects, err := objectsIn(s.workload)
	if err != nil {
		return err
	}
	for _, object := range objects {
		if err := s.apply(ctx, object); err != nil {
			return err
		}
	}
	if err := s.settle(ctx); err != nil {
		return err
	}
	second := objects[0].DeepCopy()
	if err := unstructured.SetNestedField(second.Object, "2", "spec", "template", "metadata", "annotations", "example.com/release"); err != nil {
		return err
	}
	if err := s.apply(ctx, second); err != nil {
		return err
	}
	if err := s.settle(ctx); err != nil {
		return err
	}
	if s.before, _, err = s.camera.take(ctx, s.namespace); err != nil {
		return err
	}
	return s.write()
}

// objectsIn are the objects of a file of testdata.
func objectsIn(name string) ([]*unstructured.Unstructured, error) {
	text, err := testdata.ReadFile("testdata/" + name + ".yaml")
	if err != nil {
		return nil, err
	}
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	var objects []*unstructured.Unstructured
	for {
		var object unstructured.Unstructured
		err := decoder.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		objects = append(objects, &object)
	}
}

// resourceOf is the resource of a kind; the test knows those it makes.
func resourceOf(gvk schema.GroupVersionKind) schema.GroupVersionResource {
	plural := map[string]string{"Deployment": "deployments", "StatefulSet": "statefulsets", "DaemonSet": "daemonsets", "Rollout": "rollouts",
		"HorizontalPodAutoscaler": "horizontalpodautoscalers", "VerticalPodAutoscaler": "verticalpodautoscalers",
		"ScaledObject": "scaledobjects", "Secret": "secrets"}
	return gvk.GroupVersion().WithResource(plural[gvk.Kind])
}

// apply does what `kubectl apply --server-side` does.
func (s *stage) apply(ctx context.Context, object *unstructured.Unstructured) error {
	_, err := s.dynamic.Resource(resourceOf(object.GroupVersionKind())).Namespace(s.namespace).
		Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: "kubectl", Force: true})
	if err != nil {
		return fmt.Errorf("apply %s %s: %w", object.GetKind(), object.GetName(), err)
	}
	return nil
}

// patch is an edit by somebody else.
func (s *stage) patch(ctx context.Context, resource schema.GroupVersionResource, name, patch string) error {
	_, err := s.dynamic.Resource(resource).Namespace(s.namespace).
		Patch(ctx, name, types.MergePatchType, []byte(patch), metav1.PatchOptions{FieldManager: "somebody"})
	return err
}

// target is the resource of the stage's workload.
func (s *stage) target() (schema.GroupVersionResource, error) {
	objects, err := objectsIn(s.workload)
	if err != nil {
		return schema.GroupVersionResource{}, err
	}
	return resourceOf(objects[0].GroupVersionKind()), nil
}

// settle waits until the workload's controller has seen its last change and every Pod is of its template and Ready.
func (s *stage) settle(ctx context.Context) error {
	target, err := s.target()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	why := ""
	err = poll(ctx, 25*time.Millisecond, func() (bool, error) {
		object, err := s.dynamic.Resource(target).Namespace(s.namespace).Get(ctx, "web", metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		why = unsettled(object)
		return why == "", nil
	})
	if err != nil {
		return fmt.Errorf("%s in %s did not settle: %w: %s", s.workload, s.namespace, err, why)
	}
	return s.pods(ctx)
}

// pods waits until no Pod is on its way out.
func (s *stage) pods(ctx context.Context) error {
	return poll(ctx, 25*time.Millisecond, func() (bool, error) {
		pods, err := s.typed.CoreV1().Pods(s.namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return false, err
		}
		for _, pod := range pods.Items {
			if pod.DeletionTimestamp != nil || pod.Status.Phase != corev1.PodRunning || pod.Status.ObservedGeneration != pod.Generation {
				return false, nil
			}
		}
		return len(pods.Items) > 0, nil
	})
}

// unsettled says what a workload still waits for; "" where nothing.
func unsettled(o *unstructured.Unstructured) string {
	status, _, _ := unstructured.NestedMap(o.Object, "status")
	if fmt.Sprint(status["observedGeneration"]) != fmt.Sprint(o.GetGeneration()) {
		return fmt.Sprintf("generation %d, observed %v", o.GetGeneration(), status["observedGeneration"])
	}
	updated, available, want := "updatedReplicas", "availableReplicas", any(int64(1))
	if o.GetKind() == "DaemonSet" {
		updated, available, want = "updatedNumberScheduled", "numberAvailable", status["desiredNumberScheduled"]
	}
	if status[updated] != want || status[available] != want || want == int64(0) {
		return fmt.Sprintf("%v updated and %v available of %v", status[updated], status[available], want)
	}
	if total, there := status["replicas"]; there && total != want {
		return fmt.Sprintf("%v replicas of %v", total, want)
	}
	if o.GetKind() == "StatefulSet" && status["currentRevision"] != status["updateRevision"] {
		return "the update revision is not the current one"
	}
	return ""
}
