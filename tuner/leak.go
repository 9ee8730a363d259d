package tuner

import (
	"fmt"
	"math"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// Growth is the leak verdict on one container's memory.
type Growth string

// The leak verdicts. Doubt is Unclear, never Flat.
const (
	Grows   Growth = "grows"   // steady growth that does not slow down: a leak
	Flat    Growth = "flat"    // no growth of a size that matters, and this soak would have seen it
	Unclear Growth = "unclear" // too short, too noisy, or growth that slows down
)

// Leak is what a soak says of the memory of one container.
type Leak struct {
	Container string `json:"container"`
	Replica   int    `json:"replica"`
	Growth    Growth `json:"growth"`
	// Slope of the floor under garbage collection in bytes per second, and the ends of its interval of 95 %; nil where
	// there were too few samples.
	Slope     *float64 `json:"slope_bytes_per_second"`
	SlopeLow  *float64 `json:"slope_low_bytes_per_second"`
	SlopeHigh *float64 `json:"slope_high_bytes_per_second"`
	// PerHit is the slope in bytes per hit that this replica answered; nil where that is not known.
	PerHit *float64 `json:"slope_bytes_per_hit"`
	// Smallest slope that this soak would have called a leak 9 times in 10, in bytes per second; nil as Slope.
	Smallest *float64 `json:"smallest_leak_bytes_per_second"`
	// TimeToOOM from the end of the soak until memory reaches its limit at this slope; nil unless it grows and a limit
	// is set.
	TimeToOOM *time.Duration `json:"time_to_oom_ns"`
	// Why in words, with the figures.
	Why string `json:"why"`
}

// sample is one reading of a quantity: a container's working set in bytes, say.
type sample struct {
	at    time.Duration
	value float64
}

// What growth matters, as a ratio of the level of memory over a soak of longSoak or more. Over a shorter one it must
// be larger in proportion: a soak of a minute has not outlived the caches and heaps that fill at first.
const (
	longSoak = 5 * time.Minute
	// leakGrowth is the least growth called a leak, slowLeakGrowth that beside a cache that fills at the same time.
	leakGrowth, slowLeakGrowth = 0.025, 0.06
	// flatGrowth is the most growth that the interval of a flat memory may leave open.
	flatGrowth = 0.05
)

// The least samples and time of a leak verdict.
const (
	leakSamples = 16
	leakTime    = 15 * time.Second
)

// leaksOf gives the leak verdict of every container of a soak, in the order of the settings.
func leaksOf(step Step, o Observation) []Leak {
	return gravest(step, o, func(i int, c ContainerUse) Leak {
		return judgeGrowth(memoryOf(o, i), c, answered(o, c.Replica, c.Container))
	}, worse)
}

// gravest judges every replica of every container and returns the gravest verdict on each container, in the order of the
// settings.
func gravest[V any](step Step, o Observation, judge func(i int, c ContainerUse) V, worse func(a, b V) bool) []V {
	all := make([]V, 0, len(step.Settings))
	for _, s := range step.Settings {
		var worst *V
		for i, c := range o.Containers {
			if c.Container != s.Container {
				continue
			}
			if v := judge(i, c); worst == nil || worse(v, *worst) {
				worst = &v
			}
		}
		if worst != nil {
			all = append(all, *worst)
		}
	}
	return all
}

// worse is whether a is the graver verdict on two replicas of one container.
func worse(a, b Leak) bool {
	rank := map[Growth]int{Flat: 0, Unclear: 1, Grows: 2}
	if rank[a.Growth] != rank[b.Growth] {
		return rank[a.Growth] > rank[b.Growth]
	}
	return a.Slope != nil && (b.Slope == nil || *a.Slope > *b.Slope)
}

// memoryOf is the working set of the i-th container of an observation after the warm-up, up to its first end.
func memoryOf(o Observation, i int) []sample {
	end := time.Duration(math.MaxInt64)
	for _, k := range killsOf(o.Kills, o.Containers[i].Container, o.Containers[i].Replica, endsContainer) {
		end = min(end, k.At)
	}
	var samples []sample
	for _, s := range o.Seconds {
		if s.Warmup || s.At >= end || len(s.Containers) != len(o.Containers) || s.Containers[i].Memory == nil {
			continue
		}
		if n := len(samples); n == 0 || s.At > samples[n-1].at {
			samples = append(samples, sample{s.At, float64(*s.Containers[i].Memory)})
		}
	}
	return samples
}

// answered is hits ok per second of one replica; 0 where it is not known.
func answered(o Observation, replica int, container string) float64 {
	if o.Load == nil || o.Window <= 0 {
		return 0
	}
	if replica >= 0 && replica < len(o.Load.Replicas) {
		return float64(o.Load.Replicas[replica]) / o.Window.Seconds()
	}
	replicas := 0
	for _, c := range o.Containers {
		if c.Container == container {
			replicas++
		}
	}
	return o.Load.Throughput / float64(max(replicas, 1))
}

// judgeGrowth gives the verdict on one container of one replica, which answered so many hits per second.
func judgeGrowth(samples []sample, c ContainerUse, hitsPerSecond float64) Leak {
	l := Leak{Container: c.Container, Replica: c.Replica, Growth: Unclear}
	if len(samples) < leakSamples || samples[len(samples)-1].at-samples[0].at < leakTime {
		l.Why = fmt.Sprintf("%s of memory are too few to tell whether %s leaks", plural(int64(len(samples)), "sample"), c.Container)
		return l
	}
	length := samples[len(samples)-1].at - samples[0].at
	t := trendOf(samples)
	perSecond := func(rise float64) *float64 { return new(rise / length.Seconds()) }
	l.Slope, l.SlopeLow, l.SlopeHigh = perSecond(t.rise), perSecond(t.rise-2*t.sigma), perSecond(t.rise+2*t.sigma)
	matters := float64(longSoak) / float64(min(longSoak, length)) * t.level
	l.Smallest = perSecond(math.Max(leakGrowth*matters+1.28*t.sigma, (growsSigmas+1.28)*t.sigma))
	if hitsPerSecond > 0 {
		l.PerHit = new(*l.Slope / hitsPerSecond)
	}
	l.Growth = t.growth(matters)
	if l.Growth == Flat && length < longSoak-longSoak/10 {
		l.Growth = Unclear
	}
	last := samples[len(samples)-1].value
	if room := float64(c.MemoryLimit) - last; l.Growth == Grows && c.MemoryLimit > 0 && *l.Slope > 0 {
		l.TimeToOOM = new(time.Duration(math.Min(math.Max(room, 0) / *l.Slope, 1e9) * float64(time.Second)))
	}
	l.Why = l.text(length)
	return l
}

// text says a verdict with its figures.
func (l Leak) text(length time.Duration) string {
	rate := func(perSecond *float64) string { return figures(*perSecond*3600/float64(scenarios.MiB)) + "Mi" }
	interval := fmt.Sprintf("%s an hour (%s to %s)", rate(l.Slope), rate(l.SlopeLow), rate(l.SlopeHigh))
	if rate(l.SlopeLow) == rate(l.SlopeHigh) && rate(l.Slope) == "0Mi" {
		interval = "less than 0.01Mi an hour"
	}
	switch l.Growth {
	case Grows:
		s := fmt.Sprintf("the memory of %s grows without slowing down, by %s", l.Container, interval)
		if l.PerHit != nil {
			s += fmt.Sprintf(", %s bytes a hit", figures(*l.PerHit))
		}
		if l.TimeToOOM != nil {
			s += ", and reaches its limit in " + l.TimeToOOM.Round(time.Second).String()
		}
		return s
	case Flat:
		return fmt.Sprintf("the memory of %s does not grow: its slope is %s; this soak would have seen %s an hour", l.Container, interval, rate(l.Smallest))
	}
	return fmt.Sprintf("whether %s leaks can't be told from %s: its slope is %s; %s an hour would have shown",
		l.Container, length.Round(time.Second), interval, rate(l.Smallest))
}
