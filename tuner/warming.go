package tuner

import (
	"fmt"
	"math"
)

// warmingLeast is the ratio of the usage of fresh replicas over that of warm ones from which trials of the two are kept
// apart: a runtime that compiles its code while it serves (a Java server used 190m in its first 13 s, and 155m later).
const warmingLeast = 1.05

// warmingOf is how much more CPU replicas use in the trial they were started for than in later ones, as the logarithm of
// the ratio; 0 where that is less than warmingLeast, or than the noise can make of it. A rollout meets the load with
// fresh replicas, as the confirming soak does: where they need more, a limit that warm ones passed at tells too little.
//
// Groups k of probes at equal memory limits (a collector short of memory uses more CPU) have a mean of ln(usage) among
// their a fresh trials that passed, and one among their b warm ones. With d the difference of the two and w = ab/(a+b),
//
//	d̄ = Σwd / Σw  ± s/√Σw
//
// and 3 standard errors tell the two apart. Worked: one fresh trial of 190m, one warm of 155m, s = 0.01:
// d̄ = ln(190/155) = 0.204 ± 0.014.
func (h history) warmingOf(container string) float64 {
	n := noise{prior: usageNoise, priorWeight: usageNoiseWeight}
	sum, weight := 0.0, 0.0
	for i := range h.trials {
		if h.firstSameMemory[i] != i {
			continue
		}
		var fresh, warm group
		for j := i; j < len(h.trials); j++ {
			t := &h.trials[j]
			if h.firstSameMemory[j] != i || t.Step.Scenario != h.goal.Tuning.Probe || !h.usageKnown(j, container) {
				continue
			}
			y := math.Log(*h.use(j, container).cpu)
			if !t.Observation.Fresh {
				warm.add(y)
			} else if t.Verdict.Judgement == Pass {
				fresh.add(y)
			}
		}
		n.addGroup(fresh)
		n.addGroup(warm)
		if a, b := float64(fresh.count), float64(warm.count); a > 0 && b > 0 {
			w := a * b / (a + b)
			sum, weight = sum+w*(fresh.mean()-warm.mean()), weight+w
		}
	}
	if weight == 0 || sum/weight < max(math.Log(warmingLeast), 3*n.sigma()/math.Sqrt(weight)) {
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

// warmedUp says whether trial i is of replicas that had served before, of a service whose fresh replicas use more CPU: that
// it passed says nothing of a CPU limit.
func (h history) warmedUp(i int) bool { return h.warming > 0 && !h.trials[i].Observation.Fresh }

// alike says whether the usage of two trials can be compared.
func (h history) alike(i, j int) bool { return h.warmedUp(i) == h.warmedUp(j) }

// passes says whether trial i shows that the value it had of a limit was enough.
func (h history) passes(i int, l Limit) bool {
	return h.trials[i].Verdict.Judgement == Pass && !(l.Resource == CPU && h.warmedUp(i))
}

func (h history) warmingText() string {
	return fmt.Sprintf("fresh replicas use %s more CPU than warm ones", percentText(math.Expm1(h.warming)))
}
