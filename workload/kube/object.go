package kube

import (
	"context"
	"fmt"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/plimsoll/plimsoll/cluster"
)

// object is a workload object, or an autoscaler, as it was last read.
type object struct{ unstructured.Unstructured }

// template is the Pod template.
func (o object) template() (core.PodTemplateSpec, error) {
	var t core.PodTemplateSpec
	m, _, err := unstructured.NestedMap(o.Object, "spec", "template")
	if err == nil {
		err = runtime.DefaultUnstructuredConverter.FromUnstructured(m, &t)
	}
	if err != nil {
		return t, fmt.Errorf("read the Pod template of %s: %w", o.GetName(), err)
	}
	return t, nil
}

// selector is which Pods are its own.
func (o object) selector() (string, error) {
	var s meta.LabelSelector
	m, _, err := unstructured.NestedMap(o.Object, "spec", "selector")
	if err == nil {
		err = runtime.DefaultUnstructuredConverter.FromUnstructured(m, &s)
	}
	if err != nil {
		return "", fmt.Errorf("read the selector of %s: %w", o.GetName(), err)
	}
	selector, err := meta.LabelSelectorAsSelector(&s)
	if err != nil {
		return "", fmt.Errorf("read the selector of %s: %w", o.GetName(), err)
	}
	return selector.String(), nil
}

// number is an integer of the object; unset where it is absent.
func (o object) number(unset int64, path ...string) int64 {
	n, ok, err := unstructured.NestedInt64(o.Object, path...)
	if err != nil || !ok {
		return unset
	}
	return n
}

// text is a string of the object; empty where it is absent.
func (o object) text(path ...string) string {
	s, _, _ := unstructured.NestedString(o.Object, path...)
	return s
}

// store reads and changes objects of one resource in one namespace.
type store struct{ dynamic.ResourceInterface }

func storeOf(c *cluster.Client, resource schema.GroupVersionResource, namespace string) store {
	return store{c.Dynamic.Resource(resource).Namespace(namespace)}
}

// read is a consistent read of one object.
func (s store) read(ctx context.Context, name string) (o object, err error) {
	err = cluster.Retry(ctx, func(ctx context.Context) error {
		u, err := s.Get(ctx, name, meta.GetOptions{})
		if err == nil {
			o = object{*u}
		}
		return err
	})
	return o, err
}

// change reads the object, lets make write a patch for it, and sends that; where the object has changed in between, or
// the reply was lost, it begins again from what is there then. It returns the object as it is afterwards.
func (s store) change(ctx context.Context, name string, make func(object, *edit) error) (after object, err error) {
	err = cluster.Retry(ctx, func(ctx context.Context) error {
		u, err := s.Get(ctx, name, meta.GetOptions{})
		if err != nil {
			return err
		}
		e := newEdit(u.Object)
		if err := make(object{*u}, e); err != nil {
			return fmt.Errorf("%w%w", err, cluster.ErrPermanent)
		}
		after = object{*u}
		patch, err := e.patch()
		if err != nil || patch == nil {
			return err
		}
		changed, err := s.Patch(ctx, name, types.JSONPatchType, patch, meta.PatchOptions{FieldManager: cluster.FieldManager})
		if err == nil {
			after = object{*changed}
		}
		return err
	})
	return after, err
}
