package kube

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/plimsoll/plimsoll/cluster"
)

// A copy of a workload is tuned in its stead: it serves nobody. Its annotation says what it is a copy of, its label is
// all that its Pods have in the way of labels, so that no Service and no policy selects them.
const (
	copyAnnotation = "plimsoll.dev/copy-of"
	copyLabel      = "plimsoll.dev/copy"
)

// CopySuffix is what the name of a copy has after that of what it is a copy of.
const CopySuffix = "-plimsoll"

// gonePoll is how often a copy that is being deleted is looked for.
const gonePoll = 500 * time.Millisecond

// copyOf is o as a workload of its own, with replicas.
func copyOf(t Target, o object, replicas int) object {
	name := t.Object + CopySuffix
	spec, _ := runtime.DeepCopyJSON(o.Object)["spec"].(map[string]any)
	labels := map[string]any{copyLabel: name}
	spec["replicas"] = int64(replicas)
	spec["selector"] = map[string]any{"matchLabels": runtime.DeepCopyJSON(labels)}
	if template, _ := spec["template"].(map[string]any); template != nil {
		m, _ := template["metadata"].(map[string]any)
		if m == nil {
			m = map[string]any{}
		}
		m["labels"] = labels
		template["metadata"] = m
	}
	return object{unstructuredOf(map[string]any{
		"apiVersion": o.GetAPIVersion(), "kind": o.GetKind(), "spec": spec,
		"metadata": map[string]any{"name": name, "namespace": t.Namespace, "annotations": map[string]any{copyAnnotation: t.String()}},
	})}
}

// useCopy makes k work on a copy of o, which Begin makes.
func (k *Kube) useCopy(o object) error {
	if k.target.Name != deployment.Name {
		return fmt.Errorf("%s: only a Deployment can be tuned as a copy: another kind's Pods have names, volumes or nodes that they can't share", k.target)
	}
	made := copyOf(k.target, o, k.file.Workload.Replicas)
	k.target.Object += CopySuffix
	k.copy = &made
	return nil
}

// makeCopy creates the copy. One that is there under its name and is none is an error.
func (k *Kube) makeCopy(ctx context.Context) error {
	err := cluster.Retry(ctx, func(ctx context.Context) error {
		_, err := k.objects.Create(ctx, &k.copy.Unstructured, meta.CreateOptions{FieldManager: cluster.FieldManager})
		return err
	})
	if apierrors.IsAlreadyExists(err) {
		// The reply to an earlier try was lost, or it is somebody else's.
		var o object
		if o, err = k.objects.read(ctx, k.target.Object); err == nil && o.GetAnnotations()[copyAnnotation] == "" {
			err = errors.New("there is one already, and it is not plimsoll's")
		}
	}
	if err != nil {
		return fmt.Errorf("make %s: %w", k.target, err)
	}
	return nil
}

// deleteCopy deletes the object where it is a copy, and waits until it is gone with its Pods. done is false where it is
// none.
func (k *Kube) deleteCopy(ctx context.Context) (done bool, err error) {
	o, err := k.objects.read(ctx, k.target.Object)
	if apierrors.IsNotFound(err) || err == nil && o.GetAnnotations()[copyAnnotation] == "" {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	foreground, uid := meta.DeletePropagationForeground, o.GetUID()
	err = cluster.Retry(ctx, func(ctx context.Context) error {
		return k.objects.Delete(ctx, k.target.Object, meta.DeleteOptions{PropagationPolicy: &foreground, Preconditions: &meta.Preconditions{UID: &uid}})
	})
	for err == nil {
		timer := time.NewTimer(gonePoll)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return true, fmt.Errorf("%s, a copy, is being deleted and still there: %w", k.target, ctx.Err())
		}
		_, err = k.objects.read(ctx, k.target.Object)
	}
	if apierrors.IsNotFound(err) {
		return true, nil
	}
	return true, fmt.Errorf("delete %s, a copy: %w", k.target, err)
}
