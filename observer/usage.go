package observer

import (
	"fmt"
	"slices"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// Use folds a series into what its container used between two instants of the same clock. Restarts and what concerns
// the start-up are left for the caller; see StartUp.
//
// fresh is true where the container was started for this trial, so that its counters began at 0: OOM kills are then
// those since its start, and otherwise those since the first sample.
//
// Each problem names a counter without which the trial cannot be judged: CPU time, periods where there is a CPU limit,
// working set, OOM kills. Such a field, and every other that is not known, is nil.
func Use(series Series, from, to time.Time, fresh bool) (tuner.ContainerUse, []string) {
	u := tuner.ContainerUse{
		Container: series.Container, Replica: series.Replica, Source: series.Source, MetricsServer: metricsUse(series.Metrics, from, to),
	}
	f := folding{target: series.Target}
	f.kills(&u, series.Samples, fresh)
	f.limits(&u, series.Samples)
	samples, err := window(series, from, to)
	if err != nil {
		f.problem(err.Error())
	} else {
		f.cpu(&u, samples)
		f.memory(&u, samples)
	}
	if len(f.problems) > 0 {
		for _, text := range series.Problems { // the likely cause
			f.problem(text)
		}
	}
	return u, f.problems
}

// StartUp returns what a container that was started for this trial used until it was Ready: the CPU time in seconds,
// and throttled periods over periods, 0–1. Both count from 0, and to the sample nearest to ready. nil: not known, or
// there were no periods.
func StartUp(series Series, ready time.Time) (cpu, throttled *float64) {
	i := nearest(series.Samples, ready)
	if i < 0 || series.Samples[i].At.Sub(ready).Abs() > edge {
		return nil, nil
	}
	s := series.Samples[i]
	if s.CPU != nil {
		cpu = new(s.CPU.Seconds())
	}
	return cpu, share(s.ThrottledPeriods, s.Periods)
}

// Second is the second that ends at t: the rates between the sample nearest to t and the one before it. All of it is nil
// where there are no such samples.
func Second(series Series, t time.Time) tuner.ContainerSecond {
	i := nearest(series.Samples, t)
	if series.Every > 0 { // a sample counts in the second in which it was taken, and in no other
		i = slices.IndexFunc(series.Samples, func(s Sample) bool { return s.At.After(t.Add(-every)) && !s.At.After(t) })
	}
	if i < 1 || series.Samples[i].At.Sub(t).Abs() > every || series.Samples[i].Instance != series.Samples[i-1].Instance {
		return tuner.ContainerSecond{}
	}
	pair := series.Samples[i-1 : i+1]
	// A counter that went backwards is told once, by Use; here it is not known.
	cpu, _ := increase(pair, cpuTime, "CPU time")
	periods, _ := increase(pair, periods, "periods")
	throttled, _ := increase(pair, throttledPeriods, "throttled periods")
	kills, _ := increase(series.Samples[:i+1], killCount, "OOM kills")
	return tuner.ContainerSecond{
		CPU:       ratio(cpu, pair[1].At.Sub(pair[0].At)),
		Throttled: share(throttled, periods),
		Memory:    pair[1].WorkingSet,
		OOMKills:  kills,
	}
}

// metricsUse is what the metrics API said of the part of a window that its own windows lie in; nil where it said nothing.
func metricsUse(samples []MetricsSample, from, to time.Time) *tuner.MetricsUse {
	var u tuner.MetricsUse
	for _, s := range samples {
		if s.At.Add(-s.Window).Before(from) || s.At.After(to) {
			continue
		}
		u.Samples++
		u.Window = max(u.Window, s.Window)
		u.CPU += s.CPU
		u.CPUMax = max(u.CPUMax, s.CPU)
		u.WorkingSet = max(u.WorkingSet, s.WorkingSet)
	}
	if u.Samples == 0 {
		return nil
	}
	u.CPU /= float64(u.Samples)
	return &u
}

// folding collects what was wrong with one target's counters.
type folding struct {
	target   Target
	problems []string
}

func (f *folding) problem(text string) {
	f.problems = append(f.problems, fmt.Sprintf("container %s of replica %d: %s", f.target.Container, f.target.Replica, text))
}

// require notes that a counter which a verdict needs is not known, or why.
func (f *folding) require(known bool, err error, name string) {
	switch {
	case err != nil:
		f.problem(err.Error())
	case !known:
		f.problem(name + " could not be read")
	}
}

// kills fills in what counts over the whole series.
func (f *folding) kills(u *tuner.ContainerUse, samples []Sample, fresh bool) {
	var err error
	u.OOMKills, err = oomKills(samples, fresh)
	f.require(u.OOMKills != nil, err, "OOM kills")
	if n := len(samples); n > 0 {
		if samples[0].Instance == samples[n-1].Instance { // one that died may have held more after its last sample
			u.MemoryPeak = peakOf(samples[0], samples[n-1], fresh)
		}
	}
}

// peakOf is the kernel's high-water mark where it was reached in this trial: since the container started where it is
// fresh, and otherwise where the mark has risen since the trial's first sample. A mark that stood before is an earlier
// trial's, and nil: how high this one went below it is not known.
func peakOf(first, last Sample, fresh bool) *scenarios.Bytes {
	if fresh || last.Peak == nil || first.Peak != nil && *last.Peak > *first.Peak {
		return last.Peak
	}
	return nil
}

// limits takes the limits in force from the last sample; those that could not be read are problems.
func (f *folding) limits(u *tuner.ContainerUse, samples []Sample) {
	if len(samples) == 0 {
		return // told by the window
	}
	last := samples[len(samples)-1]
	if last.CPULimit == nil {
		f.problem("CPU limit could not be read")
	} else {
		u.CPULimit = *last.CPULimit
	}
	if last.MemoryLimit == nil {
		f.problem("memory limit could not be read")
	} else {
		u.MemoryLimit = *last.MemoryLimit
	}
}

// cpu fills in CPU usage in cores and the throttling, over the window samples.
func (f *folding) cpu(u *tuner.ContainerUse, samples []Sample) {
	var err error
	u.CPU, err = rate(samples, cpuTime, "CPU time")
	f.require(u.CPU != nil, err, "CPU time")
	if err == nil {
		u.CPUP95, u.CPUMax = rates(samples)
	}
	u.CPUStall, _ = rate(samples, func(s Sample) *time.Duration { return s.CPUStall }, "CPU pressure")
	if u.CPULimit == 0 {
		return // throttling does not apply, or limits has told that it is not known whether it does
	}
	if u.Periods, err = increase(samples, periods, "periods"); u.Periods == nil {
		f.require(false, err, "periods")
	}
	if u.ThrottledPeriods, err = increase(samples, throttledPeriods, "throttled periods"); u.ThrottledPeriods == nil {
		f.require(false, err, "throttled periods")
	}
	u.ThrottledTime, _ = increase(samples, func(s Sample) *time.Duration { return s.ThrottledTime }, "throttled time")
	whole, _ := increase(samples, func(s Sample) *int64 { return s.PodPeriods }, "periods of the Pod")
	held, _ := increase(samples, func(s Sample) *int64 { return s.PodThrottledPeriods }, "throttled periods of the Pod")
	if pod, own := share(held, whole), u.ThrottledRatio(); own != nil && pod != nil && *pod > *own {
		u.Periods, u.ThrottledPeriods = whole, held // the Pod's quota holds it back, and not its own
	}
}

// memory fills in what was seen of memory over the window samples.
func (f *folding) memory(u *tuner.ContainerUse, samples []Sample) {
	u.WorkingSet = largest(samples, func(s Sample) *scenarios.Bytes { return s.WorkingSet })
	u.AnonPeak = largest(samples, func(s Sample) *scenarios.Bytes { return s.Anon })
	u.FilePeak = largest(samples, func(s Sample) *scenarios.Bytes { return s.File })
	u.MappedFile = largest(samples, func(s Sample) *scenarios.Bytes { return s.MappedFile })
	f.require(u.WorkingSet != nil, nil, "working set")
	u.Refaults, _ = increase(samples, func(s Sample) *int64 { return s.Refaults }, "refaults")
	u.LimitHits, _ = increase(samples, func(s Sample) *int64 { return s.LimitHits }, "limit hits")
	u.MemoryStall, _ = rate(samples, func(s Sample) *time.Duration { return s.MemoryStall }, "memory pressure")
}

// The counters that more than one figure is made of.
func cpuTime(s Sample) *time.Duration  { return s.CPU }
func periods(s Sample) *int64          { return s.Periods }
func throttledPeriods(s Sample) *int64 { return s.ThrottledPeriods }
func killCount(s Sample) *int64        { return s.OOMKills }

// share is part over whole, 0–1; nil where either is not known or whole is 0.
func share(part, whole *int64) *float64 {
	if part == nil || whole == nil || *whole == 0 {
		return nil
	}
	return new(float64(*part) / float64(*whole))
}

// rates are the 0.95 quantile and the largest of the rates between neighbouring samples, in cores. A sample without CPU
// time, and one that came twice as fast as it was due, counts with the next: over a short time a rate is all noise.
func rates(samples []Sample) (p95, most *float64) {
	var cores []float64
	before := samples[0]
	for _, now := range samples[1:] {
		span := now.At.Sub(before.At)
		if now.CPU == nil || before.CPU == nil || span < every/2 || now.Instance != before.Instance {
			if before.CPU == nil || now.Instance != before.Instance {
				before = now
			}
			continue
		}
		cores = append(cores, (*now.CPU-*before.CPU).Seconds()/span.Seconds())
		before = now
	}
	if len(cores) == 0 {
		return nil, nil
	}
	slices.Sort(cores)
	// The smallest rate that at least 95 % of the rates do not exceed: of 10 the 10th, of 20 the 19th.
	rank := (len(cores)*95 + 99) / 100
	return new(cores[rank-1]), new(cores[len(cores)-1])
}
