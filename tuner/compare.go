package tuner

import (
	"math"
	"slices"

	"github.com/plimsoll/plimsoll/scenarios"
)

// Difference is one figure of two sets of trials, and whether they differ by more than their noise.
type Difference struct {
	// Metric names the figure ("p99 response time", "CPU per hit"); Container is empty where it belongs to none.
	Metric    string `json:"metric"`
	Container string `json:"container,omitempty"`
	// Unit is seconds, cpu_seconds, bytes, hits_per_second or ratio (0–1).
	Unit string `json:"unit"`
	// Before and After are the means: geometric ones, and for ratios those of the roots' arcsines.
	Before float64 `json:"before"`
	After  float64 `json:"after"`
	// Change is After against Before: a ratio (0.18 is 18 % more), and for figures that are ratios themselves After − Before.
	Change float64 `json:"change"`
	// AtLeast is true where After is a lower bound, because hits did not complete: Change is one too, and can be worse only.
	AtLeast bool `json:"at_least,omitempty"`
	// Noise is how far Change may be from 0 by chance, in the unit and in the direction of Change: the smallest change that
	// these trials could have shown in that direction. See Alpha.
	Noise float64 `json:"noise"`
	// SmallestWorse is the same for a change for the worse, whatever Change was.
	SmallestWorse float64 `json:"smallest_worse"`
	// P is the probability of a difference this large or larger, in either direction, where nothing changed.
	P float64 `json:"p_value"`
	// BeforeTrials and AfterTrials are how many trials each mean is over, 1 or more.
	BeforeTrials int `json:"before_trials"`
	AfterTrials  int `json:"after_trials"`
	// Worse and Better are true where the change is beyond the noise; a difference that is not proven is neither.
	Worse  bool `json:"worse"`
	Better bool `json:"better"`
}

// Alpha is the probability that a comparison in which nothing changed calls anything worse, and as much again that it calls
// anything better. It is shared out evenly over its figures (Bonferroni).
const Alpha = 0.01

// Compare says for each figure that both sets of trials have, how they differ. Trials are compared with those of the same
// scenario only; trials in doubt, or that were not run whole, are left out. The order is that of the figures, containers in
// the order of the newest trial. It is empty where the two have no scenario in common.
//
// Method: a two-sample t test on transformed figures (logarithm; arcsine of the root for ratios), stratified by scenario,
// with the run-to-run variance pooled over all groups of trials. For scenario s with n trials
// before and m after, d_s is the difference of means and w_s = 1/(1/n+1/m):
//
//	d = Σ w_s·d_s / Σ w_s,   SE = s/√(Σ w_s),   t = d/SE
//
// and s is taken twice: as measured, with Σ(size−1) degrees of freedom, which is exact for normal noise however large it is;
// and with a prior as in noise, with ν₀ degrees more, which keeps few trials that agree by luck, and a machine that drifts
// from one day to the next, from being called a change. The less certain of the two answers stands. What seconds within a
// trial show of the noise is not used: trials of a real service differ by more than that.
//
// Sources: W. G. Cochran, "The combination of estimates from different experiments", Biometrics 10 (1954), for the
// weights; Gelman et al., Bayesian Data Analysis, 3rd ed., §3.3, for the prior; benchstat of golang.org/x/perf for the form
// of the answer.
//
// Worked: before {1, 1}, after {1.25, 1.25}, σ₀ = 0.03 worth 3: s² = 3·0.0009/(3+2), s = 0.0232; d = ln 1.25 = 0.223,
// w = 1, SE = 0.0232, t = 9.60 with 5 degrees: p = 0.0002. Of eight figures with 4+4 trials in two scenarios that agree
// exactly, the smallest change that shows is t(0.99875; 7)·σ₀·√(3/7)/√2: 6.6 % for σ₀ = 0.03, 11.2 % for 0.05.
func Compare(before, after []Trial) []Difference {
	before, after = Comparable(before), Comparable(after)
	figures := comparedFigures(after)
	var all []comparison
	for _, f := range figures {
		if c, ok := f.compare(before, after); ok {
			all = append(all, c)
		}
	}
	differences := []Difference{}
	for _, c := range all {
		differences = append(differences, c.difference(Alpha/float64(len(all))))
	}
	return differences
}

// Comparable are the trials that can be compared: judged, and run to their planned end.
func Comparable(trials []Trial) []Trial {
	var all []Trial
	for _, t := range trials {
		if t.Verdict.Judgement != Inconclusive && t.Observation.Complete && t.Observation.Load != nil {
			all = append(all, t)
		}
	}
	return all
}

// scale is how a figure is transformed so that its noise is nearly the same everywhere, and back.
type scale struct{ to, from func(float64) float64 }

// logarithmic is for amounts above 0, arcsine for shares of 0–1 (see throttleMargin).
func logarithmic() scale { return scale{math.Log, math.Exp} }

func arcsine() scale {
	return scale{func(x float64) float64 { return math.Asin(math.Sqrt(max(0, min(1, x)))) },
		func(y float64) float64 { s := math.Sin(max(0, min(math.Pi/2, y))); return s * s }}
}

// comparedFigure is one figure that trials are compared on.
type comparedFigure struct {
	metric, container, unit string
	scale                   scale
	// less is true where less is worse.
	less bool
	// prior is σ₀ of the transformed figure from run to run, before it was measured.
	prior float64
	// of is the figure of a trial; ok is false where it is not known.
	of func(*Trial) (x float64, ok bool)
	// bound says whether that is only a lower bound of it; nil where it never is.
	bound func(*Trial) bool
}

// What is assumed of the noise before it was measured, and how many degrees of freedom that is worth: latencies of a few
// milliseconds repeat to some 5 %, CPU per hit and memory to 3 %. Where they repeat worse, what was measured counts.
const (
	priorLatency, priorCPU, priorMemory = 0.05, 0.03, 0.03
	priorThrottled, priorErrors         = 0.05, 0.01
	priorThroughput, priorStartup       = 0.01, 0.2
	comparePriorWeight                  = 3.0
)

// comparedFigures are the figures that trials have, containers in the order of the newest.
func comparedFigures(trials []Trial) []comparedFigure {
	if len(trials) == 0 {
		return nil
	}
	all := []comparedFigure{
		{metric: "p50 response time", unit: "seconds", scale: logarithmic(), prior: priorLatency, of: responseAt(0.5), bound: boundAt(0.5)},
		{metric: "p99 response time", unit: "seconds", scale: logarithmic(), prior: priorLatency, of: responseAt(0.99), bound: boundAt(0.99)},
		{metric: "failed hits", unit: "ratio", scale: arcsine(), prior: priorErrors, of: failedRatio},
		{metric: "throughput", unit: "hits_per_second", scale: logarithmic(), less: true, prior: priorThroughput,
			of: func(t *Trial) (float64, bool) {
				return t.Observation.Load.Throughput, t.Observation.Load.Throughput > 0
			}},
		{metric: "start-up", unit: "seconds", scale: logarithmic(), prior: priorStartup, of: startupTime},
	}
	for _, c := range trials[len(trials)-1].Step.Settings {
		name := c.Container
		all = append(all,
			comparedFigure{metric: "CPU per hit", container: name, unit: "cpu_seconds", scale: logarithmic(), prior: priorCPU, of: cpuPerHit(name)},
			comparedFigure{metric: "throttled periods", container: name, unit: "ratio", scale: arcsine(), prior: priorThrottled, of: worstThrottled(name)},
			comparedFigure{metric: "working set", container: name, unit: "bytes", scale: logarithmic(), prior: priorMemory, of: largestWorkingSet(name)})
	}
	return all
}

func responseAt(q float64) func(*Trial) (float64, bool) {
	return func(t *Trial) (float64, bool) {
		x, ok := t.Observation.Load.Quantile(q)
		return x.Time.Seconds(), ok && x.Time > 0
	}
}

// boundAt says whether the response time at q is a lower bound, because hits did not complete.
func boundAt(q float64) func(*Trial) bool {
	return func(t *Trial) bool {
		x, ok := t.Observation.Load.Quantile(q)
		return ok && x.AtLeast
	}
}

func failedRatio(t *Trial) (float64, bool) {
	l := t.Observation.Load
	if l.Hits == 0 {
		return 0, false
	}
	return 1 - float64(l.Outcomes["ok"])/float64(l.Hits), true
}

func startupTime(t *Trial) (float64, bool) {
	if s := t.Observation.Startup; s != nil && *s > 0 {
		return s.Seconds(), true
	}
	return 0, false
}

// uses are what each replica of a container used.
func uses(t *Trial, container string) []ContainerUse {
	return slices.DeleteFunc(slices.Clone(t.Observation.Containers), func(c ContainerUse) bool { return c.Container != container })
}

// cpuPerHit is CPU time of all replicas of a container for each hit answered.
func cpuPerHit(container string) func(*Trial) (float64, bool) {
	return func(t *Trial) (float64, bool) {
		all, cores := uses(t, container), 0.0
		for _, c := range all {
			if c.CPU == nil {
				return 0, false
			}
			cores += *c.CPU
		}
		throughput := t.Observation.Load.Throughput
		return cores / throughput, throughput > 0 && cores > 0
	}
}

func worstThrottled(container string) func(*Trial) (float64, bool) {
	return func(t *Trial) (worst float64, known bool) {
		for _, c := range uses(t, container) {
			ratio := c.ThrottledRatio()
			if ratio == nil {
				return 0, false
			}
			worst, known = max(worst, *ratio), true
		}
		return worst, known
	}
}

func largestWorkingSet(container string) func(*Trial) (float64, bool) {
	return func(t *Trial) (float64, bool) {
		largest := scenarios.Bytes(0)
		for _, c := range uses(t, container) {
			if c.WorkingSet == nil {
				return 0, false
			}
			largest = max(largest, *c.WorkingSet)
		}
		return float64(largest), largest > 0
	}
}
