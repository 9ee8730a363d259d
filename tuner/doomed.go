package tuner

import (
	"fmt"
	"math"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// Doomed says why a trial that is still running is lost already, or "" where it is not, and whether it is lost by kills
// alone, which no counter has to explain. A trial is lost when
//
//   - a container was killed, or ended by itself, more often than the SLOs allow, in the warm-up too;
//   - an SLO is beyond rescue by arithmetic: more hits have failed, or were slower than the bound, than it forgives
//     over all hits planned for the window, even if every hit to come is perfect; or the peak memory is over its bound;
//   - a sequential test says that an SLO is being missed all the time (see beyondRescue), where the rest of the plan is
//     no lighter. It wants to be surer for a step that must run whole.
//
// Nothing but kills is judged in the warm-up.
func Doomed(goal Goal, step Step, soFar Observation) (why string, killed bool) {
	h := &hearing{goal: goal, step: step, o: soFar, margins: measure(goal, step, soFar)}
	if _, void := h.voided(); !void {
		if v, killed := h.killed(); killed && v.Judgement == Fail {
			return v.Why, true
		}
	}
	if l, isLost := lost(goal, step, soFar); isLost {
		return l.why, false
	}
	return "", false
}

// loss is an SLO that the rest of a trial can't save.
type loss struct {
	slo scenarios.SLO
	why string
}

// lost finds the first SLO on load or usage that is beyond rescue. What it says of a trial it says of every longer part
// of that trial too, so that Judge agrees with what ended it.
func lost(goal Goal, step Step, o Observation) (loss, bool) {
	plan := goal.scenario(step.Scenario)
	f := follow(o)
	for _, slo := range goal.SLOs[step.Scenario] {
		why := beyondArithmetic(slo, plan, o, f)
		if why == "" && neverLighter(plan) {
			why = beyondTest(slo, f, step.Whole)
		}
		if why != "" {
			return loss{slo, why}, true
		}
	}
	return loss{}, false
}

// beyondArithmetic says why not even a perfect rest of the window could meet the SLO.
func beyondArithmetic(slo scenarios.SLO, plan scenarios.Scenario, o Observation, f course) string {
	hits := mostHits(plan)
	switch slo.Metric {
	case scenarios.ErrorRatio, scenarios.ThroughputRate:
		forgiven := slo.Value * hits
		if slo.Metric == scenarios.ThroughputRate {
			forgiven = (1 - slo.Value) * hits
		}
		if failed := f.failed(o); hits > 0 && float64(failed) > forgiven+1 {
			return fmt.Sprintf("%s failed, more than %q forgives over the whole window (%.0f)", plural(failed, "hit"), slo.Text, math.Floor(forgiven))
		}
	case scenarios.ResponseTime:
		forgiven := (1 - slo.Quantile) * hits
		if over := f.over(o, slo); hits > 0 && float64(over) > forgiven+1 {
			return fmt.Sprintf("%s slower than %s, more than %q forgives over the whole window (%.0f)",
				plural(over, "hit"), timeText(slo.Time), slo.Text, math.Floor(forgiven))
		}
	case scenarios.MemoryUse:
		if r := busiest(o, "", memoryOfLimit); r.value != nil && !holds(slo, *r.value) {
			return fmt.Sprintf("%s held %s of its memory limit, %q forgives no more", r.container, percentText(*r.value), slo.Text)
		}
	}
	return ""
}

// mostHits is more hits than will be planned for the judged window: the integral of the rate after the warm-up, and
// four standard deviations of a Poisson count. 0 where the plan is not known.
func mostHits(plan scenarios.Scenario) float64 {
	mean, begin := 0.0, time.Duration(0)
	for _, st := range plan.Stages {
		if from := max(plan.Warmup-begin, 0); from < st.For {
			mean += stageHits(st, from)
		}
		begin += st.For
	}
	return mean + 4*math.Sqrt(mean)
}

// stageHits is the integral of a stage's rate from an instant to its end:
//
//	∫ From + (To−From)·t/D + A·sin(2πt/P) dt    over t = from … D, all times in seconds
//
// A ramp from 0 to 100 hits/s over 10 s has 500 hits, 375 of them in its second half.
func stageHits(st scenarios.Stage, from time.Duration) float64 {
	upTo := func(t float64) float64 {
		n := st.From*t + (st.To-st.From)*t*t/(2*st.For.Seconds())
		if st.Period > 0 {
			w := 2 * math.Pi / st.Period.Seconds()
			n += st.Amplitude / w * (1 - math.Cos(w*t))
		}
		return n
	}
	return upTo(st.For.Seconds()) - upTo(from.Seconds())
}

// neverLighter is whether the planned rate never falls after the warm-up, so that what is missed now will not mend.
func neverLighter(plan scenarios.Scenario) bool {
	rate, begin := 0.0, time.Duration(0)
	for _, st := range plan.Stages {
		if begin += st.For; begin <= plan.Warmup {
			continue
		}
		if st.Amplitude != 0 || st.To < st.From || st.From < rate {
			return false
		}
		rate = st.To
	}
	return len(plan.Stages) > 0
}
