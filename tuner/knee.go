package tuner

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Knee is the load from which a service no longer keeps up.
type Knee struct {
	// Load is the largest offered rate that was still kept up with, Beyond the smallest that was not, in hits per
	// second over all replicas.
	Load   float64 `json:"load_hits_per_second"`
	Beyond float64 `json:"beyond_hits_per_second"`
	// Evidence in words, two kinds at least.
	Evidence []string `json:"evidence"`
}

// What counts as evidence at one load. A single kind may have another cause: a generator at its own end, a cold cache,
// a burst that was throttled and did no harm.
const (
	// kneeThroughput: fewer hits ok than this ratio of those offered.
	kneeThroughput = 0.95
	// kneeSlower: the p99 is this many times that of the lightest loads.
	kneeSlower = 3.0
	// kneeThrottled: throttled in more than this ratio of periods.
	kneeThrottled = 0.1
	// kneeLoads is the least number of loads that a knee can be found among.
	kneeLoads = 4
)

// KneeOf finds the knee in a trial whose rate rises: the stages it held (a staircase), else its seconds, judged in
// groups of about equal load. nil where nothing shows one, or only one kind of evidence does. A load beyond the knee must
// show two kinds, and every heavier one must show one: a dip that mends is none.
func KneeOf(o Observation) *Knee {
	loads := loadsOf(o)
	if len(loads) < kneeLoads {
		return nil
	}
	light := medianOf(loads[:max(len(loads)/3, 2)])
	first := len(loads)
	var evidence []string
	for i := len(loads) - 1; i > 0; i-- {
		e := loads[i].evidence(light)
		if len(e) == 0 {
			break
		}
		if len(e) >= 2 {
			first, evidence = i, e
		}
	}
	if first == len(loads) {
		return nil
	}
	return &Knee{Load: loads[first-1].offered, Beyond: loads[first].offered, Evidence: evidence}
}

func (k Knee) String() string {
	return fmt.Sprintf("the knee lies between %s and %s hits/s: %s", figures(k.Load), figures(k.Beyond), strings.Join(k.Evidence, ", "))
}

// loadPoint is what a service did at one offered rate.
type loadPoint struct {
	offered, throughput float64
	p99                 *time.Duration
	throttled           *float64
}

// evidence says each kind that shows a service behind its load. light is the p99 at light loads, 0 where unknown.
func (l loadPoint) evidence(light time.Duration) []string {
	var e []string
	if l.offered > 0 && l.throughput < kneeThroughput*l.offered {
		e = append(e, fmt.Sprintf("%s of the offered rate ok", percentText(l.throughput/l.offered)))
	}
	if l.p99 != nil && light > 0 && float64(*l.p99) > kneeSlower*float64(light) {
		e = append(e, fmt.Sprintf("p99 %s after %s", timeText(*l.p99), timeText(light)))
	}
	if l.throttled != nil && *l.throttled > kneeThrottled {
		e = append(e, fmt.Sprintf("throttled in %s of periods", percentText(*l.throttled)))
	}
	return e
}

// loadsOf are the loads of a trial, ascending.
func loadsOf(o Observation) []loadPoint {
	var loads []loadPoint
	if o.Load != nil && len(o.Load.Stages) >= kneeLoads {
		for _, s := range o.Load.Stages {
			l := loadPoint{offered: s.Offered, throughput: s.Throughput, throttled: throttledAt(o.Seconds, s.Offered)}
			for _, q := range s.Response {
				if q.Q == 0.99 {
					l.p99 = new(q.Time)
				}
			}
			loads = append(loads, l)
		}
		slices.SortStableFunc(loads, func(a, b loadPoint) int { return cmp.Compare(a.offered, b.offered) })
		return loads
	}
	return groups(o.Seconds)
}

// throttledAt is the throttled ratio of the busiest container in the judged seconds of about that offered rate; nil
// where it is not known.
func throttledAt(seconds []Second, offered float64) *float64 {
	var alike []Second
	for _, s := range seconds {
		if !s.Warmup && s.Offered > 0.9*offered && s.Offered < 1.1*offered {
			alike = append(alike, s)
		}
	}
	return together(alike).throttled
}

// kneeGroup is how many seconds make one load, and maxGroups how many loads there are at most.
const kneeGroup, maxGroups = 3, 20

// groups puts the judged seconds in order of their offered rate and takes the medians of neighbours.
func groups(seconds []Second) []loadPoint {
	judged := make([]Second, 0, len(seconds))
	for _, s := range seconds {
		if !s.Warmup && s.Offered > 0 {
			judged = append(judged, s)
		}
	}
	slices.SortStableFunc(judged, func(a, b Second) int { return cmp.Compare(a.Offered, b.Offered) })
	n := min(len(judged)/kneeGroup, maxGroups)
	if n == 0 || judged[len(judged)-1].Offered < 1.5*judged[0].Offered {
		return nil // too short, or no ramp
	}
	loads := make([]loadPoint, 0, n)
	for g := range n {
		loads = append(loads, together(judged[g*len(judged)/n:(g+1)*len(judged)/n]))
	}
	return loads
}

// together is one load of several seconds: sums of hits, the median of p99, the busiest container's mean throttling.
func together(seconds []Second) loadPoint {
	var l loadPoint
	var slow []float64
	var throttled [][]float64 // by container, where it is known
	for _, s := range seconds {
		l.offered += s.Offered / float64(len(seconds))
		l.throughput += s.Throughput / float64(len(seconds))
		if s.P99 != nil {
			slow = append(slow, float64(*s.P99))
		}
		for i, c := range s.Containers {
			if i >= len(throttled) {
				throttled = append(throttled, nil)
			}
			if c.Throttled != nil {
				throttled[i] = append(throttled[i], *c.Throttled)
			}
		}
	}
	if len(slow) > 0 {
		l.p99 = new(time.Duration(median(slow)))
	}
	for _, ratios := range throttled {
		if mean := sum(ratios) / float64(len(ratios)); len(ratios) > 0 && (l.throttled == nil || mean > *l.throttled) {
			l.throttled = &mean
		}
	}
	return l
}

// medianOf is the median p99 of some loads, 0 where none is known.
func medianOf(loads []loadPoint) time.Duration {
	var slow []float64
	for _, l := range loads {
		if l.p99 != nil {
			slow = append(slow, float64(*l.p99))
		}
	}
	return time.Duration(median(slow))
}
