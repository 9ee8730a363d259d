package tuner

import (
	"fmt"
	"math"

	"github.com/plimsoll/plimsoll/scenarios"
)

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

// worthIt is the ratio of two limits from which going to the lower one is worth trials: at least the resolution, and more
// in a search that took long: it would go to and fro over a knee that moves by as much from run to run.
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
// so far, so one step is a third at most; and at least half the resolution, as less teaches nothing.
func (c *cpuSearch) up(hold int64, target float64) (int64, string) {
	from := max(float64(hold), c.low)
	if from > mostRelaxed*c.usage {
		return 0, ""
	}
	x := c.limit.within(roundUp(CPU, max(min(c.enough(true), from*4/3), c.floor)))
	if v, visits := c.near(x); v >= x && visits < maxVisits {
		return v, fmt.Sprintf("%s passed at %s with little evidence: once more, to know the noise", c.limit.Container, limitText(CPU, v))
	}
	x = max(x, c.limit.within(roundUp(CPU, from*(1+resolution/2))))
	if c.visits(x) >= maxVisits {
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
		if c.h.value(i, c.limit.Limit) == value && c.h.trials[i].Verdict.Judgement != Inconclusive && !c.h.warmedUp(i) {
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
	why := "noise of " + percentText(c.sigma())
	if f := c.binding(""); f != nil && f.metric == scenarios.ThrottledRatio {
		why = "throttling, which comes in runs,"
	}
	return fmt.Sprintf("%s uses %.0fm; its SLOs should just hold at %.0fm, and %s asks for %s on top",
		c.limit.Container, c.usage, c.demand(), why, percentText(float64(x)/c.demand()-1))
}
