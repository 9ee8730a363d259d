package kube

import (
	"context"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll/plimsoll/cluster"
	"github.com/plimsoll/plimsoll/tuner"
)

// Ranges are what the LimitRanges of the namespace allow a container. Whoever may not read them gets none; what they
// refuse is then said by the plan.
func (k *Kube) Ranges(ctx context.Context) []tuner.Range {
	var list *core.LimitRangeList
	err := cluster.Retry(ctx, func(ctx context.Context) (err error) {
		list, err = k.client.Typed.CoreV1().LimitRanges(k.target.Namespace).List(ctx, meta.ListOptions{})
		return err
	})
	if err != nil {
		return nil
	}
	var all []tuner.Range
	for _, l := range list.Items {
		for _, item := range l.Spec.Limits {
			if item.Type == core.LimitTypeContainer {
				all = append(all, rangesOf(item)...)
			}
		}
	}
	return all
}

// rangesOf is one item of a LimitRange, CPU in millicores and memory in bytes.
func rangesOf(item core.LimitRangeItem) []tuner.Range {
	return []tuner.Range{
		{Resource: tuner.CPU, Min: item.Min.Cpu().MilliValue(), Max: item.Max.Cpu().MilliValue(),
			MaxRatio: item.MaxLimitRequestRatio.Cpu().AsApproximateFloat64()},
		{Resource: tuner.Memory, Min: item.Min.Memory().Value(), Max: item.Max.Memory().Value(),
			MaxRatio: item.MaxLimitRequestRatio.Memory().AsApproximateFloat64()},
	}
}
