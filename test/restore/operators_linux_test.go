package restore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/tools/cache"
)

// The resources of the operators that are played.
var (
	rollouts      = schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "rollouts"}
	replicaSets   = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "replicasets"}
	scaledObjects = schema.GroupVersionResource{Group: "keda.sh", Version: "v1alpha1", Resource: "scaledobjects"}
	autoscalers   = schema.GroupVersionResource{Group: "autoscaling", Version: "v2", Resource: "horizontalpodautoscalers"}
)

// rolloutHash is the label of what belongs to one template of a Rollout.
const rolloutHash = "rollouts-pod-template-hash"

// operators play the controllers of Argo Rollouts (a ReplicaSet per template, no canary steps) and of KEDA (an HPA per
// ScaledObject, none while it is paused).
type operators struct {
	client dynamic.Interface
}

// newOperators plays until the test ends.
func newOperators(t *testing.T, client dynamic.Interface) {
	t.Helper()
	o := operators{client: client}
	ctx, stop := context.WithCancel(context.Background())
	var playing sync.WaitGroup
	factory := dynamicinformer.NewDynamicSharedInformerFactory(client, 0)
	o.watch(ctx, &playing, factory.ForResource(rollouts).Informer(), o.rollOut)
	o.watch(ctx, &playing, factory.ForResource(scaledObjects).Informer(), o.scale)
	ofRollouts := dynamicinformer.NewFilteredDynamicSharedInformerFactory(client, 0, metav1.NamespaceAll,
		func(l *metav1.ListOptions) { l.LabelSelector = rolloutHash })
	o.watch(ctx, &playing, ofRollouts.ForResource(replicaSets).Informer(), o.ownerOf)
	factory.Start(ctx.Done())
	ofRollouts.Start(ctx.Done())
	t.Cleanup(func() { stop(); playing.Wait(); factory.Shutdown(); ofRollouts.Shutdown() })
}

// watch does an action for every object that is new or has changed, again where it fails.
func (o operators) watch(ctx context.Context, playing *sync.WaitGroup, from cache.SharedIndexInformer, act func(context.Context, *unstructured.Unstructured) error) {
	told := make(chan string, 10000)
	tell := func(object any) {
		if key, err := cache.MetaNamespaceKeyFunc(object); err == nil {
			told <- key
		}
	}
	// The handler is new and the informer not stopped: it can't be refused.
	_, _ = from.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: tell, UpdateFunc: func(_, object any) { tell(object) }})
	playing.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case key := <-told:
				object, there, err := from.GetStore().GetByKey(key)
				if err != nil || !there {
					continue
				}
				if act(ctx, object.(*unstructured.Unstructured).DeepCopy()) != nil {
					time.AfterFunc(50*time.Millisecond, func() { told <- key })
				}
			}
		}
	})
}

// ownerOf plays the Rollout that a ReplicaSet belongs to.
func (o operators) ownerOf(ctx context.Context, set *unstructured.Unstructured) error {
	owner := metav1.GetControllerOf(set)
	if owner == nil || owner.Kind != "Rollout" {
		return nil
	}
	rollout, err := o.client.Resource(rollouts).Namespace(set.GetNamespace()).Get(ctx, owner.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return o.rollOut(ctx, rollout)
}

// rollOut makes the ReplicaSet of the Rollout's template, takes the replicas from the others and writes the status.
func (o operators) rollOut(ctx context.Context, rollout *unstructured.Unstructured) error {
	if rollout.GetDeletionTimestamp() != nil {
		return nil
	}
	template, _, err := unstructured.NestedMap(rollout.Object, "spec", "template")
	if err != nil {
		return err
	}
	replicas, _, err := unstructured.NestedInt64(rollout.Object, "spec", "replicas")
	if err != nil {
		return err
	}
	hash, err := hashOf(template)
	if err != nil {
		return err
	}
	sets := o.client.Resource(replicaSets).Namespace(rollout.GetNamespace())
	list, err := sets.List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	name := rollout.GetName() + "-" + hash
	var current *unstructured.Unstructured
	revision := 0
	for i, set := range list.Items {
		if owner := metav1.GetControllerOf(&set); owner == nil || owner.UID != rollout.GetUID() {
			continue
		}
		n, _ := strconv.Atoi(set.GetAnnotations()["rollout.argoproj.io/revision"])
		revision = max(revision, n)
		want := int64(0)
		if set.GetName() == name {
			current, want = &list.Items[i], replicas
		}
		if err := o.resize(ctx, &set, want); err != nil {
			return err
		}
	}
	if current == nil {
		if _, err := sets.Create(ctx, setOf(rollout, template, name, hash, replicas, revision+1), metav1.CreateOptions{}); err != nil {
			return err
		}
		return errors.New("not yet rolled out")
	}
	return o.report(ctx, rollout, current, hash)
}

func (o operators) resize(ctx context.Context, set *unstructured.Unstructured, replicas int64) error {
	if is, _, _ := unstructured.NestedInt64(set.Object, "spec", "replicas"); is == replicas {
		return nil
	}
	_, err := o.client.Resource(replicaSets).Namespace(set.GetNamespace()).Patch(ctx, set.GetName(), types.MergePatchType,
		fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, replicas), metav1.PatchOptions{})
	return err
}

// report writes the Rollout's status where it is not what it is already.
func (o operators) report(ctx context.Context, rollout, current *unstructured.Unstructured, hash string) error {
	available, _, _ := unstructured.NestedInt64(current.Object, "status", "availableReplicas")
	wanted, _, _ := unstructured.NestedInt64(rollout.Object, "spec", "replicas")
	phase := "Progressing"
	if available == wanted {
		phase = "Healthy"
	}
	status := map[string]any{"observedGeneration": strconv.FormatInt(rollout.GetGeneration(), 10), "phase": phase, "currentPodHash": hash,
		"stableRS": hash, "replicas": wanted, "updatedReplicas": wanted, "readyReplicas": available, "availableReplicas": available,
		"selector": "app=" + rollout.GetName()}
	was, _, _ := unstructured.NestedMap(rollout.Object, "status")
	same := true
	for key, value := range status {
		same = same && fmt.Sprint(was[key]) == fmt.Sprint(value)
	}
	if same {
		return nil
	}
	patch, err := json.Marshal(map[string]any{"status": status})
	if err != nil {
		return err
	}
	// Rollouts have no status subresource in every version of their CRD; where they have one, only it is written.
	_, err = o.client.Resource(rollouts).Namespace(rollout.GetNamespace()).Patch(ctx, rollout.GetName(), types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	return err
}

func hashOf(template map[string]any) (string, error) {
	text, err := json.Marshal(template)
	if err != nil {
		return "", err
	}
	h := fnv.New32a()
	_, _ = h.Write(text) // never fails
	return fmt.Sprintf("%08x", h.Sum32()), nil
}

// setOf is the ReplicaSet of a Rollout's template.
func setOf(rollout *unstructured.Unstructured, template map[string]any, name, hash string, replicas int64, revision int) *unstructured.Unstructured {
	set := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "apps/v1", "kind": "ReplicaSet"}}
	set.SetName(name)
	set.SetNamespace(rollout.GetNamespace())
	set.SetOwnerReferences([]metav1.OwnerReference{*metav1.NewControllerRef(rollout, rollout.GroupVersionKind())})
	set.SetAnnotations(map[string]string{"rollout.argoproj.io/revision": strconv.Itoa(revision)})
	set.SetLabels(map[string]string{"app": rollout.GetName(), rolloutHash: hash})
	labels := map[string]any{"app": rollout.GetName(), rolloutHash: hash}
	// The fields are set in an object of our own: they can't be of another type.
	_ = unstructured.SetNestedMap(set.Object, map[string]any{"replicas": replicas, "selector": map[string]any{"matchLabels": labels}}, "spec")
	_ = unstructured.SetNestedMap(set.Object, template, "spec", "template")
	_ = unstructured.SetNestedMap(set.Object, labels, "spec", "template", "metadata", "labels")
	return set
}

// scale keeps the HPA of a ScaledObject, and none while it is paused.
func (o operators) scale(ctx context.Context, object *unstructured.Unstructured) error {
	if object.GetDeletionTimestamp() != nil {
		return nil
	}
	hpas := o.client.Resource(autoscalers).Namespace(object.GetNamespace())
	name := "keda-hpa-" + object.GetName()
	_, err := hpas.Get(ctx, name, metav1.GetOptions{})
	there := err == nil
	if err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	_, at := object.GetAnnotations()["autoscaling.keda.sh/paused-replicas"]
	paused := at || object.GetAnnotations()["autoscaling.keda.sh/paused"] == "true"
	switch {
	case paused && there:
		err = hpas.Delete(ctx, name, metav1.DeleteOptions{})
	case !paused && !there:
		_, err = hpas.Create(ctx, scalerOf(object, name), metav1.CreateOptions{})
	default:
		err = nil
	}
	if err != nil {
		return err
	}
	return o.reportPaused(ctx, object, paused)
}

// reportPaused writes the conditions that KEDA writes, where they are not there already.
func (o operators) reportPaused(ctx context.Context, object *unstructured.Unstructured, paused bool) error {
	want := map[bool]string{true: "True", false: "False"}[paused]
	conditions, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	for _, c := range conditions {
		if c, ok := c.(map[string]any); ok && c["type"] == "Paused" && c["status"] == want {
			return nil
		}
	}
	patch := fmt.Sprintf(`{"status":{"conditions":[{"type":"Ready","status":"True"},{"type":"Active","status":"True"},{"type":"Fallback","status":"False"},{"type":"Paused","status":%q}]}}`, want)
	_, err := o.client.Resource(scaledObjects).Namespace(object.GetNamespace()).Patch(ctx, object.GetName(), types.MergePatchType, []byte(patch), metav1.PatchOptions{}, "status")
	return err
}

// scalerOf is the HPA that KEDA makes of a ScaledObject.
func scalerOf(object *unstructured.Unstructured, name string) *unstructured.Unstructured {
	most, _, _ := unstructured.NestedInt64(object.Object, "spec", "maxReplicaCount")
	target, _, _ := unstructured.NestedMap(object.Object, "spec", "scaleTargetRef")
	hpa := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
		"spec": map[string]any{"scaleTargetRef": target, "minReplicas": int64(1), "maxReplicas": most,
			"metrics": []any{map[string]any{"type": "External", "external": map[string]any{
				"metric": map[string]any{"name": "s0-cron"}, "target": map[string]any{"type": "AverageValue", "averageValue": "1"}}}}}}}
	hpa.SetName(name)
	hpa.SetOwnerReferences([]metav1.OwnerReference{*metav1.NewControllerRef(object, object.GroupVersionKind())})
	return hpa
}
