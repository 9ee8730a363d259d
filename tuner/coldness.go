package tuner

import (
	"fmt"
	"math"

	"github.com/plimsoll/plimsoll/scenarios"
)

// coldness is by how much trials of replicas just started differ from later ones: logarithms of ratios, each 0 where it is
// no more than noise. A rollout meets the load with fresh replicas, as the confirming soak does: where these do worse, a CPU
// limit that warm ones passed at tells too little, and all that follows is tried cold.
type coldness struct {
	use  float64 // CPU usage: a runtime that compiles its code while it serves
	slow float64 // a response time of the probing scenario
	// found is true once a CPU limit moved on fresh replicas: what showed then is not taken back because more trials blur it.
	found bool
}

// What makes a difference worth to go on cold: Java and Node.js servers used 14 to 28 % more CPU in their first 13 s than
// later; and a p99 twice as long is more than the limits tried next to each other make of it, where it is not so far below
// its bound (coldReach, a fifth of it, as y = ln(value/bound)) that it decides nothing.
const (
	coldUse   = 1.05
	coldSlow  = 2.0
	coldReach = -1.6
)

func (c coldness) matters() bool { return c.use > 0 || c.slow > 0 || c.found }

func (c coldness) text() string {
	if c.use > 0 {
		return fmt.Sprintf("fresh replicas use %s more CPU than warm ones", percentText(math.Expm1(c.use)))
	}
	return "fresh replicas did worse than warm ones"
}

// coldWarnings are what a reader of a result must see of it.
func (h history) coldWarnings() []string {
	if !h.cold.matters() {
		return nil
	}
	return []string{h.cold.text() + ": the CPU limits are what a rollout needs"}
}

// coldnessOf is the largest of every container and every SLO on a response time; none where no CPU limit is searched. Usage is
// compared at equal memory limits (a collector short of memory uses more), response times at equal CPU limits.
func (h history) coldnessOf() coldness {
	var c coldness
	if !h.searches(CPU) {
		return c
	}
	probes := 0
	for i := range h.trials {
		s := &h.trials[i].Step
		if s.Purpose == Probe {
			probes++
		}
		asked := s.Purpose == Probe && s.Fresh && s.Change != nil && s.Change.Resource == CPU
		c.found = c.found || asked && (probes > 1 || h.earlier() == nil) // a warm start's first probe is cold in any case
	}
	for _, container := range h.containers {
		c.use = max(c.use, h.colder(h.firstSameMemory, noise{prior: usageNoise, priorWeight: usageNoiseWeight}, coldUse, math.Inf(-1), func(i int) (float64, bool) {
			if !h.usageKnown(i, container) {
				return 0, false
			}
			return math.Log(*h.use(i, container).cpu), true
		}))
	}
	for _, slo := range h.goal.SLOs[h.goal.Tuning.Probe] {
		if slo.Metric == scenarios.ResponseTime {
			c.slow = max(c.slow, h.colder(h.firstSameCPU, h.priorNoise(slo.Text), coldSlow, coldReach, func(i int) (float64, bool) {
				return marginOf(&h.trials[i], slo.Text)
			}))
		}
	}
	return c
}

// colder is by how much a figure, a logarithm, is larger in fresh trials than in warm ones; 0 where the ratio is less than
// least, or than the noise can make of it. Groups k of probes that passed, those with the same first one, have a mean
// among their a fresh trials and one among their b warm ones. With d the difference of the two and w = ab/(a+b),
//
//	d̄ = Σwd / Σw  ± s/√Σw
//
// and 3 standard errors tell the two apart. A group whose fresh mean is not above reach decides nothing. Worked: one fresh trial
// of 190m, one warm of 155m, s = 0.01: d̄ = ln(190/155) = 0.204 ± 0.014.
func (h history) colder(first []int, n noise, least, reach float64, figure func(i int) (y float64, ok bool)) float64 {
	sum, weight := 0.0, 0.0
	for i := range h.trials {
		if first[i] != i {
			continue
		}
		var fresh, warm group
		for j := i; j < len(h.trials); j++ {
			t := &h.trials[j]
			if first[j] != i || t.Verdict.Judgement != Pass || t.Step.Scenario != h.goal.Tuning.Probe {
				continue
			}
			if y, ok := figure(j); ok && t.Observation.Fresh {
				fresh.add(y)
			} else if ok {
				warm.add(y)
			}
		}
		n.addGroup(fresh)
		n.addGroup(warm)
		if a, b := float64(fresh.count), float64(warm.count); a > 0 && b > 0 && fresh.mean() > reach {
			w := a * b / (a + b)
			sum, weight = sum+w*(fresh.mean()-warm.mean()), weight+w
		}
	}
	if weight == 0 || sum/weight < max(math.Log(least), 3*n.sigma()/math.Sqrt(weight)) {
		return 0
	}
	return sum / weight
}

// usageKnown says whether the usage of a container in trial i is that of the whole load: known, served, and not cut off by
// its limit.
func (h history) usageKnown(i int, container string) bool {
	t, u := &h.trials[i], h.use(i, container)
	limit := float64(h.value(i, Limit{container, CPU}))
	return t.Verdict.Judgement != Inconclusive && u.cpu != nil && *u.cpu > 0 && (limit == 0 || *u.cpu*1000 < 0.98*limit) &&
		served(t.Observation.Load)
}

// warmedUp says whether trial i is of replicas that had served before, of a service that does worse on fresh ones: that it
// passed says nothing of a CPU limit.
func (h history) warmedUp(i int) bool { return h.cold.matters() && !h.trials[i].Observation.Fresh }

// alike says whether the usage of two trials can be compared.
func (h history) alike(i, j int) bool { return h.warmedUp(i) == h.warmedUp(j) }

// passes says whether trial i shows that the value it had of a limit was enough.
func (h history) passes(i int, l Limit) bool {
	return h.trials[i].Verdict.Judgement == Pass && !(l.Resource == CPU && h.warmedUp(i))
}
