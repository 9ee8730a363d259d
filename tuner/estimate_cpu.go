package tuner

import (
	"fmt"
	"math"

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
	e := estimate{Searched: l, sigma: c.sigma(), demand: c.demand(), notMonotone: c.inverted()}
	target := h.target()
	best := 0.0
	for i := range h.trials {
		if h.trials[i].Verdict.Judgement == Pass {
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
	// five real services swept the least that always passed was 1.09 to 1.72 times the usage. usageRoom comes on top.
	leastDepth = 1.10
	// tightDepth is the limit over usage from which less is not worth a trial: of four runtimes measured none passed
	// below 1.10.
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
		f := fit{usage: c.usage, noise: c.h.marginNoise(slo.Text, l)}
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

// comparable says whether trial i ran the probing scenario with every other CPU limit as in the newest trial. It says
// nothing of CPU where it failed for want of memory and there is more by now.
func (h history) comparable(i int, l Limit) bool {
	t := &h.trials[i]
	if t.Verdict.Judgement == Inconclusive || t.Step.Scenario != h.goal.Tuning.Probe {
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
		if h.trials[i].Verdict.Judgement == Pass {
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

// sigma is the noise of the SLO that binds: the one with the least confidence at the last limit.
func (c *cpuSearch) sigma() float64 {
	s, least := 0.0, 2.0
	at := float64(c.h.value(len(c.h.trials)-1, c.limit.Limit))
	for k := range c.fits {
		if p := c.fits[k].confidence(at, c.low); p < least {
			s, least = c.fits[k].noise.sigma(), p
		}
	}
	return s
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

// next returns the value to try next and why; 0 where hold is as good as it gets. First it looks boldly, where the
// slope as it stands says the least limit is: a failure there costs one trial and teaches more than caution does.
// Then it asks with all doubt counted.
func (c *cpuSearch) next(hold int64, target float64) (int64, string) {
	if len(c.fits) == 0 {
		return c.halfWay(hold)
	}
	if v := int64(c.low); c.inverted() && c.visits(v) < 2 {
		return v, fmt.Sprintf("%s failed at %s and passed below: once more, to be sure", c.limit.Container, limitText(CPU, v))
	}
	settled := c.confidence(float64(hold)) >= target-settledDoubt && float64(hold) >= c.floor
	bold := c.limit.within(roundUp(CPU, c.enough(true)))
	if float64(bold)*c.worthIt() < float64(hold) && !(settled && float64(hold) < c.usage*tightDepth) {
		v, visits := c.near(bold)
		switch {
		case visits == 0:
			return bold, c.reason(bold)
		case v > 0 && visits < maxVisits:
			return v, fmt.Sprintf("%s passed at %s with little evidence: once more, to know the noise", c.limit.Container, limitText(CPU, v))
		case v == 0:
			if x, why := c.between(bold, hold); x > 0 {
				return x, why
			}
		}
	}
	if !settled {
		return c.up(hold, target)
	}
	x := c.limit.within(roundUp(CPU, c.enough(false)))
	_, visits := c.near(x)
	switch {
	case float64(x)*c.worthIt() >= float64(hold), visits > 0:
		return 0, ""
	case float64(x) <= c.low*(1+resolution):
		return c.halfWay(hold)
	}
	return x, c.reason(x)
}

// manySteps is how many times a CPU limit may move before a small step is no longer worth a trial.
const manySteps = 5

// worthIt is the ratio of two limits from which going to the lower one is worth trials: at least the resolution. A search
// that moved often goes to and fro over a knee that moves by as much from run to run.
func (c *cpuSearch) worthIt() float64 {
	if c.h.moves(c.limit.Limit) >= manySteps {
		return 1 + 1.5*resolution
	}
	return 1 + resolution
}

// between goes half way from a value that failed, for whatever reason, to the one held; 0 where they are near.
func (c *cpuSearch) between(failed, hold int64) (int64, string) {
	x := c.limit.within(roundUp(CPU, math.Sqrt(float64(failed)*float64(hold))))
	if _, visits := c.near(x); visits > 0 || float64(failed)*(1+2*resolution) > float64(hold) {
		return 0, ""
	}
	return x, fmt.Sprintf("%s failed at %s and passed at %s: between the two", c.limit.Container, limitText(CPU, failed), limitText(CPU, hold))
}

// mostRelaxed is the limit over usage from which more CPU no longer helps.
const mostRelaxed = 3.0

// up goes to a larger limit, because none that passed is enough for the noise. A slope seen from one side reaches only
// so far, so one step is a third at most.
func (c *cpuSearch) up(hold int64, target float64) (int64, string) {
	from := max(float64(hold), c.low)
	if from > mostRelaxed*c.usage {
		return 0, ""
	}
	x := c.limit.within(roundUp(CPU, max(min(c.enough(true), from*4/3), c.floor)))
	if v, visits := c.near(x); v >= x && visits < maxVisits {
		return v, fmt.Sprintf("%s passed at %s with little evidence: once more, to know the noise", c.limit.Container, limitText(CPU, v))
	}
	if float64(x) <= from || c.visits(x) >= maxVisits {
		x = c.limit.within(roundUp(CPU, from*(1+2*resolution)))
	}
	if float64(x) <= from || c.visits(x) >= maxVisits {
		return 0, ""
	}
	return x, c.reason(x)
}

// maxVisits is how many trials one value may take before the search asks for a larger one instead.
const maxVisits = 3

// near returns the largest value that passed within the resolution of a value (0: none), and the number of trials there;
// those below the floor do not count: that they passed was luck.
func (c *cpuSearch) near(value int64) (passed int64, visits int) {
	for i := range c.h.trials {
		v := c.h.value(i, c.limit.Limit)
		ratio := float64(v) / float64(value)
		if ratio > 1+resolution || ratio < 1/(1+resolution/2) || float64(v) < c.floor || !c.h.comparable(i, c.limit.Limit) {
			continue
		}
		visits++
		if c.h.trials[i].Verdict.Judgement == Pass {
			passed = max(passed, v)
		}
	}
	return passed, visits
}

// visits counts the trials at exactly a value.
func (c *cpuSearch) visits(value int64) int {
	n := 0
	for i := range c.h.trials {
		if c.h.value(i, c.limit.Limit) == value && c.h.trials[i].Verdict.Judgement != Inconclusive {
			n++
		}
	}
	return n
}

// usageShare is how far halfWay goes from what passed towards the usage, of the distance in ln: nearer to the usage than
// half, because every SLO is far from its bound there, and a trial that fails is the shorter one.
const usageShare = 2.0 / 3

// halfWay goes between what can't be enough and what passed, where no slope tells more.
func (c *cpuSearch) halfWay(hold int64) (int64, string) {
	bound := max(c.floor, float64(c.limit.Min))
	share, why := 0.5, fmt.Sprintf("failed at %s", limitText(CPU, int64(c.low)))
	if bound > c.low*aboveKnee {
		share, why = usageShare, fmt.Sprintf("uses %.0fm", c.usage)
	}
	x := c.limit.within(roundUp(CPU, math.Pow(bound, share)*math.Pow(float64(hold), 1-share)))
	if float64(hold) <= bound*(1+2*resolution) || x >= hold {
		return 0, ""
	}
	return x, fmt.Sprintf("%s %s and passed at %s with every SLO far from its bound: between the two", c.limit.Container, why, limitText(CPU, hold))
}

func (c *cpuSearch) reason(x int64) string {
	return fmt.Sprintf("%s uses %.0fm; its SLOs should just hold at %.0fm, and noise of %s asks for %s on top",
		c.limit.Container, c.usage, c.demand(), percentText(c.sigma()), percentText(float64(x)/c.demand()-1))
}
