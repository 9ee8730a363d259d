package preflight

import (
	"fmt"

	"github.com/plimsoll/plimsoll/tuner/compat"
)

// Around adds what a snapshot of the workload says of its surroundings: what bounds it, and what may act on it.
func (r *Report) Around(s compat.Snapshot) {
	bound := func(format string, args ...any) { r.Bounds = append(r.Bounds, fmt.Sprintf(format, args...)) }
	act := func(format string, args ...any) { r.Acting = append(r.Acting, fmt.Sprintf(format, args...)) }
	for _, q := range s.Quotas {
		for _, item := range q.Items {
			if item.Used == nil {
				bound("ResourceQuota %s: at most %d of %s", q.Name, item.Hard, item.Name)
				continue
			}
			bound("ResourceQuota %s: %d of %d of %s are used", q.Name, *item.Used, item.Hard, item.Name)
		}
	}
	for _, l := range s.LimitRanges {
		bound("LimitRange %s: %s", l.Name, rangeText(l))
	}
	for _, h := range s.HPAs {
		act("HPA %s scales it between %d and %d replicas: pinned for the search, and put back", h.Name, h.Min, h.Max)
	}
	for _, v := range s.VPAs {
		act("VPA %s changes its requests (mode %s): set to Off for the search, and put back", v.Name, v.Mode)
	}
	for _, o := range s.ScaledObjects {
		act("KEDA's ScaledObject %s scales it: paused for the search, and put back", o.Name)
	}
	if s.Workload.GitOps != "" {
		act("%s manages it, and reverts what others change: tune a copy, or in place by resize", s.Workload.GitOps)
	}
	for _, w := range s.Webhooks {
		act("webhook %s may change its Pods", w)
	}
	for _, u := range s.Unread {
		r.Unknown = append(r.Unknown, fmt.Sprintf("%s: %s", u.Kind, u.Why))
	}
}

// rangeText is one LimitRange in words.
func rangeText(l compat.LimitRange) string {
	of := "each container"
	if l.Pod {
		of = "each Pod"
	}
	text := "for " + of
	for _, part := range []struct {
		name string
		compat.Amounts
	}{{"at least", l.Min}, {"at most", l.Max}, {"default limit", l.Default}, {"default request", l.DefaultRequest}} {
		if part.CPU > 0 {
			text += fmt.Sprintf(", %s %v CPU", part.name, part.CPU)
		}
		if part.Memory > 0 {
			text += fmt.Sprintf(", %s %v memory", part.name, part.Memory)
		}
	}
	return text
}
