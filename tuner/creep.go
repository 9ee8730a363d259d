package tuner

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// Creep is what a soak says of saturation over time: whether a figure that a constant load should leave as it is grows
// without end. A queue that is never emptied, a table that is searched from end to end, connections that are not given
// back: such a service passes a short trial at any limit and fails after an hour.
type Creep struct {
	// Metric is ResponseTime (the median of the hits that ended) or CPUUse (CPU time for each hit that was ok).
	Metric scenarios.Metric `json:"metric"`
	// Container and Replica whose CPU it is; empty and 0 for response times.
	Container string `json:"container,omitempty"`
	Replica   int    `json:"replica,omitempty"`
	Growth    Growth `json:"growth"`
	// Rise over the soak as a ratio of the level, and the ends of its interval of 95 %; nil where there were too few samples.
	Rise     *float64 `json:"rise_ratio"`
	RiseLow  *float64 `json:"rise_low_ratio"`
	RiseHigh *float64 `json:"rise_high_ratio"`
	// TimeToBound from the end of the soak until the figure reaches its SLO or its limit at this pace; nil unless it grows
	// and has one.
	TimeToBound *time.Duration `json:"time_to_bound_ns"`
	// Why in words, with the figures.
	Why string `json:"why"`
}

// What a creep must show. Response times and usage wander more than a working set does, and a wrong alarm costs a whole
// search, so it is held to more than a leak is.
const (
	// creepGrowth is the least rise over a soak of longSoak called a creep, as a ratio of the level; over a shorter one it
	// must be larger in proportion.
	creepGrowth = 0.10
	// creepSigmas is how many standard errors it must be.
	creepSigmas = 3.0
	// flatCreep is the most rise that the interval of a flat figure may leave open.
	flatCreep = 0.20
)

// creepsOf gives the verdicts on a soak: on response times, then on the CPU of each container in the order of the
// settings, its worst replica deciding. Where the load is not constant nothing should be, and that is said.
func creepsOf(goal Goal, step Step, o Observation, margins []measured) []Creep {
	if !goal.constant(step.Scenario) {
		return []Creep{{Metric: scenarios.ResponseTime, Growth: Unclear,
			Why: fmt.Sprintf("saturation over time can't be told: the rate of %q is not constant", step.Scenario)}}
	}
	creeps := []Creep{judgeCreep(Creep{Metric: scenarios.ResponseTime}, medians(o), margins)}
	return append(creeps, gravest(step, o, func(i int, c ContainerUse) Creep {
		return judgeCreep(Creep{Metric: scenarios.CPUUse, Container: c.Container, Replica: c.Replica}, workOf(o, i), margins)
	}, worseCreep)...)
}

// worseCreep is whether a is the graver verdict on two replicas of one container.
func worseCreep(a, b Creep) bool {
	if a.Growth != b.Growth {
		return a.Growth == Grows || b.Growth == Flat
	}
	return a.Rise != nil && (b.Rise == nil || *a.Rise > *b.Rise)
}

// constant is whether a scenario plans one rate after its warm-up. Its seconds would not tell: arrivals by chance scatter.
func (g Goal) constant(scenario string) bool {
	for _, s := range g.Scenarios {
		if s.Name != scenario {
			continue
		}
		rate, begin := 0.0, time.Duration(0)
		for _, st := range s.Stages {
			if begin += st.For; begin <= s.Warmup {
				continue
			}
			if st.From != st.To || st.Amplitude != 0 || rate != 0 && st.From != rate {
				return false
			}
			rate = st.From
		}
		return rate > 0
	}
	return false
}

// medians are the median response times second by second, in seconds.
func medians(o Observation) []sample {
	var samples []sample
	for _, s := range o.Seconds {
		if !s.Warmup && s.P50 != nil {
			samples = append(samples, sample{s.At, s.P50.Seconds()})
		}
	}
	return samples
}

// workOf is the CPU time of the i-th container for each hit that was ok, in seconds, up to its first end.
func workOf(o Observation, i int) []sample {
	end := time.Duration(math.MaxInt64)
	for _, k := range killsOf(o.Kills, o.Containers[i].Container, o.Containers[i].Replica, endsContainer) {
		end = min(end, k.At)
	}
	var samples []sample
	for _, s := range o.Seconds {
		if s.Warmup || s.At >= end || len(s.Containers) != len(o.Containers) || s.Containers[i].CPU == nil || s.Throughput <= 0 {
			continue
		}
		samples = append(samples, sample{s.At, *s.Containers[i].CPU / s.Throughput})
	}
	return samples
}

// judgeCreep fills in the verdict on one series. margins tell how far its bound is.
func judgeCreep(c Creep, samples []sample, margins []measured) Creep {
	c.Growth = Unclear
	if len(samples) < leakSamples || samples[len(samples)-1].at-samples[0].at < leakTime {
		c.Why = fmt.Sprintf("%s are too few to tell whether %s", plural(int64(len(samples)), "sample"), c.grows())
		return c
	}
	length := samples[len(samples)-1].at - samples[0].at
	t := middlesOf(samples).trend()
	if t.level <= 0 {
		c.Why = fmt.Sprintf("whether %s can't be told: it is 0", c.grows())
		return c
	}
	c.Rise, c.RiseLow, c.RiseHigh = new(t.rise/t.level), new((t.rise-2*t.sigma)/t.level), new((t.rise+2*t.sigma)/t.level)
	longer := float64(longSoak) / float64(min(longSoak, length))
	switch {
	case t.low > creepSigmas*t.sigma && t.low > creepGrowth*longer*t.level && t.secondHalf >= t.low/2 && t.bend < slowsBy:
		c.Growth = Grows
	case t.high+2*t.sigma < flatCreep*t.level && length >= longSoak-longSoak/10:
		c.Growth = Flat
	}
	c.Why = c.text(length)
	c.toBound(margins, length)
	return c
}

// middlesOf cuts a series into blocks of equal counts and keeps the median of each.
func middlesOf(samples []sample) blocks {
	n := len(samples)
	begin, length := samples[0].at, float64(samples[n-1].at-samples[0].at)
	var b blocks
	for k, count := 0, min(maxBlocks, n/2); k < count; k++ {
		from, to := k*n/count, (k+1)*n/count
		var at, values []float64
		for _, s := range samples[from:to] {
			at, values = append(at, float64(s.at-begin)/length), append(values, s.value)
		}
		b.at, b.level = append(b.at, median(at)), append(b.level, median(values))
	}
	return b
}

// toBound fills in when a figure that grows reaches its bound, the SLO on response times nearest to being missed or the
// CPU limit, where its value grows like the figure. The soak lasted length.
//
//	time = length · ((bound/value − 1) / rise − 1/2)     120 ms of 200 ms, 10 % in 5 minutes: 30m50s
//
// for value and level are those of the soak's middle.
func (c *Creep) toBound(margins []measured, length time.Duration) {
	if c.Growth != Grows {
		return
	}
	var nearest *measured
	for i := range margins {
		m := &margins[i]
		if m.Metric == c.Metric && m.Container == c.Container && m.Ratio != nil && (nearest == nil || *m.Ratio > *nearest.Ratio) {
			nearest = m
		}
	}
	if nearest == nil || *nearest.Ratio <= 0 || *nearest.Ratio >= 1 {
		return
	}
	left := math.Min(length.Seconds()*math.Max((1 / *nearest.Ratio - 1) / *c.Rise - 0.5, 0), 1e9)
	c.TimeToBound = new(time.Duration(left * float64(time.Second)))
	bound := strconv.Quote(nearest.Name)
	if nearest.slo == nil {
		bound = "its CPU limit"
	}
	c.Why += fmt.Sprintf("; at this pace it reaches %s in %s", bound, c.TimeToBound.Round(time.Second))
}

// grows says what it would mean.
func (c Creep) grows() string {
	if c.Metric == scenarios.ResponseTime {
		return "response times grow over time"
	}
	return "the CPU time of " + c.Container + " for each hit grows over time"
}

func (c Creep) text(length time.Duration) string {
	what := "the median response time"
	if c.Metric != scenarios.ResponseTime {
		what = "the CPU time of " + c.Container + " for each hit"
	}
	interval := fmt.Sprintf("%s of its level in %s (%s to %s)", percentText(*c.Rise), length.Round(time.Second),
		percentText(*c.RiseLow), percentText(*c.RiseHigh))
	switch c.Growth {
	case Grows:
		return fmt.Sprintf("%s grows without slowing down although the load is constant, by %s", what, interval)
	case Flat:
		return fmt.Sprintf("%s does not grow: by %s", what, interval)
	}
	return fmt.Sprintf("whether %s can't be told: by %s", c.grows(), interval)
}
