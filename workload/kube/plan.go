package kube

import (
	"context"
	"fmt"
	"slices"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/plimsoll/plimsoll/cluster"
	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// Plan is what a search will do to a cluster to begin with.
type Plan struct {
	// Changes to objects, in their order.
	Changes []PlannedChange
	// Services that send to the Pods, as in Service web; none: it serves nobody by way of one.
	Services []string
	// Leftover names a run that left the workload changed; it is put back first. Empty: none did.
	Leftover string
	// Copy names the copy that is made and tuned instead, as in deploy/web-plimsoll; empty: none is.
	Copy string
}

// PlannedChange is the first change of one object, one line for each field.
type PlannedChange struct{ Object, Text string }

// Plan tells what a search for goal that begins with settings will change. With check the cluster is asked whether it would take
// each of the changes, which changes nothing.
func (k *Kube) Plan(ctx context.Context, goal tuner.Goal, settings tuner.Settings, check bool) (Plan, error) {
	var plan Plan
	o, err := k.planned(ctx)
	if err != nil {
		return plan, err
	}
	if k.copy != nil {
		plan.Copy, check = k.target.String(), false
	}
	if r, err := recordOf(o.Object); err == nil && r != nil {
		plan.Leftover, check = r.Run, false
	}
	if o, err = original(o); err != nil {
		return plan, err
	}
	err = k.pinned(ctx, func(s scaler, scaled object) error {
		scaled, err := original(scaled)
		if err != nil {
			return err
		}
		e := newEdit(scaled.Object)
		if err := k.still(s, scaled, e); err != nil {
			return err
		}
		return plan.add(ctx, s.Name+" "+scaled.GetName(), storeOf(k.client, s.Resource, k.target.Namespace), scaled, e, check)
	})
	if err != nil {
		return plan, err
	}
	e := newEdit(o.Object)
	if err := k.write(o, e, settings, k.run+"-1"); err != nil {
		return plan, err
	}
	if err := k.tryPod(ctx, object{unstructuredOf(e.object)}); err != nil {
		return plan, err
	}
	if err := plan.add(ctx, k.target.String(), k.objects, o, e, check); err != nil {
		return plan, err
	}
	if err := k.tryBounds(ctx, o, goal); err != nil {
		return plan, err
	}
	plan.Services, err = k.services(ctx, o)
	return plan, err
}

// planned is the object that the plan is for: the one that is there, or the copy that will be.
func (k *Kube) planned(ctx context.Context) (object, error) {
	if k.copy != nil {
		return *k.copy, nil
	}
	return k.objects.read(ctx, k.target.Object)
}

// tryBounds asks whether the cluster would take Pods with the largest limits that the search may come to: better to know
// now than after an hour.
func (k *Kube) tryBounds(ctx context.Context, o object, goal tuner.Goal) error {
	most := slices.Clone(goal.Before)
	for i := range most {
		for _, l := range goal.Limits {
			switch {
			case l.Container != most[i].Container:
			case l.Resource == tuner.CPU:
				most[i].CPULimit = scenarios.MilliCPU(l.Max)
				most[i].CPURequest = min(most[i].CPURequest, most[i].CPULimit)
			default:
				most[i].MemoryLimit = scenarios.Bytes(l.Max)
				most[i].MemoryRequest = min(most[i].MemoryRequest, most[i].MemoryLimit)
			}
		}
	}
	e := newEdit(o.Object)
	if err := k.write(o, e, most, k.run+"-0"); err != nil {
		return err
	}
	if err := k.tryPod(ctx, object{unstructuredOf(e.object)}); err != nil {
		return fmt.Errorf("with limits at the upper ends of their bounds: %w", err)
	}
	return nil
}

func (p *Plan) add(ctx context.Context, name string, in store, o object, e *edit, check bool) error {
	patch, err := e.patch()
	if err != nil || patch == nil {
		return err
	}
	p.Changes = append(p.Changes, PlannedChange{name, e.String()})
	if !check {
		return nil
	}
	err = cluster.Retry(ctx, func(ctx context.Context) error {
		_, err := in.Patch(ctx, o.GetName(), types.JSONPatchType, patch,
			meta.PatchOptions{FieldManager: cluster.FieldManager, DryRun: []string{meta.DryRunAll}})
		return err
	})
	if err != nil {
		return fmt.Errorf("the cluster would refuse to change %s: %w", name, err)
	}
	return nil
}

// services are those that send to the Pods of o.
func (k *Kube) services(ctx context.Context, o object) ([]string, error) {
	t, err := o.template()
	if err != nil {
		return nil, err
	}
	list, err := k.servicesOf(ctx, t)
	if err != nil {
		return nil, nil // whoever may not see Services is not warned of them
	}
	var all []string
	for _, s := range list {
		all = append(all, "Service "+s.Name)
	}
	return all, nil
}
