package kube

import (
	"context"
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll/plimsoll/cluster"
)

// Leftovers are the workloads in namespace, or in all of them where it is empty, that bear traces of a run: a record on
// them or on an autoscaler of theirs, or a Lease.
func Leftovers(ctx context.Context, c *cluster.Client, namespace string) ([]Target, error) {
	var all []Target
	add := func(namespace, name string) {
		t, err := ParseTarget(namespace, name)
		for _, known := range all {
			if known.String() == t.String() && known.Namespace == namespace {
				return
			}
		}
		if err == nil {
			all = append(all, t)
		}
	}
	for _, k := range []kind{deployment, statefulSet, daemonSet, rollout} {
		found, err := scaler{Name: k.Name, Resource: k.Resource}.list(ctx, c, namespace)
		if err != nil {
			return nil, err
		}
		for _, o := range found {
			if o.GetAnnotations()[recordAnnotation] != "" {
				add(o.GetNamespace(), k.Short+"/"+o.GetName())
			}
		}
	}
	for _, s := range scalers() {
		found, err := s.list(ctx, c, namespace)
		if err != nil && !apierrors.IsForbidden(err) {
			return nil, err
		}
		for _, o := range found {
			if r, err := recordOf(o.Object); err == nil && r != nil {
				add(o.GetNamespace(), r.For)
			}
		}
	}
	leases, err := c.Typed.CoordinationV1().Leases(namespace).List(ctx, meta.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list leases: %w", err)
	}
	for _, l := range leases.Items {
		if rest, ok := strings.CutPrefix(l.Name, "plimsoll-"); ok {
			add(l.Namespace, strings.Replace(rest, "-", "/", 1))
		}
	}
	return all, nil
}

// Restore puts one workload back that a run left changed, from what is noted on it alone. It waits to see whether that run
// is alive; then the error wraps cluster.ErrHeld, and nothing is done. Once it is known to be dead, also ends what else it
// left running.
func Restore(ctx context.Context, c *cluster.Client, t Target, say func(string), also func(context.Context, Target) error) error {
	k := &Kube{client: c, target: t, objects: storeOf(c, t.Resource, t.Namespace), run: newRun(), options: Options{Notice: say}}
	lease, err := cluster.Acquire(ctx, c, t.Namespace, t.lease(), k.run, func(h cluster.Holder) {
		k.say(fmt.Sprintf("%s: run %s (process %d on %s) holds the lease; waiting to see whether it is alive", t, h.Run, h.PID, h.Host))
	})
	k.lease = lease
	if err == nil {
		err = also(ctx, t)
	}
	if err := errors.Join(err, k.Close(ctx)); err != nil {
		return fmt.Errorf("%s in namespace %s: %w", t, t.Namespace, err)
	}
	return nil
}

// RestoreAll is Restore for each of targets, whatever becomes of the others.
func RestoreAll(ctx context.Context, c *cluster.Client, targets []Target, say func(string), also func(context.Context, Target) error) error {
	var errs []error
	for _, t := range targets {
		err := Restore(ctx, c, t, say, also)
		if err == nil {
			say(fmt.Sprintf("%s in namespace %s is as it was", t, t.Namespace))
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
