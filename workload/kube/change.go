package kube

import (
	"context"
	"errors"
	"fmt"

	"github.com/plimsoll/plimsoll/tuner"
)

// replace writes settings into the Pod template, with a mark of its own, so that the Pods are new ones. The first time it
// also writes down what was there before, sets the replicas and keeps the history of earlier templates from being cut.
func (k *Kube) replace(ctx context.Context, settings tuner.Settings) error {
	k.trials++
	mark := fmt.Sprintf("%s-%d", k.run, k.trials)
	checked := false
	o, err := k.objects.change(ctx, k.target.Object, func(o object, e *edit) error {
		if markPlace.at(o.Object) == mark {
			return nil // the reply to an earlier try was lost
		}
		if err := k.write(o, e, settings, mark); err != nil {
			return err
		}
		if checked {
			return nil
		}
		checked = true
		return k.tryPod(ctx, object{unstructuredOf(e.object)})
	})
	if err != nil {
		return fmt.Errorf("change %s: %w", k.target, err)
	}
	k.mark = mark
	return k.replaceStuck(ctx, o)
}

// markPlace is where the mark of a trial is.
var markPlace = place{"spec", "template", "metadata", "annotations", trialAnnotation}

// keptRevisions is how many more earlier templates the cluster keeps while a search goes on, so that those of the user
// stay: more than a search has trials.
const keptRevisions = 1000

// defaultRevisions is how many are kept where the object does not say (k8s.io/kubernetes, pkg/apis/apps/v1/defaults.go).
const defaultRevisions = 10

// write makes the patch that puts settings under test.
func (k *Kube) write(o object, e *edit, settings tuner.Settings, mark string) error {
	r, err := recordOf(o.Object)
	if err != nil {
		return err
	}
	switch {
	case r == nil && k.mark != "":
		return errors.New("somebody took away what plimsoll had noted on it; what it was before is not known here any more")
	case r != nil && r.Run != k.run:
		return fmt.Errorf("run %s changed it; end that run, or \"plimsoll restore %s -n %s\" puts it back", r.Run, k.target, k.target.Namespace)
	case k.mark == "":
		if r, err = k.first(o, e, r); err != nil {
			return err
		}
	default:
		if all := r.differences(o.Object); len(all) > 0 {
			return fmt.Errorf("somebody else changed it: %v", all)
		}
	}
	t, err := o.template()
	if err != nil {
		return err
	}
	if err := write(r, e, t.Spec, k.file.Workload.Containers, settings); err != nil {
		return err
	}
	if err := r.set(e, markPlace, mark); err != nil {
		return err
	}
	return r.save(e)
}

// first notes what the object is like before its first change, with the changes that hold for the whole search. noted is
// what was before autoscalers were pinned; nil where nothing was.
func (k *Kube) first(o object, e *edit, noted *record) (*record, error) {
	r := noted
	if r == nil {
		r = k.newRecord(o)
	}
	if !k.target.OnEveryNode && !r.freed(replicasPlace) {
		r.renew(e, replicasPlace)
		if err := r.set(e, replicasPlace, int64(k.file.Workload.Replicas)); err != nil {
			return nil, err
		}
	}
	history := o.number(defaultRevisions, "spec", "revisionHistoryLimit") + keptRevisions
	return r, r.set(e, place{"spec", "revisionHistoryLimit"}, history)
}

// newRecord is one of this run's for the workload, without fields yet.
func (k *Kube) newRecord(o object) *record {
	r := &record{Version: recordVersion, Run: k.run}
	if k.watch != nil {
		r.Unready = !stands(k.target, o, k.watch.now().pods, "").done()
	}
	return r
}
