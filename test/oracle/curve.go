package main

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// seen is what one trial showed of the container swept; nil is "not known".
type seen struct {
	P99       *time.Duration `json:"p99_ns"` // a lower bound where hits timed out
	CPU       *float64       `json:"cpu_cores"`
	Throttled *float64       `json:"throttled_ratio"`
}

// seenIn takes it from an observation; the busiest replica decides.
func seenIn(o tuner.Observation, container string) seen {
	var s seen
	if o.Load != nil {
		if q, ok := o.Load.Quantile(0.99); ok {
			s.P99 = &q.Time
		}
	}
	for _, c := range o.Containers {
		if c.Container != container {
			continue
		}
		if c.CPU != nil && (s.CPU == nil || *c.CPU > *s.CPU) {
			s.CPU = c.CPU
		}
		if r := c.ThrottledRatio(); r != nil && (s.Throttled == nil || *r > *s.Throttled) {
			s.Throttled = r
		}
	}
	return s
}

// writeCurve writes the sweep of a CPU limit as latency and throttling over limit: in the form of sim.CurvePoint, each the
// median of the trials at one value, beside the trial with everything relaxed.
func (l limitSweep) writeCurve(w io.Writer) {
	if l.Resource != tuner.CPU || len(l.Points) == 0 {
		return
	}
	_, usage, relaxed, _, ok := middle(l.Points[len(l.Points)-1])
	if !ok || usage == 0 || relaxed == 0 {
		return
	}
	fmt.Fprintf(w, "  curve, of %.0fm used and a p99 of %.2f ms when relaxed:", usage*1000, relaxed*1000)
	for _, p := range l.Points {
		if value, _, p99, throttled, ok := middle(p); ok {
			fmt.Fprintf(w, " {%.3f, %.2f, %.3f}", value/1000/usage, p99/relaxed, throttled)
		}
	}
	fmt.Fprintln(w)
}

// middle are the medians of a point's trials: the limit in millicores, cores used, p99 in seconds, throttled ratio. ok is
// false where one is not known of any trial.
func middle(p point) (value, cores, p99, throttled float64, ok bool) {
	var c, q, r []float64
	for _, s := range p.Seen {
		if s.CPU != nil && s.P99 != nil && s.Throttled != nil {
			c, q, r = append(c, *s.CPU), append(q, s.P99.Seconds()), append(r, *s.Throttled)
		}
	}
	if len(c) == 0 {
		return 0, 0, 0, 0, false
	}
	median := func(v []float64) float64 { slices.Sort(v); return v[len(v)/2] }
	return float64(p.Value), median(c), median(q), median(r), true
}

// amount prints a limit in the unit of manifests, memory to a tenth of a Mi.
func amount(r tuner.Resource, v int64) string {
	if r == tuner.CPU {
		return fmt.Sprintf("%dm", v)
	}
	return fmt.Sprintf("%.1fMi", float64(v)/float64(scenarios.MiB))
}

// print writes the sweep as a table.
func (s serviceSweep) print(w io.Writer) {
	for _, l := range s.Limits {
		cut := ""
		if l.Cut {
			cut = ", cut short by the time"
		}
		fmt.Fprintf(w, "%s %s %s: smallest passing %s (%d trials in %s%s)\n", s.Service, l.Container, l.Resource,
			amount(l.Resource, l.Smallest), l.Trials, l.Took.Round(time.Second), cut)
		for _, p := range l.Points {
			fmt.Fprintf(w, "  %10s  passed %d  failed %d  %v\n", amount(l.Resource, p.Value), p.Passed, p.Failed, p.Why)
		}
		if l.HoldsSoak > 0 {
			fmt.Fprintf(w, "  holds the confirming soak from %s\n", amount(l.Resource, l.HoldsSoak))
		}
		l.writeCurve(w)
	}
}
