package kube

import (
	"strings"

	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"

	"github.com/plimsoll/plimsoll/observer"
	"github.com/plimsoll/plimsoll/scenarios"
)

// PodMetrics is one container's reading of the metrics API.
type PodMetrics struct {
	Pod, Container string
	observer.MetricsSample
}

// DecodeMetrics turns a list of the metrics API into readings of the containers of the targets. Its times are those of
// whoever measured. It leaves out whole Pods for 15 to 60 seconds after each start, and as long as one of their containers
// has no reading.
func DecodeMetrics(list *metricsv1beta1.PodMetricsList, targets []observer.Target) []PodMetrics {
	var all []PodMetrics
	for _, t := range targets {
		for _, p := range list.Items {
			if p.Name != t.Pod.Name || p.Namespace != t.Pod.Namespace {
				continue
			}
			for _, c := range p.Containers {
				if c.Name != t.Container || strings.TrimSpace(p.Timestamp.String()) == "" {
					continue
				}
				all = append(all, PodMetrics{p.Name, c.Name, observer.MetricsSample{
					At: p.Timestamp.Time, Window: p.Window.Duration,
					CPU: c.Usage.Cpu().AsApproximateFloat64(), WorkingSet: scenarios.Bytes(c.Usage.Memory().Value()),
				}})
			}
		}
	}
	return all
}
