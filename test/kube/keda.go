package kube

import (
	"context"
	"errors"
	"testing"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// scaledObjects is the resource of KEDA that a workload is scaled by.
var scaledObjects = schema.GroupVersionResource{Group: "keda.sh", Version: "v1alpha1", Resource: "scaledobjects"}

// PlayKEDA plays the part of KEDA's operator that a pause touches, in a namespace until the test ends: a ScaledObject has
// an HPA keda-hpa-NAME while it is not paused; with the annotation autoscaling.keda.sh/paused it has none. Triggers are not evaluated:
// the HPA scales on the Pods' hits per second.
func (c *Cluster) PlayKEDA(t *testing.T, namespace string) {
	t.Helper()
	c.play(t, func(ctx context.Context) error {
		list, err := c.Dynamic.Resource(scaledObjects).Namespace(namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		for _, s := range list.Items {
			err = errors.Join(err, c.scaleByHPA(ctx, &s))
		}
		return err
	})
}

// scaleByHPA makes or deletes the HPA of a ScaledObject.
func (c *Cluster) scaleByHPA(ctx context.Context, s *unstructured.Unstructured) error {
	hpas := c.Clients.AutoscalingV2().HorizontalPodAutoscalers(s.GetNamespace())
	name := "keda-hpa-" + s.GetName()
	paused := s.GetAnnotations()["autoscaling.keda.sh/paused"] == "true"
	_, err := hpas.Get(ctx, name, metav1.GetOptions{})
	switch {
	case err == nil && paused:
		return hpas.Delete(ctx, name, metav1.DeleteOptions{})
	case apierrors.IsNotFound(err) && !paused:
		_, err := hpas.Create(ctx, hpaOf(s, name), metav1.CreateOptions{})
		return err
	case apierrors.IsNotFound(err):
		return nil
	}
	return err
}

// hpaOf is the HPA of a ScaledObject, owned by it.
func hpaOf(s *unstructured.Unstructured, name string) *autoscalingv2.HorizontalPodAutoscaler {
	hpa := &autoscalingv2.HorizontalPodAutoscaler{}
	hpa.Name = name
	hpa.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(s, scaledObjects.GroupVersion().WithKind("ScaledObject"))}
	target := &hpa.Spec.ScaleTargetRef
	target.APIVersion, target.Kind = "apps/v1", "Deployment" // the defaults of a ScaledObject
	for field, into := range map[string]*string{"apiVersion": &target.APIVersion, "kind": &target.Kind, "name": &target.Name} {
		if text, ok, _ := unstructured.NestedString(s.Object, "spec", "scaleTargetRef", field); ok {
			*into = text
		}
	}
	hpa.Spec.MaxReplicas = 100 // KEDA's default
	if n, ok, _ := unstructured.NestedInt64(s.Object, "spec", "maxReplicaCount"); ok {
		hpa.Spec.MaxReplicas = int32(n)
	}
	if n, ok, _ := unstructured.NestedInt64(s.Object, "spec", "minReplicaCount"); ok && n > 0 {
		least := int32(n)
		hpa.Spec.MinReplicas = &least
	}
	per := resource.MustParse("10")
	hpa.Spec.Metrics = []autoscalingv2.MetricSpec{{Type: autoscalingv2.PodsMetricSourceType, Pods: &autoscalingv2.PodsMetricSource{
		Metric: autoscalingv2.MetricIdentifier{Name: "hits_per_second"},
		Target: autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: &per}}}}
	return hpa
}
