package compat

import (
	"slices"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// Rehearsal is how the trial beside autoscalers is run: one ramp, then one hold at constant load.
type Rehearsal struct {
	// Least is where the ramp begins, Hold where it ends, in hits per second over all replicas.
	Least, Hold float64
	// Ramp and For are how long the ramp and the hold take.
	Ramp, For time.Duration
	// Derived is what every Pod shall carry, as it is admitted.
	Derived tuner.Settings
	// Scaler is what the HPA shall do; nil where there is none. Begin is how many replicas the least load needs; 0 without
	// an HPA. Rest is how long to wait for them at most: an HPA remembers the load of the trials before.
	Scaler *Scaler
	Begin  int
	Rest   time.Duration
	// Round of the VPA's updater; 0 where no VPA changes Pods.
	Round time.Duration
}

// Wish is what a person asks of the trial; what is 0 is left to the arithmetic.
type Wish struct {
	Ramp, Hold time.Duration
	// Round is how often the VPA's updater acts, above 0.
	Round time.Duration
	// Hits is the name of hits per second in the custom-metrics API.
	Hits string
}

// The lengths of a rehearsal where nobody says others.
const (
	// unknownStart is taken for a start that was not measured: later than most, so that the hold is rather too long.
	unknownStart = time.Minute
	// bareRamp is the ramp where nothing scales, longestRamp the longest of all.
	bareRamp, longestRamp = 15 * time.Second, 10 * time.Minute
	// shortestHold is the hold where nothing asks for more.
	shortestHold = time.Minute
)

// Acts says whether anything in s scales the workload or changes its Pods, so that there is something to rehearse.
func Acts(s Snapshot) bool {
	return len(s.HPAs)+len(s.ScaledObjects) > 0 || slices.ContainsFunc(s.VPAs, VPA.active)
}

// Rehearse plans the trial beside the autoscalers of s. Load goes from the least that is planned, a quarter of the
// peak at most, to the peak; it never goes beyond what the scenarios say.
//
//	ramp = lead · max(1, fewest replicas for the peak − minReplicas)   one more Pod can start for each that is needed
//	hold = max(1 min, 2 · (lead + sync), 3 · round)
//
// The last half of the hold is when replicas must fit, so that its first half leaves time for the last Pod. Worked: a start
// of 10 s (lead 60 s), 1 Pod more, rounds of 1 min → a ramp of 60 s, a hold of 180 s.
func Rehearse(s Snapshot, m Measured, w Wish) Rehearsal {
	v := newView(s, &m)
	r := Rehearsal{Hold: m.Loads.Peak, Least: min(m.Loads.Minimum, m.Loads.Peak/4), Ramp: w.Ramp, For: w.Hold, Scaler: ScalerOf(s, &m, w.Hits)}
	for _, c := range m.Settings {
		c.Resources = admitted(c.Resources, s.LimitRanges)
		r.Derived = append(r.Derived, c)
	}
	if slices.ContainsFunc(s.VPAs, VPA.active) {
		r.Round = w.Round
	}
	lead := Lead(unknownStart)
	if m.Startup != nil {
		lead = Lead(*m.Startup)
	}
	if r.Scaler != nil {
		r.Begin, r.Rest = r.Scaler.Min, stabilization+2*hpaSync
		if r.Scaler.Target > 0 {
			_, r.Begin = r.Scaler.Expected(r.Least)
		}
	}
	if r.Ramp == 0 {
		r.Ramp = rampFor(r, lead, len(v.scalers) > 0)
	}
	if r.For == 0 {
		r.For = max(shortestHold, rounds*r.Round)
		if len(v.scalers) > 0 {
			r.For = max(r.For, 2*(lead+hpaSync))
		}
	}
	return r
}

func rampFor(r Rehearsal, lead time.Duration, scales bool) time.Duration {
	if !scales {
		return bareRamp
	}
	more := 1
	if r.Scaler.Target > 0 {
		fewest, _ := r.Scaler.Expected(r.Hold)
		more = max(1, fewest-r.Scaler.Min)
	}
	return min(time.Duration(more)*lead, longestRamp)
}

// Scenario is r as a load shape: the least load for the warm-up, the ramp, the hold.
func (r Rehearsal) Scenario(warmup time.Duration) scenarios.Scenario {
	s := scenarios.Scenario{Name: "beside autoscalers", Kind: scenarios.Steps, Warmup: warmup, Stages: []scenarios.Stage{
		{From: r.Least, To: r.Hold, For: r.Ramp}, {From: r.Hold, To: r.Hold, For: r.For},
	}}
	if warmup > 0 {
		s.Stages = append([]scenarios.Stage{{From: r.Least, To: r.Least, For: warmup}}, s.Stages...)
	}
	return s
}

// Suggested are the mends of r that change an autoscaler that is there, each once: what the trial as suggested puts in
// force. With c the HPA shall scale on hits, and the VPA keep to what was derived; then these two are all.
func Suggested(r Report, c *Combination) []Mend {
	var all []Mend
	add := func(m *Mend) {
		if m != nil && m.How == MergePatch && autoscales(m.Object.Kind) && !slices.Contains(all, *m) {
			all = append(all, *m)
		}
	}
	if c != nil {
		add(c.OnHits)
		add(c.VPA)
		return all
	}
	for _, f := range r.Findings {
		add(f.Mend)
	}
	return all
}

func autoscales(kind string) bool {
	return slices.Contains([]string{"HorizontalPodAutoscaler", "VerticalPodAutoscaler", "ScaledObject"}, kind)
}

// ScalerOf is what the first HPA of a snapshot shall do under settings that were measured; nil where there is none. Its
// target in hits per second is known for the metric hits, and for CPU where the trials tell what a hit costs.
func ScalerOf(s Snapshot, m *Measured, hits string) *Scaler {
	v := newView(s, m)
	if len(v.scalers) == 0 {
		return nil
	}
	h := v.scalers[0]
	out := Scaler{Min: h.Min, Max: h.Max, Tolerance: up(h)}
	if len(h.Metrics) != 1 {
		return &out
	}
	metric := h.Metrics[0]
	switch {
	case metric.Type == PodsMetric && metric.Name == hits:
		out.Target = float64(metric.Average)
	case metric.Resource == tuner.CPU && m != nil && m.CPUPerHit != nil && *m.CPUPerHit > 0:
		request, _, _ := v.counted(metric, v.next)
		cores := scenarios.MilliCPU(metric.Average).Cores()
		if metric.Target == Utilization {
			cores = float64(metric.Utilization) / 100 * scenarios.MilliCPU(request).Cores()
		}
		out.Target = cores / *m.CPUPerHit
	}
	return &out
}
