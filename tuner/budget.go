package tuner

import (
	"fmt"
	"time"
)

// spent is the time all trials took.
func (h history) spent() time.Duration {
	var sum time.Duration
	for i := range h.trials {
		sum += h.trials[i].Elapsed
	}
	return sum
}

// left is the number of trials the budget still allows.
func (h history) left() int { return h.goal.Tuning.MaxTrials - len(h.trials) }

// cost is what one more trial of a scenario should take: its length, and the largest overhead seen so far.
func (h history) cost(scenario string) time.Duration {
	var overhead time.Duration
	for i := range h.trials {
		t := &h.trials[i]
		if t.Observation.Complete {
			overhead = max(overhead, t.Elapsed-t.Observation.Planned)
		}
	}
	return h.goal.scenario(scenario).Duration() + overhead
}

// affords says whether one more trial of a scenario fits into the budget.
func (h history) affords(scenario string) bool {
	return h.left() >= 1 && h.spent()+h.cost(scenario) <= h.goal.Tuning.MaxTime
}

// mustStop says whether one more probe would leave too little to go back to what passed and confirm it.
func (h history) mustStop() bool {
	probe, confirm := h.cost(h.goal.Tuning.Probe), h.cost(h.goal.Tuning.Confirm)
	return h.left() < 3 || h.spent()+2*probe+confirm > h.goal.Tuning.MaxTime
}

// stop spends what is left of the budget on confirming the best settings that passed, and then ends the search.
func (h history) stop() Step {
	last := h.last()
	best := h.best()
	tuning := h.goal.Tuning
	budget := fmt.Sprintf("the budget (%d trials, %s) is spent", tuning.MaxTrials, tuning.MaxTime)
	soak := h.verified()
	switch {
	case best == nil && soak != nil: // nothing to go back to, but something is confirmed
	case best == nil && !h.judged():
		return h.end(NotMeasured, budget+" and no trial could be judged; the last: "+last.Verdict.Why)
	case best == nil && h.passing() > 0:
		return h.end(BudgetSpent, budget+" and what passed can't be confirmed any more")
	case best == nil:
		return h.end(BudgetSpent, budget+" and nothing passed")
	case h.sameLimits(best.Step.Settings, last.Step.Settings) && h.affords(tuning.Confirm) && last.Step.Purpose != Confirm:
		step := h.confirm(last.Step.Settings)
		step.Reason = budget + ": confirm the best so far"
		return step
	case !h.sameLimits(best.Step.Settings, last.Step.Settings) && h.left() >= 2 && h.affords(tuning.Probe):
		return h.toward(best.Step.Settings, Probe, budget+": back to the best that passed")
	}
	if soak != nil {
		step := h.end(BudgetSpent, fmt.Sprintf("%s; the best limits that a soak confirmed are those of trial %d", budget, soak.Number))
		step.Result.Settings, step.Result.Verified = soak.Step.Settings, true
		step.Result.Evidence = h.evidence(step.Result.Settings, h.until(soak))
		step.Result.Warnings = h.coldWarnings()
		return step
	}
	step := h.end(BudgetSpent, fmt.Sprintf("%s; trial %d passed at these limits, no soak confirmed them", budget, best.Number))
	step.Result.Settings = h.withRequests(best.Step.Settings)
	step.Result.Evidence = h.evidence(step.Result.Settings, h.until(best))
	step.Result.Warnings = h.coldWarnings()
	return step
}

// judged says whether any trial was.
func (h history) judged() bool {
	for i := range h.trials {
		if h.trials[i].Verdict.Judgement != Inconclusive {
			return true
		}
	}
	return false
}

// best is the trial that passed with the smallest limits, on fresh replicas where these need more, among those one step away
// from the newest and not refuted by a soak; nil where there is none.
func (h history) best() *Trial {
	var best *Trial
	for i := range h.trials {
		t := &h.trials[i]
		if t.Verdict.Judgement != Pass || h.warmedUp(i) || h.refuted(t.Step.Settings) || h.distance(t.Step.Settings) > 1 {
			continue
		}
		if best == nil || h.size(t.Step.Settings) < h.size(best.Step.Settings) {
			best = t
		}
	}
	return best
}

// verified is the soak that passed at the smallest limits and that no later one refuted; nil where there is none. A
// resumed search may have confirmed limits before it went on.
func (h history) verified() *Trial {
	var least *Trial
	for i := range h.trials {
		t := &h.trials[i]
		if t.Step.soak() && t.Verdict.Judgement == Pass && !h.refuted(t.Step.Settings) && (least == nil || h.size(t.Step.Settings) < h.size(least.Step.Settings)) {
			least = t
		}
	}
	return least
}

// refuted says whether a confirming soak failed at these limits, or they failed more often than they passed.
func (h history) refuted(s Settings) bool {
	balance := 0
	for i := range h.trials {
		t := &h.trials[i]
		if !h.sameLimits(t.Step.Settings, s) || t.Verdict.Judgement == Inconclusive || t.Verdict.Judgement == Pass && h.warmedUp(i) {
			continue
		}
		switch {
		case t.Verdict.Judgement == Pass:
			balance++
		case t.Step.soak():
			return true
		default:
			balance--
		}
	}
	return balance < 0
}

// distance is the number of limits in which s differs from the newest trial's.
func (h history) distance(s Settings) int {
	n := 0
	for _, l := range h.goal.Limits {
		if valueOf(s, l.Limit) != valueOf(h.lastSettings(), l.Limit) {
			n++
		}
	}
	return n
}

// size orders settings: the sum of the logarithms of their limits, so that halving any limit counts the same.
func (h history) size(s Settings) float64 {
	sum := 0.0
	for _, l := range h.goal.Limits {
		sum += spanOf(max(1, valueOf(s, l.Limit)))
	}
	return sum
}
