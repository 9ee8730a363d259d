package kube

import (
	"context"
	"errors"
	"fmt"
	"slices"

	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/plimsoll/plimsoll/cluster"
	"github.com/plimsoll/plimsoll/tuner"
)

// Close puts the workload and its autoscalers back and gives the Lease up. What others changed since is left to them, and
// said. The error means that it is not confirmed that everything is as it was.
func (k *Kube) Close(ctx context.Context) error {
	if k.lease == nil {
		return nil
	}
	if k.lease.Unsure() { // nothing was changed, and another run may be at work here
		err := k.lease.Release(ctx)
		k.lease = nil
		return err
	}
	if lost := k.lease.Lost(); errors.Is(lost, cluster.ErrHeld) {
		k.lease.Stop()
		k.endWatch()
		return lost // the other run puts back what this one left
	}
	err := k.putBack(ctx, k.keep)
	k.endWatch()
	if err != nil {
		k.lease.Stop()
		return err
	}
	err, k.lease = k.lease.Release(ctx), nil
	return err
}

func (k *Kube) endWatch() {
	if k.watch != nil {
		k.watch.end()
		k.watch = nil
	}
}

// recoverEarlier puts back what a run that is no more left changed.
func (k *Kube) recoverEarlier(ctx context.Context) error {
	o, err := k.objects.read(ctx, k.target.Object)
	if apierrors.IsNotFound(err) && k.copy != nil {
		return nil
	}
	if err != nil {
		return err
	}
	if k.copy != nil && o.GetAnnotations()[copyAnnotation] == "" {
		return fmt.Errorf("%s is there already, and is no copy of plimsoll's", k.target)
	}
	if r, err := recordOf(o.Object); err != nil {
		return err
	} else if r != nil {
		k.say(fmt.Sprintf("%s: run %s left it changed; putting it back first", k.target, r.Run))
	}
	return k.putBack(ctx, nil)
}

// putBack goes from any state that a run can leave to the one before it, in steps that can each be repeated: the fields,
// the autoscalers, the replicas once more, waiting until the Pods are the old ones, the revisions, and last the record with what is left. A
// workload that was deleted has nothing to put back.
func (k *Kube) putBack(ctx context.Context, keep tuner.Settings) error {
	if done, err := k.deleteCopy(ctx); done || err != nil {
		return err
	}
	o, err := k.fieldsBack(ctx, keep)
	gone := apierrors.IsNotFound(err)
	if err != nil && !gone {
		return errors.Join(fmt.Errorf("put %s back: %w", k.target, err), unpin(ctx, k.client, k.target, k.say))
	}
	if err := unpin(ctx, k.client, k.target, k.say); err != nil {
		return err
	}
	if !gone {
		o, err = k.replicasBack(ctx)
		gone = apierrors.IsNotFound(err)
		if err != nil && !gone {
			return fmt.Errorf("put the replicas of %s back: %w", k.target, err)
		}
	}
	if gone {
		k.say(fmt.Sprintf("%s is gone; there is nothing to put back", k.target))
		return nil
	}
	r, err := recordOf(o.Object)
	if err != nil {
		return err
	}
	if r == nil {
		return k.cleanRevisions(ctx, o)
	}
	if err := k.replaceStuck(ctx, o); err != nil {
		return err
	}
	if r.Unready {
		if err := k.emptyTrials(ctx, o); err != nil {
			return err
		}
	}
	waited := k.awaitReplicas(ctx, o, r.Unready)
	if k.watch != nil && k.watch.now().gone {
		k.say(fmt.Sprintf("%s is gone; there is nothing to put back", k.target))
		return nil
	}
	if err := k.deleteRevisions(ctx, o); err != nil {
		return errors.Join(waited, err)
	}
	return errors.Join(waited, k.lastBack(ctx))
}

// history is true for what is put back last: a controller that sees it cuts the history at once.
func history(p place) bool { return p.String() == "/spec/revisionHistoryLimit" }

// fieldsBack puts every field back but the length of the history, and the limits and requests of keep.
func (k *Kube) fieldsBack(ctx context.Context, keep tuner.Settings) (object, error) {
	var left []Difference
	o, err := k.objects.change(ctx, k.target.Object, func(o object, e *edit) error {
		r, err := recordOf(o.Object)
		if err != nil || r == nil {
			return err
		}
		if keep != nil && len(r.differences(o.Object)) == 0 {
			t, err := o.template()
			if err != nil {
				return err
			}
			if err := k.leave(r, e, t.Spec, keep); err != nil {
				return err
			}
		}
		left, err = r.restore(e, history)
		return err
	})
	for _, d := range left {
		k.say(fmt.Sprintf("%s: left as it is: %s", k.target, d))
	}
	return o, err
}

// mostLooks is how often the replicas are looked at again while the Pods become the old ones.
const mostLooks = 3

// awaitReplicas is awaitOriginal with a look at the replicas after it: an HPA's controller that has lost sight of the API
// server acts for a while on the HPA as it was pinned, after it was let go.
func (k *Kube) awaitReplicas(ctx context.Context, o object, unready bool) error {
	for range mostLooks {
		if err := k.awaitOriginal(ctx, o, unready); err != nil {
			return err
		}
		again, err := k.replicasBack(ctx)
		if apierrors.IsNotFound(err) || err == nil && again.GetGeneration() == o.GetGeneration() {
			return nil
		}
		if err != nil {
			return fmt.Errorf("put the replicas of %s back: %w", k.target, err)
		}
		o = again
	}
	return k.awaitOriginal(ctx, o, unready)
}

// replicasBack puts the replicas back again where an HPA, until it was let go, has changed them once more.
func (k *Kube) replicasBack(ctx context.Context) (object, error) {
	return k.objects.change(ctx, k.target.Object, func(o object, e *edit) error {
		r, err := recordOf(o.Object)
		if err != nil || r == nil {
			return err
		}
		if r.freed(replicasPlace) {
			return nil // whatever they are by now is what the autoscalers want
		}
		_, err = r.restore(e, func(p place) bool { return !slices.Equal(p, replicasPlace) })
		return err
	})
}

// lastBack puts the length of the history back, and then takes away the record and Plimsoll's ownership of fields.
func (k *Kube) lastBack(ctx context.Context) error {
	o, err := k.objects.change(ctx, k.target.Object, func(o object, e *edit) error {
		r, err := recordOf(o.Object)
		if err != nil || r == nil {
			return err
		}
		_, err = r.restore(e, func(p place) bool { return !history(p) })
		return err
	})
	if err == nil {
		o, err = k.objects.change(ctx, k.target.Object, forget)
	}
	if err == nil {
		err = k.cleanRevisions(ctx, o)
	}
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// awaitObserved waits until the controller of the workload has seen o.
func (k *Kube) awaitObserved(ctx context.Context, o object) error {
	if err := k.follow(ctx, o); err != nil {
		return err
	}
	for {
		now := k.watch.now()
		if now.gone || now.object.GetGeneration() >= o.GetGeneration() && stands(k.target, now.object, now.pods, "").Observed {
			return nil
		}
		if err := now.wait(ctx, secondLook); err != nil {
			return fmt.Errorf("the controller of %s has not looked at the last change: %w", k.target, err)
		}
	}
}

// follow begins to watch unless that was done.
func (k *Kube) follow(ctx context.Context, o object) (err error) {
	if k.watch == nil {
		k.watch, err = startWatch(ctx, k.client, o, k.target)
	}
	return err
}

// awaitOriginal waits until no Pod of a trial is left and, where the workload was Ready before, it is again.
func (k *Kube) awaitOriginal(ctx context.Context, o object, unready bool) error {
	if err := k.follow(ctx, o); err != nil {
		return err
	}
	for {
		now := k.watch.now()
		if now.object.GetGeneration() < o.GetGeneration() {
			now.object = o // the watch has not seen the change yet
		}
		s := stands(k.target, now.object, now.pods, "")
		if now.gone || s.done() || unready && s.Observed && s.Old == 0 {
			return nil
		}
		if err := now.wait(ctx, secondLook); err != nil {
			return fmt.Errorf("%s is put back, but its Pods are not: %s", k.target, s)
		}
	}
}

// leave makes r put back the limits and requests of keep instead of the original ones.
func (k *Kube) leave(r *record, e *edit, spec core.PodSpec, keep tuner.Settings) error {
	if err := write(r, e, spec, k.file.Workload.Containers, keep); err != nil {
		return err
	}
	for i, f := range r.Fields {
		if len(f.At) > 2 && f.At[1] == "template" && f.At[len(f.At)-1] != trialAnnotation {
			r.Fields[i].Was = f.Set
		}
	}
	return nil
}
