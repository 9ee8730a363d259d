package kube

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/plimsoll/plimsoll/cluster"
)

// MakeVPA makes a VPA for t, by manifest under a name of its own, and takes the Lease of t until end is called: end deletes
// it. Where this process is killed, Restore and the next run do. The error wraps cluster.ErrHeld while another run works on
// t; a cluster without VPAs is an error too. Whatever the error, end is called.
func MakeVPA(ctx context.Context, c *cluster.Client, t Target, manifest unstructured.Unstructured, say func(string)) (end func(context.Context) error, err error) {
	k := &Kube{client: c, target: t, objects: storeOf(c, t.Resource, t.Namespace), run: newRun(), options: Options{Notice: say}}
	k.lease, err = cluster.Acquire(ctx, c, t.Namespace, t.lease(), k.run, func(h cluster.Holder) {
		k.say(fmt.Sprintf("%s: run %s (process %d on %s) holds the lease; waiting to see whether it is alive", t, h.Run, h.PID, h.Host))
	})
	if err != nil {
		return k.Close, err
	}
	if err := k.recoverEarlier(ctx); err != nil {
		return k.Close, err
	}
	text, err := record{Version: recordVersion, Run: k.run, For: t.String(), Whole: true}.encode()
	if err != nil {
		return k.Close, err
	}
	o := manifest.DeepCopy()
	o.SetName(madeName(t))
	o.SetNamespace(t.Namespace)
	o.SetAnnotations(map[string]string{recordAnnotation: text})
	in := storeOf(c, verticalPodAutoscaler().Resource, t.Namespace)
	err = cluster.Retry(ctx, func(ctx context.Context) error {
		_, err := in.Create(ctx, o, meta.CreateOptions{FieldManager: cluster.FieldManager})
		return err
	})
	switch {
	case apierrors.IsAlreadyExists(err):
		// The reply to an earlier try was lost, or it is somebody else's.
		var there object
		if there, err = in.read(ctx, o.GetName()); err == nil && there.GetAnnotations()[recordAnnotation] != text {
			err = errors.New("there is one already, and it is not this run's")
		}
	case apierrors.IsNotFound(err):
		err = errors.New("the cluster has no VPA")
	}
	if err != nil {
		return k.Close, fmt.Errorf("make VerticalPodAutoscaler %s: %w", o.GetName(), err)
	}
	return k.Close, nil
}

// madeName is what a VPA that is made for t is called.
func madeName(t Target) string { return t.Object + CopySuffix }

// made says whether o is a VPA that Plimsoll made for t: who may write on an object must not get another one deleted.
func (s scaler) made(o object, r record, t Target) bool {
	return r.Whole && s.Name == verticalPodAutoscaler().Name && o.GetName() == madeName(t)
}

// drop deletes o, which Plimsoll made.
func (s scaler) drop(ctx context.Context, c *cluster.Client, o object) error {
	uid := o.GetUID()
	err := cluster.Retry(ctx, func(ctx context.Context) error {
		return storeOf(c, s.Resource, o.GetNamespace()).Delete(ctx, o.GetName(), meta.DeleteOptions{Preconditions: &meta.Preconditions{UID: &uid}})
	})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("delete %s %s: %w", s.Name, o.GetName(), err)
	}
	return nil
}
