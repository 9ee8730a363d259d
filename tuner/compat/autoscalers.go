package compat

import (
	"slices"

	"github.com/plimsoll/plimsoll/tuner"
)

// HPA is one HorizontalPodAutoscaler, or the one that a ScaledObject of KEDA stands for.
type HPA struct {
	Ref
	// Min replicas (1 where not stated) and Max.
	Min, Max int
	Metrics  []Metric
	// UpTolerance and DownTolerance are the ratios within which it does nothing; nil where the object leaves it to the
	// controller, whose flag no client can read (0.1 by default).
	UpTolerance, DownTolerance *float64
	// Current replicas as its status says; 0 where it has none.
	Current int
	// Inactive is the message of ScalingActive = False; empty where it is active or unknown.
	Inactive string
	// By is the ScaledObject that made it; nil where nobody did.
	By *Ref
}

// MetricType says where a metric comes from.
type MetricType string

// The types of metric of autoscaling/v2.
const (
	ResourceMetric          MetricType = "Resource"
	ContainerResourceMetric MetricType = "ContainerResource"
	PodsMetric              MetricType = "Pods"
	ObjectMetric            MetricType = "Object"
	ExternalMetric          MetricType = "External"
)

// TargetType says what a metric is compared with.
type TargetType string

// The types of target of autoscaling/v2.
const (
	Utilization  TargetType = "Utilization"
	AverageValue TargetType = "AverageValue"
	Value        TargetType = "Value"
)

// Metric is one metric of an HPA.
type Metric struct {
	Type MetricType
	// Resource of the types Resource and ContainerResource; Container of the second.
	Resource  tuner.Resource
	Container string
	// Name of the metric for the other types.
	Name   string
	Target TargetType
	// Utilization is the target in percent of the request. Average is it in millicores or bytes per Pod, for resources.
	Utilization int
	Average     int64
	// Written is the metric (or KEDA trigger) as found: what a mend copies unchanged.
	Written map[string]any
}

// onResource says whether m is about CPU or memory.
func (m Metric) onResource() bool {
	return m.Type == ResourceMetric || m.Type == ContainerResourceMetric
}

// ScaledObject is one of KEDA's.
type ScaledObject struct {
	Ref
	// Makes is the name of the HPA it makes.
	Makes string
	// HPA is what it stands for: its bounds, and its cpu and memory triggers as metrics.
	HPA HPA
}

// Mode is when a VPA changes requests.
type Mode string

// The modes of a VPA. Auto is an old name for Recreate, which is also what none means.
const (
	Off               Mode = "Off"
	Initial           Mode = "Initial"
	Recreate          Mode = "Recreate"
	InPlaceOrRecreate Mode = "InPlaceOrRecreate"
	InPlace           Mode = "InPlace"
	Auto              Mode = "Auto"
)

// VPA is one VerticalPodAutoscaler.
type VPA struct {
	Ref
	Mode Mode
	// MinReplicas below which its updater evicts nothing; nil where left to the updater's flag (2 by default).
	MinReplicas *int
	Policies    []Policy
	// Recommendations of its status; empty where it has none yet.
	Recommendations []Recommendation
	// Boost is true where it raises CPU at start-up.
	Boost bool
}

// Policy is what a VPA may do to one container, or to all that have none of their own ("*").
type Policy struct {
	Container string
	// Off is true where it leaves the container alone.
	Off bool
	// Min and Max allowed requests.
	Min, Max Amounts
	// Controlled resources; empty means both.
	Controlled []tuner.Resource
	// Limits is true where limits move in proportion to requests (RequestsAndLimits, the default).
	Limits bool
	// Written is the policy as found: what a mend copies.
	Written map[string]any
}

// Recommendation is what a VPA's status says of one container. All are requests.
type Recommendation struct {
	Container string
	// Target within the policy, Uncapped before it.
	Target, Uncapped Amounts
}

// active says whether v changes Pods.
func (v VPA) active() bool { return v.Mode != Off }

// evicts says whether v may end running Pods to change them.
func (v VPA) evicts() bool {
	return v.Mode == Recreate || v.Mode == Auto || v.Mode == InPlaceOrRecreate
}

// policy is what v may do to container c: the policy of that name, else that of "*", else the default, which is all.
func (v VPA) policy(c string) Policy {
	for _, name := range []string{c, "*"} {
		for _, p := range v.Policies {
			if p.Container == name {
				return p
			}
		}
	}
	return Policy{Container: c, Limits: true}
}

// controls says whether v changes resource r of container c while it is active. Init containers and native sidecars it
// never does (VPA 1.8: docs/features.md, AEP-8905 is a proposal).
func (v VPA) controls(c Container, r tuner.Resource) bool {
	p := v.policy(c.Name)
	return v.active() && c.Role == App && !p.Off && (len(p.Controlled) == 0 || slices.Contains(p.Controlled, r))
}
