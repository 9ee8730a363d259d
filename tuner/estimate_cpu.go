package tuner

import (
	"math"
	"slices"

	"github.com/plimsoll/plimsoll/scenarios"
)

const (
	cpuNoise       = 0.05 // σ₀ of ln(response time at a quantile): what is assumed before it was measured
	cpuNoiseWeight = 6.0
	// hardMiss is the y = ln(value/bound) from which a failure is far past the knee: it bounds the limit from below,
	// and teaches nothing about the slope.
	hardMiss = 1.0
	// easyMet is the y below which an SLO is so far from its bound that it says nothing either.
	easyMet = -4.0
)

// cpuEstimate searches a CPU limit by margins: how far each SLO is from its bound at each limit tried gives the least
// limit that leaves room for the noise measured. A failure far past the knee bounds it from below.
func (h history) cpuEstimate(l Searched) estimate {
	c := h.search(l)
	e := estimate{Searched: l}
	target := h.target()
	best := 0.0
	for i := range h.trials {
		if h.passes(i, l.Limit) {
			best = max(best, c.confidence(float64(h.value(i, l.Limit))))
		}
	}
	good := min(target, best-0.005)
	e.hold = h.passedValue(l.Limit, func(v int64) bool { return float64(v) >= c.floor && c.confidence(float64(v)) >= good })
	e.hold = h.sticky(l.Limit, e.hold, func(v int64) bool { return float64(v) >= c.floor && c.confidence(float64(v)) >= good-settledDoubt })
	e.confidence = c.confidence(float64(e.hold))
	e.next, e.reason = c.next(e.hold, target)
	return e
}

// cpuSearch is what the trials say about one CPU limit.
type cpuSearch struct {
	h      history
	limit  Searched
	usage  float64 // millicores at the load offered; 0 where unknown
	target float64 // the probability aimed at
	low    float64 // largest limit that failed far past the knee; 0 where none did
	floor  float64 // what the limit has to exceed: low, usage, and a soak that failed
	fits   []fit   // one for each SLO that has a slope
}

const (
	// leastDepth is the limit over mean usage below which no limit is taken, though a trial may pass there by luck: of
	// five real services swept one always passed from 1.09 times its usage up, the others from 1.12 to 1.72 times.
	// usageRoom comes on top.
	leastDepth = 1.10
	// tightDepth is the limit over usage from which less is not worth a trial.
	tightDepth = 1.13
)

// aboveKnee is the least distance of a limit from one that failed far past the knee. The knee itself moves by a percent
// or two from run to run with the usage, so that a limit just above a failure passes a few trials by luck: a real service
// that failed at 328m passed 2 of 3 at 335m, and every time from 341m.
const aboveKnee = 1 + 2*resolution

func (h history) newCPUSearch(l Searched) cpuSearch {
	c := cpuSearch{h: h, limit: l, usage: h.usageOf(l.Limit), target: h.target()}
	c.addFits()
	c.low = c.hardFailure()
	c.floor = max(c.low*aboveKnee, c.usage*leastDepth*c.usageRoom(), float64(h.soakFailed(l.Limit))*1.08-1)
	return c
}

// addFits makes a fit of every SLO of the probing scenario that changes gradually with the limit.
func (c *cpuSearch) addFits() {
	l := c.limit.Limit
	for _, slo := range c.h.goal.SLOs[c.h.goal.Tuning.Probe] {
		if slo.Metric != scenarios.ResponseTime && slo.Metric != scenarios.ThrottledRatio && slo.Metric != scenarios.CPUUse {
			continue
		}
		f := fit{usage: c.usage, noise: c.h.marginNoise(slo.Text, l), again: c.h.soaked(slo.Text), metric: slo.Metric}
		for i := range c.h.trials {
			p, ok := c.point(i, slo.Text)
			if ok {
				f.points = append(f.points, p)
			}
		}
		if f.t = tQuantile(c.target, f.noise.degrees()); len(f.points) > 0 {
			c.fits = append(c.fits, f)
		}
	}
}

// soaked says whether the confirming soak holds an SLO of the probing scenario too, under no lighter a load.
func (h history) soaked(slo string) bool {
	probe, soak := h.goal.scenario(h.goal.Tuning.Probe), h.goal.scenario(h.goal.Tuning.Confirm)
	same := func(s scenarios.SLO) bool { return s.Text == slo }
	return soak.PeakRate() >= probe.PeakRate() && slices.ContainsFunc(h.goal.SLOs[h.goal.Tuning.Confirm], same)
}

// point is trial i as the fit of one SLO sees it; ok is false where it says nothing.
func (c *cpuSearch) point(i int, slo string) (fitPoint, bool) {
	t := &c.h.trials[i]
	value := float64(c.h.value(i, c.limit.Limit))
	y, graded := marginOf(t, slo)
	u := c.h.use(i, c.limit.Container)
	if !graded || y > hardMiss || y < easyMet || u.cpu == nil || *u.cpu*1000 >= 0.98*value || !c.h.comparable(i, c.limit.Limit) {
		return fitPoint{}, false
	}
	if t.Verdict.Judgement == Fail && !c.h.blames(i, c.limit.Limit) {
		return fitPoint{}, false
	}
	if !c.h.steady(i) {
		return fitPoint{}, false
	}
	return fitPoint{limit: value, span: math.Log(value), u: depth(*u.cpu*1000, value), y: y, trial: i}, true
}

// comparable says whether trial i ran the probing scenario with every other CPU limit as in the newest trial, and on fresh
// replicas where these need more. It says nothing of CPU where it failed for want of memory and there is more by now.
func (h history) comparable(i int, l Limit) bool {
	t := &h.trials[i]
	if t.Verdict.Judgement == Inconclusive || t.Step.Scenario != h.goal.Tuning.Probe || h.warmedUp(i) {
		return false
	}
	for _, s := range h.goal.Limits {
		if s.Resource == Memory && h.blames(i, s.Limit) && h.value(i, s.Limit) < h.value(len(h.trials)-1, s.Limit) {
			return false
		}
		if s.Resource == CPU && s.Limit != l && h.value(i, s.Limit) != h.value(len(h.trials)-1, s.Limit) {
			return false
		}
	}
	return true
}

// hardFailure is the largest limit at which a trial failed past what the slope and the noise explain: without a
// figure, far over its bound, or more than three deviations above the fit of the trials above it. It must have
// failed there more often than it passed.
func (c *cpuSearch) hardFailure() float64 {
	hard := 0.0
	for i := range c.h.trials {
		value := float64(c.h.value(i, c.limit.Limit))
		if value > hard && c.h.blames(i, c.limit.Limit) && c.pastKnee(i, value) && c.h.mostlyFails(c.limit.Limit, int64(value)) {
			hard = value
		}
	}
	return hard
}

func (c *cpuSearch) pastKnee(i int, value float64) bool {
	if y := c.h.worstMargin(&c.h.trials[i]); c.h.warmedUp(i) && y > 0 && y < hardMiss && c.h.usageKnown(i, c.limit.Container) {
		return false // a near miss, though no fit holds it
	}
	for k := range c.fits {
		for _, p := range c.fits[k].points {
			if p.trial != i {
				continue
			}
			mean, deviation := c.fits[k].predict(value, value, false)
			if p.y > 0 && !math.IsInf(mean, 1) && p.y > mean+3*deviation {
				return true
			}
			if p.y > 0 {
				return false
			}
		}
	}
	return true
}

// mostlyFails says whether more trials at this value failed on the limit's account than passed.
func (h history) mostlyFails(l Limit, value int64) bool {
	balance := 0
	for i := range h.trials {
		if h.value(i, l) != value {
			continue
		}
		if h.passes(i, l) {
			balance--
		} else if h.blames(i, l) {
			balance++
		}
	}
	return balance > 0
}

// inverted says whether a smaller limit passed where a larger one failed past the knee.
func (c *cpuSearch) inverted() bool {
	passed, _ := c.h.extremes(c.limit.Limit)
	return passed > 0 && float64(passed)*(1+resolution) < c.low
}

func (c *cpuSearch) confidence(limit float64) float64 {
	p := 1.0
	for k := range c.fits {
		p = min(p, c.fits[k].confidence(limit, c.low))
	}
	return p
}

// confidenceAfter is the confidence once a soak at the limit, which no fit holds, has passed.
func (c *cpuSearch) confidenceAfter(limit float64) float64 {
	p := 1.0
	for k := range c.fits {
		p = min(p, c.fits[k].confidenceAfter(limit, c.low))
	}
	return p
}

// binding is the fit of the SLO with the least confidence at the last limit, among those of one kind or all ("").
func (c *cpuSearch) binding(only scenarios.Metric) *fit {
	var found *fit
	least := 2.0
	at := float64(c.h.value(len(c.h.trials)-1, c.limit.Limit))
	for k := range c.fits {
		if f := &c.fits[k]; only == "" || f.metric == only {
			if p := f.confidence(at, c.low); p < least {
				found, least = f, p
			}
		}
	}
	return found
}

// sigma is the noise of the response time under the SLO on it that binds; of the SLO that binds where there is no such. A
// throttled ratio's margin has another scale.
func (c *cpuSearch) sigma() float64 {
	f := c.binding(scenarios.ResponseTime)
	if f == nil {
		f = c.binding("")
	}
	if f == nil {
		return 0
	}
	return f.noise.sigma()
}

// enough returns the least limit at which every SLO is met by one more run with the probability aimed at. bold leaves the
// doubt in the slope out.
func (c *cpuSearch) enough(bold bool) float64 { return c.least(bold, 1) }

// least is enough with this share of the t quantile: 0 gives the demand, where half the runs pass.
func (c *cpuSearch) least(bold bool, share float64) float64 {
	need := max(c.floor, float64(c.limit.Min))
	passed, _ := c.h.extremes(c.limit.Limit)
	start, top := float64(passed), float64(c.limit.Max)
	for k := range c.fits {
		f := &c.fits[k]
		t, x := share*f.t, start
		for x < top && !f.enough(x, c.low, t, bold) {
			x *= 1.01
		}
		for x > need && f.enough(x/1.01, c.low, t, bold) {
			x /= 1.01
		}
		need = max(need, min(x, top))
	}
	return need
}

func (c *cpuSearch) demand() float64 {
	if len(c.fits) == 0 {
		return 0
	}
	return c.least(true, 0)
}
