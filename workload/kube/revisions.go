package kube

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/plimsoll/plimsoll/cluster"
)

// revisions are the ReplicaSets or ControllerRevisions of o: what its Pod template was, once each.
func (k *Kube) revisions(ctx context.Context, o object) ([]object, error) {
	selector, err := o.selector()
	if err != nil {
		return nil, err
	}
	var list *unstructured.UnstructuredList
	err = cluster.Retry(ctx, func(ctx context.Context) (err error) {
		list, err = storeOf(k.client, k.target.Revisions, k.target.Namespace).List(ctx, meta.ListOptions{LabelSelector: selector})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", k.target.Revisions.Resource, err)
	}
	var all []object
	for _, u := range list.Items {
		if owner := meta.GetControllerOf(&u); owner != nil && owner.UID == o.GetUID() {
			all = append(all, object{u})
		}
	}
	return all, nil
}

// ofTrial is true for a revision whose template bears the mark of a trial.
func ofTrial(revision object) bool {
	return markPlace.at(revision.Object) != nil || append(place{"data"}, markPlace...).at(revision.Object) != nil
}

// deleteRevisions deletes the earlier templates that are Plimsoll's, so that the history is the user's again. One that
// still has Pods is waited for: they would go with it.
func (k *Kube) deleteRevisions(ctx context.Context, o object) error {
	all, err := k.revisions(ctx, o)
	if err != nil {
		return err
	}
	store := storeOf(k.client, k.target.Revisions, k.target.Namespace)
	for _, revision := range all {
		if !ofTrial(revision) {
			continue
		}
		err := cluster.Retry(ctx, func(ctx context.Context) error {
			now, err := store.Get(ctx, revision.GetName(), meta.GetOptions{})
			if err != nil {
				return err
			}
			if n := (object{*now}).number(0, "status", "replicas"); n > 0 {
				return fmt.Errorf("it still has %d Pods", n) // the Pods are gone, its controller says so in a moment
			}
			background, uid := meta.DeletePropagationBackground, now.GetUID()
			return store.Delete(ctx, now.GetName(), meta.DeleteOptions{PropagationPolicy: &background, Preconditions: &meta.Preconditions{UID: &uid}})
		})
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("delete %s %s: %w", revision.GetKind(), revision.GetName(), err)
		}
	}
	return nil
}

// emptyTrials scales the ReplicaSets of trials down once the controller knows that they are of an older template. A
// Deployment whose own Pods do not get Ready would keep those of the trial beside them for ever (kubernetes
// pkg/controller/deployment/rolling.go: it scales old ones down only as new ones are available).
func (k *Kube) emptyTrials(ctx context.Context, o object) error {
	if k.target.Name != deployment.Name {
		return nil
	}
	if err := k.awaitObserved(ctx, o); err != nil {
		return err
	}
	all, err := k.revisions(ctx, o)
	if err != nil {
		return err
	}
	for _, revision := range all {
		if !ofTrial(revision) || revision.number(0, "spec", "replicas") == 0 {
			continue
		}
		_, err := storeOf(k.client, k.target.Revisions, k.target.Namespace).change(ctx, revision.GetName(), func(_ object, e *edit) error {
			return e.put(place{"spec", "replicas"}, int64(0), 0)
		})
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("scale down %s %s: %w", revision.GetKind(), revision.GetName(), err)
		}
	}
	return nil
}

// cleanRevisions takes the record away from the ReplicaSets: the controller of Deployments copies their annotations
// there, does not take them away again (kubernetes pkg/controller/deployment/util, copyDeploymentAnnotationsToReplicaSet),
// and copies them back on `kubectl rollout undo`. It waits until the controller has seen o, from which the record is gone.
func (k *Kube) cleanRevisions(ctx context.Context, o object) error {
	if err := k.awaitObserved(ctx, o); err != nil {
		return err
	}
	all, err := k.revisions(ctx, o)
	if err != nil {
		return err
	}
	at := place{"metadata", "annotations", recordAnnotation}
	store := storeOf(k.client, k.target.Revisions, k.target.Namespace)
	for _, revision := range all {
		if at.at(revision.Object) == nil {
			continue
		}
		_, err := store.change(ctx, revision.GetName(), func(_ object, e *edit) error {
			disown(e)
			return e.remove(at, 1)
		})
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("clean %s %s: %w", revision.GetKind(), revision.GetName(), err)
		}
	}
	return nil
}
