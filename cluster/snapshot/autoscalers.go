package snapshot

import (
	"fmt"
	"strconv"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
	"github.com/plimsoll/plimsoll/tuner/compat"
)

// hpa reads every version of a HorizontalPodAutoscaler as autoscaling/v2, in which every cluster serves it.
func (b builder) hpa(o unstructured.Unstructured) error {
	if o.GetAPIVersion() == "autoscaling/v1" {
		o = fromV1(o)
	}
	var h autoscalingv2.HorizontalPodAutoscaler
	if err := convert(o.Object, &h); err != nil {
		return err
	}
	target := h.Spec.ScaleTargetRef
	if !b.targets(target.APIVersion, target.Kind, target.Name) {
		return nil
	}
	out := compat.HPA{Ref: ref(o), Min: 1, Max: int(h.Spec.MaxReplicas), Current: int(h.Status.CurrentReplicas)}
	out.APIVersion = "autoscaling/v2"
	if h.Spec.MinReplicas != nil {
		out.Min = int(*h.Spec.MinReplicas)
	}
	for _, owner := range h.OwnerReferences {
		if owner.Kind == "ScaledObject" {
			out.By = &compat.Ref{APIVersion: owner.APIVersion, Kind: owner.Kind, Namespace: h.Namespace, Name: owner.Name}
		}
	}
	if behavior := h.Spec.Behavior; behavior != nil {
		out.UpTolerance, out.DownTolerance = tolerance(behavior.ScaleUp), tolerance(behavior.ScaleDown)
	}
	for _, c := range h.Status.Conditions {
		if c.Type == autoscalingv2.ScalingActive && c.Status == "False" {
			out.Inactive = c.Message
		}
	}
	metrics, err := metrics(h.Spec.Metrics)
	out.Metrics = metrics
	b.to.HPAs = append(b.to.HPAs, out)
	return err
}

// fromV1 turns the one target that autoscaling/v1 has into a metric.
func fromV1(o unstructured.Unstructured) unstructured.Unstructured {
	o = *o.DeepCopy()
	o.SetAPIVersion("autoscaling/v2")
	if percent, found, _ := unstructured.NestedInt64(o.Object, "spec", "targetCPUUtilizationPercentage"); found {
		metric := map[string]any{"type": "Resource", "resource": map[string]any{"name": "cpu",
			"target": map[string]any{"type": "Utilization", "averageUtilization": percent}}}
		_ = unstructured.SetNestedSlice(o.Object, []any{metric}, "spec", "metrics") // spec is there: the target was
	}
	unstructured.RemoveNestedField(o.Object, "status")
	return o
}

func tolerance(r *autoscalingv2.HPAScalingRules) *float64 {
	if r == nil || r.Tolerance == nil {
		return nil
	}
	return new(r.Tolerance.AsApproximateFloat64())
}

// metrics converts the metrics of an HPA; none means 80 % of the CPU requests
// (kubernetes/pkg/apis/autoscaling/v2/defaults.go).
func metrics(all []autoscalingv2.MetricSpec) ([]compat.Metric, error) {
	if len(all) == 0 {
		all = []autoscalingv2.MetricSpec{{Type: autoscalingv2.ResourceMetricSourceType, Resource: &autoscalingv2.ResourceMetricSource{
			Name: "cpu", Target: autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: new(int32(80))}}}}
	}
	var out []compat.Metric
	for i := range all {
		written, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&all[i])
		if err != nil {
			return nil, fmt.Errorf("spec.metrics[%d]: %w", i, err)
		}
		m, err := metric(all[i])
		if err != nil {
			return nil, fmt.Errorf("spec.metrics[%d]: %w", i, err)
		}
		m.Written = written
		out = append(out, m)
	}
	return out, nil
}

func metric(spec autoscalingv2.MetricSpec) (compat.Metric, error) {
	m := compat.Metric{Type: compat.MetricType(spec.Type)}
	var target autoscalingv2.MetricTarget
	switch {
	case spec.Resource != nil:
		m.Resource, target = tuner.Resource(spec.Resource.Name), spec.Resource.Target
	case spec.ContainerResource != nil:
		m.Resource, m.Container, target = tuner.Resource(spec.ContainerResource.Name), spec.ContainerResource.Container, spec.ContainerResource.Target
	case spec.Pods != nil:
		m.Name, target = spec.Pods.Metric.Name, spec.Pods.Target
	case spec.Object != nil:
		m.Name, target = spec.Object.Metric.Name, spec.Object.Target
	case spec.External != nil:
		m.Name, target = spec.External.Metric.Name, spec.External.Target
	default:
		return m, fmt.Errorf("a metric of type %q without its source", spec.Type)
	}
	m.Target = compat.TargetType(target.Type)
	if target.AverageUtilization != nil {
		m.Utilization = int(*target.AverageUtilization)
	}
	if target.AverageValue != nil {
		m.Average = amountOf(m.Resource, *target.AverageValue)
	}
	return m, nil
}

// amountOf is q in the unit of r: millicores for CPU, else whole.
func amountOf(r tuner.Resource, q resource.Quantity) int64 {
	if r == tuner.CPU {
		return q.MilliValue()
	}
	return q.Value()
}

// The part of KEDA's ScaledObject (keda.sh/v1alpha1) that is looked at.
type scaledObject struct {
	Spec struct {
		ScaleTargetRef struct {
			APIVersion string `json:"apiVersion"`
			Kind       string `json:"kind"`
			Name       string `json:"name"`
		} `json:"scaleTargetRef"`
		MinReplicaCount *int64    `json:"minReplicaCount"`
		MaxReplicaCount *int64    `json:"maxReplicaCount"`
		Triggers        []trigger `json:"triggers"`
		Advanced        struct {
			Config struct {
				Name string `json:"name"`
			} `json:"horizontalPodAutoscalerConfig"`
		} `json:"advanced"`
	} `json:"spec"`
	Status struct {
		HPAName string `json:"hpaName"`
	} `json:"status"`
}

type trigger struct {
	Type       string            `json:"type"`
	MetricType string            `json:"metricType"`
	Metadata   map[string]string `json:"metadata"`
}

func (b builder) scaledObject(o unstructured.Unstructured) error {
	var k scaledObject
	if err := convert(o.Object, &k); err != nil {
		return err
	}
	target := k.Spec.ScaleTargetRef
	if target.Kind == "" {
		target.Kind = "Deployment"
	}
	if !b.targets(target.APIVersion, target.Kind, target.Name) {
		return nil
	}
	out := compat.ScaledObject{Ref: ref(o), Makes: firstOf(k.Status.HPAName, k.Spec.Advanced.Config.Name, "keda-hpa-"+o.GetName())}
	out.HPA = compat.HPA{Ref: out.Ref, Min: 1, Max: 100}
	if k.Spec.MinReplicaCount != nil {
		out.HPA.Min = max(1, int(*k.Spec.MinReplicaCount)) // from 1 to 0 KEDA scales itself
	}
	if k.Spec.MaxReplicaCount != nil {
		out.HPA.Max = int(*k.Spec.MaxReplicaCount)
	}
	written, _, err := unstructured.NestedSlice(o.Object, "spec", "triggers")
	if err != nil {
		return err
	}
	for i, t := range k.Spec.Triggers {
		m, err := t.metric()
		if err != nil {
			return fmt.Errorf("spec.triggers[%d]: %w", i, err)
		}
		m.Written, _ = written[i].(map[string]any)
		out.HPA.Metrics = append(out.HPA.Metrics, m)
	}
	b.to.ScaledObjects = append(b.to.ScaledObjects, out)
	return nil
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// metric is the HPA's metric that KEDA makes of a trigger.
func (t trigger) metric() (compat.Metric, error) {
	if t.Type != "cpu" && t.Type != "memory" {
		return compat.Metric{Type: compat.ExternalMetric, Name: t.Type}, nil
	}
	m := compat.Metric{Type: compat.ResourceMetric, Resource: tuner.Resource(t.Type), Container: t.Metadata["containerName"],
		Target: compat.TargetType(firstOf(t.MetricType, t.Metadata["type"], "Utilization"))}
	if m.Container != "" {
		m.Type = compat.ContainerResourceMetric
	}
	value := t.Metadata["value"]
	if m.Target == compat.Utilization {
		percent, err := strconv.Atoi(value)
		if err != nil {
			return m, fmt.Errorf("metadata.value: %q given; a whole number of percent is allowed", value)
		}
		m.Utilization = percent
		return m, nil
	}
	q, err := resource.ParseQuantity(value)
	if err != nil {
		return m, fmt.Errorf("metadata.value: %q given: %w", value, err)
	}
	m.Average = amountOf(m.Resource, q)
	return m, nil
}

// quantities are amounts as a VPA writes them.
type quantities map[string]string

func (q quantities) amounts() (compat.Amounts, error) {
	var a compat.Amounts
	for key, text := range q {
		v, err := resource.ParseQuantity(text)
		if err != nil {
			return a, fmt.Errorf("%s: %q given: %w", key, text, err)
		}
		switch key {
		case "cpu":
			a.CPU = scenarios.MilliCPU(v.MilliValue())
		case "memory":
			a.Memory = scenarios.Bytes(v.Value())
		}
	}
	return a, nil
}
