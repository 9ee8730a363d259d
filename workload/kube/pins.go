package kube

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll/plimsoll/cluster"
)

// scaler is a kind of object that changes replicas or resources by itself.
type scaler struct {
	Name     string
	Resource schema.GroupVersionResource
	// Ref is the field that names what it works on.
	Ref string
	// scales is true where it changes spec.replicas of the workload when it is pinned.
	scales bool
	// pin makes it hold still, with replicas where it is what holds them.
	pin func(r *record, e *edit, replicas int) error
}

func scalers() []scaler {
	return []scaler{
		{"ScaledObject", schema.GroupVersionResource{Group: "keda.sh", Version: "v1alpha1", Resource: "scaledobjects"}, "scaleTargetRef", false,
			func(r *record, e *edit, _ int) error {
				return r.set(e, place{"metadata", "annotations", "autoscaling.keda.sh/paused"}, "true")
			}},
		{"HorizontalPodAutoscaler", schema.GroupVersionResource{Group: "autoscaling", Version: "v2", Resource: "horizontalpodautoscalers"}, "scaleTargetRef", true,
			func(r *record, e *edit, replicas int) error {
				if err := r.set(e, place{"spec", "minReplicas"}, int64(replicas)); err != nil {
					return err
				}
				return r.set(e, place{"spec", "maxReplicas"}, int64(replicas))
			}},
		verticalPodAutoscaler(),
	}
}

func verticalPodAutoscaler() scaler {
	return scaler{"VerticalPodAutoscaler", schema.GroupVersionResource{Group: "autoscaling.k8s.io", Version: "v1", Resource: "verticalpodautoscalers"}, "targetRef", false,
		func(r *record, e *edit, _ int) error {
			return r.set(e, place{"spec", "updatePolicy", "updateMode"}, "Off")
		}}
}

// list is every object of s in namespace; none where the cluster has no such kind.
func (s scaler) list(ctx context.Context, c *cluster.Client, namespace string) ([]object, error) {
	var all []object
	err := cluster.Retry(ctx, func(ctx context.Context) error {
		found, err := c.Dynamic.Resource(s.Resource).Namespace(namespace).List(ctx, meta.ListOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return err
		}
		all = nil
		for _, u := range found.Items {
			all = append(all, object{u})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list %ss in namespace %s: %w", s.Name, namespace, err)
	}
	return all, nil
}

// worksOn is true where o, a scaler, scales t.
func (s scaler) worksOn(o object, t Target) bool {
	kind := o.text("spec", s.Ref, "kind")
	if kind == "" {
		kind = deployment.Name // KEDA's default
	}
	version, _ := schema.ParseGroupVersion(o.text("spec", s.Ref, "apiVersion"))
	return kind == t.Name && o.text("spec", s.Ref, "name") == t.Object && (version.Group == t.group() || version.Group == "")
}

// pinned are the autoscalers of t with what pinning one would write, for the plan and for pin itself.
func (k *Kube) pinned(ctx context.Context, each func(scaler, object) error) error {
	for _, s := range scalers() {
		all, err := s.list(ctx, k.client, k.target.Namespace)
		if err != nil {
			return err
		}
		for _, o := range all {
			owner := meta.GetControllerOf(&o)
			if s.worksOn(o, k.target) && (owner == nil || owner.Kind != "ScaledObject") {
				if err := each(s, o); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// pin makes every autoscaler of the workload hold still. What each was like is written on it in the same patch. An HPA that
// is pinned at other replicas changes those of the workload by itself, perhaps before Plimsoll does, so that they are noted
// on the workload before.
func (k *Kube) pin(ctx context.Context) error {
	return k.pinned(ctx, func(s scaler, o object) error {
		if s.scales && !k.target.OnEveryNode {
			if err := k.noteReplicas(ctx); err != nil {
				return err
			}
		}
		_, err := storeOf(k.client, s.Resource, k.target.Namespace).change(ctx, o.GetName(), func(o object, e *edit) error {
			return k.still(s, o, e)
		})
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("pin %s %s: %w", s.Name, o.GetName(), err)
		}
		return nil
	})
}

// noteReplicas writes down how many replicas the workload has and how many it will have.
func (k *Kube) noteReplicas(ctx context.Context) error {
	_, err := k.objects.change(ctx, k.target.Object, func(o object, e *edit) error {
		r, err := recordOf(o.Object)
		if err != nil || r != nil {
			return err // this run's own: one that was left there has been put back
		}
		r = k.newRecord(o)
		if r.note(e, replicasPlace, int64(k.file.Workload.Replicas)); len(r.Fields) == 0 {
			return nil
		}
		return r.save(e)
	})
	if err != nil {
		return fmt.Errorf("note the replicas of %s: %w", k.target, err)
	}
	return nil
}

func (k *Kube) still(s scaler, o object, e *edit) error {
	r, err := recordOf(o.Object)
	if err != nil {
		return err
	}
	if r != nil && r.Run == k.run {
		return nil
	}
	if r != nil {
		return fmt.Errorf("run %s changed it for %s", r.Run, r.For)
	}
	r = &record{Version: recordVersion, Run: k.run, For: k.target.String()}
	if err := s.pin(r, e, k.file.Workload.Replicas); err != nil || len(r.Fields) == 0 {
		return err
	}
	return r.save(e)
}

// unpin puts back the autoscalers that were changed for the sake of t, and says what others changed on them since.
func unpin(ctx context.Context, c *cluster.Client, t Target, say func(string)) error {
	for _, s := range scalers() {
		all, err := s.list(ctx, c, t.Namespace)
		if apierrors.IsForbidden(err) {
			continue // whoever may not see them has changed none
		}
		if err != nil {
			return err
		}
		for _, o := range all {
			if err := s.release(ctx, c, o, t, say); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s scaler) release(ctx context.Context, c *cluster.Client, o object, t Target, say func(string)) error {
	r, err := recordOf(o.Object)
	if err != nil || r == nil || r.For != t.String() {
		return err
	}
	if s.made(o, *r, t) {
		return s.drop(ctx, c, o)
	}
	var foreign []Difference
	_, err = storeOf(c, s.Resource, t.Namespace).change(ctx, o.GetName(), func(o object, e *edit) error {
		r, err := recordOf(o.Object)
		if err != nil || r == nil || r.For != t.String() {
			return err
		}
		foreign, err = r.restore(e, func(place) bool { return false })
		return err
	})
	if err == nil {
		_, err = storeOf(c, s.Resource, t.Namespace).change(ctx, o.GetName(), forget)
	}
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("put back %s %s: %w", s.Name, o.GetName(), err)
	}
	for _, d := range foreign {
		say(fmt.Sprintf("%s %s: left as it is: %s", s.Name, o.GetName(), d))
	}
	return nil
}

// forget takes the record and Plimsoll's ownership of fields away, in a patch of its own: whatever another field's value
// a patch changes is owned by whoever sent it.
func forget(o object, e *edit) error {
	r, err := recordOf(o.Object)
	if err != nil || r == nil {
		return err
	}
	if err := e.remove(place{"metadata", "annotations", recordAnnotation}, 0); err != nil {
		return err
	}
	giveBack(e, *r)
	disown(e)
	return nil
}
