package kube

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/plimsoll/plimsoll/cluster"
)

// Amendment is what shall be otherwise on one autoscaler of the workload for a while: a merge patch of its spec.
type Amendment struct {
	// Kind as in HorizontalPodAutoscaler, and Name.
	Kind, Name string
	Spec       map[string]any
}

// replicasPlace is where a workload says how many replicas it has.
var replicasPlace = place{"spec", "replicas"}

// LetGo ends the stillness of the autoscalers: they are as they were before the search, and the workload's replicas are
// theirs to change from now on. Close puts back all else, and the replicas too.
func (k *Kube) LetGo(ctx context.Context) error {
	if err := k.lease.Lost(); err != nil {
		return err
	}
	ctx, cancel := k.options.patiently(ctx)
	defer cancel()
	if !k.target.OnEveryNode {
		_, err := k.objects.change(ctx, k.target.Object, k.freeReplicas)
		if err != nil {
			return fmt.Errorf("leave the replicas of %s to its autoscalers: %w", k.target, err)
		}
	}
	return unpin(ctx, k.client, k.target, k.say)
}

// freeReplicas notes that others may change the replicas.
func (k *Kube) freeReplicas(o object, e *edit) error {
	r, err := recordOf(o.Object)
	if err != nil {
		return err
	}
	if r == nil {
		r = k.newRecord(o)
	}
	if r.Run != k.run {
		return fmt.Errorf("run %s changed it", r.Run)
	}
	r.free(e, replicasPlace)
	return r.save(e)
}

// Amend changes autoscalers of the workload, after LetGo. What each was like is written on it in the same patch, and Close
// puts it back. An autoscaler that is not there is an error.
func (k *Kube) Amend(ctx context.Context, all []Amendment) error {
	if err := k.lease.Lost(); err != nil {
		return err
	}
	ctx, cancel := k.options.patiently(ctx)
	defer cancel()
	for _, a := range all {
		found := false
		err := k.pinned(ctx, func(s scaler, o object) error {
			if s.Name != a.Kind || o.GetName() != a.Name {
				return nil
			}
			found = true
			in := storeOf(k.client, s.Resource, k.target.Namespace)
			_, err := in.change(ctx, a.Name, func(o object, e *edit) error { return k.amend(ctx, in, o, e, a.Spec) })
			return err
		})
		if err == nil && !found {
			err = errors.New("there is none, or another object keeps it as it is")
		}
		if err != nil {
			return fmt.Errorf("change %s %s: %w", a.Kind, a.Name, err)
		}
	}
	return nil
}

// amend makes the patch that puts spec in force on o. The API server is asked first what it would make of it: it writes
// some values in another way, and the record has to hold what will be there.
func (k *Kube) amend(ctx context.Context, in store, o object, e *edit, spec map[string]any) error {
	r, err := recordOf(o.Object)
	if err != nil {
		return err
	}
	if r == nil {
		r = &record{Version: recordVersion, Run: k.run, For: k.target.String()}
	}
	if r.Run != k.run {
		return fmt.Errorf("run %s changed it for %s", r.Run, r.For)
	}
	if err := leaves(place{"spec"}, spec, func(p place, value any) error { return r.set(e, p, value) }); err != nil {
		return err
	}
	patch, err := e.patch()
	if err != nil || patch == nil {
		return err
	}
	var would object
	err = cluster.Retry(ctx, func(ctx context.Context) error {
		u, err := in.Patch(ctx, o.GetName(), types.JSONPatchType, patch,
			meta.PatchOptions{FieldManager: cluster.FieldManager, DryRun: []string{meta.DryRunAll}})
		if err == nil {
			would = object{*u}
		}
		return err
	})
	if err != nil {
		return err
	}
	for i, f := range r.Fields {
		r.Fields[i].Set = f.At.at(would.Object)
		if err := r.Fields[i].check(); err != nil {
			return err
		}
	}
	return r.save(e)
}

// Undisturbed says what somebody else did to the workload since the last Apply, its replicas aside, for which what was seen
// of its Pods says nothing; nil where nobody did anything.
func (k *Kube) Undisturbed() error {
	if all := k.watch.foreignChanges(); len(all) > 0 {
		return fmt.Errorf("somebody else changed %s: %s", k.target, strings.Join(all, "; "))
	}
	return k.lease.Lost()
}

// leaves calls each with the values in a merge patch that are no mappings.
func leaves(at place, value any, each func(place, any) error) error {
	m, ok := value.(map[string]any)
	if !ok {
		return each(at, value)
	}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if err := leaves(append(slices.Clone(at), key), m[key], each); err != nil {
			return err
		}
	}
	return nil
}
