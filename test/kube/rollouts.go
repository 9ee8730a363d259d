package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"strconv"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// rollouts is the resource of Argo Rollouts.
var rollouts = schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "rollouts"}

// hashLabel tells the Pods of one template from those of another, as the real controller does.
const hashLabel = "rollouts-pod-template-hash"

// PlayRollouts plays the controller of Argo Rollouts in a namespace until the test ends: for every Rollout, a ReplicaSet
// of its template, the ones before scaled down when the new one is Ready, and the status fields that say so. There are no steps,
// analyses or pauses: a Rollout behaves as one with the canary strategy and no steps.
func (c *Cluster) PlayRollouts(t *testing.T, namespace string) {
	t.Helper()
	c.play(t, func(ctx context.Context) error {
		list, err := c.Dynamic.Resource(rollouts).Namespace(namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		for _, r := range list.Items {
			err = errors.Join(err, c.rollOut(ctx, &r))
		}
		return err
	})
}

// play calls turn five times a second until the test ends. An error is logged and the turn tried
// again, as controllers do.
func (c *Cluster) play(t *testing.T, turn func(context.Context) error) {
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for ctx.Err() == nil {
			if err := turn(ctx); err != nil && ctx.Err() == nil {
				t.Logf("played controller, will try again: %v", err)
			}
			select {
			case <-ctx.Done():
			case <-time.After(200 * time.Millisecond):
			}
		}
	}()
	t.Cleanup(func() { stop(); <-ended })
}

// rollOut brings one Rollout a turn closer to its spec.
func (c *Cluster) rollOut(ctx context.Context, r *unstructured.Unstructured) error {
	var spec appsv1.ReplicaSetSpec
	text, err := json.Marshal(r.Object["spec"])
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &spec); err != nil {
		return fmt.Errorf("rollout %s: %w", r.GetName(), err)
	}
	want := int32(1)
	if spec.Replicas != nil {
		want = *spec.Replicas
	}
	hash := templateHash(spec)
	current, err := c.replicaSet(ctx, r, spec, hash, want)
	if err != nil {
		return err
	}
	ready := current.Status.ReadyReplicas
	total := current.Status.Replicas
	all, err := c.Clients.AppsV1().ReplicaSets(r.GetNamespace()).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, old := range all.Items {
		if !metav1.IsControlledBy(&old, r) || old.Name == current.Name {
			continue
		}
		total += old.Status.Replicas
		if ready >= want && *old.Spec.Replicas > 0 {
			if err := c.scale(ctx, &old, 0); err != nil {
				return err
			}
		}
	}
	return c.reportRollout(ctx, r, hash, counts{want: want, updated: current.Status.Replicas, ready: ready, total: total})
}

// counts are the replicas of a Rollout.
type counts struct{ want, updated, ready, total int32 }

// replicaSet finds or makes the one of the template, with the wanted replicas.
func (c *Cluster) replicaSet(ctx context.Context, r *unstructured.Unstructured, spec appsv1.ReplicaSetSpec, hash string, want int32) (*appsv1.ReplicaSet, error) {
	sets := c.Clients.AppsV1().ReplicaSets(r.GetNamespace())
	set, err := sets.Get(ctx, r.GetName()+"-"+hash, metav1.GetOptions{})
	if err == nil {
		if *set.Spec.Replicas != want {
			return set, c.scale(ctx, set, want)
		}
		return set, nil
	}
	if !apierrors.IsNotFound(err) {
		return nil, err
	}
	made := &appsv1.ReplicaSet{Spec: appsv1.ReplicaSetSpec{Replicas: &want, Selector: spec.Selector.DeepCopy(), Template: *spec.Template.DeepCopy()}}
	made.Name, made.Labels = r.GetName()+"-"+hash, map[string]string{hashLabel: hash}
	maps.Copy(made.Labels, spec.Template.Labels) // as the real one does: it is found by the Rollout's selector
	made.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(r, rollouts.GroupVersion().WithKind("Rollout"))}
	metav1.AddLabelToSelector(made.Spec.Selector, hashLabel, hash)
	if made.Spec.Template.Labels == nil {
		made.Spec.Template.Labels = map[string]string{}
	}
	made.Spec.Template.Labels[hashLabel] = hash
	return sets.Create(ctx, made, metav1.CreateOptions{})
}

func (c *Cluster) scale(ctx context.Context, set *appsv1.ReplicaSet, replicas int32) error {
	set.Spec.Replicas = &replicas
	_, err := c.Clients.AppsV1().ReplicaSets(set.Namespace).Update(ctx, set, metav1.UpdateOptions{})
	return err
}

// reportRollout writes the status where it differs. observedGeneration is text there, as in the real one.
func (c *Cluster) reportRollout(ctx context.Context, r *unstructured.Unstructured, hash string, n counts) error {
	phase := "Progressing"
	if n.ready >= n.want && n.total == n.want {
		phase = "Healthy"
	}
	status := map[string]any{
		"observedGeneration": strconv.FormatInt(r.GetGeneration(), 10), "phase": phase, "currentPodHash": hash,
		"replicas": int64(n.total), "updatedReplicas": int64(n.updated),
		"readyReplicas": int64(n.ready), "availableReplicas": int64(n.ready),
	}
	if phase == "Healthy" {
		status["stableRS"] = hash
	} else if before, ok, _ := unstructured.NestedString(r.Object, "status", "stableRS"); ok {
		status["stableRS"] = before
	}
	if now, err := json.Marshal(r.Object["status"]); err == nil {
		if next, err := json.Marshal(status); err == nil && string(now) == string(next) {
			return nil
		}
	}
	r.Object["status"] = status
	_, err := c.Dynamic.Resource(rollouts).Namespace(r.GetNamespace()).UpdateStatus(ctx, r, metav1.UpdateOptions{})
	return err
}

// templateHash is a short name for a Pod template.
func templateHash(spec appsv1.ReplicaSetSpec) string {
	text, err := json.Marshal(spec.Template)
	if err != nil {
		panic(err) // it came out of JSON
	}
	h := fnv.New32a()
	_, _ = h.Write(text) // a hash takes everything
	return strconv.FormatUint(uint64(h.Sum32()), 36)
}
