package tuner

import "fmt"

// confirm is the soak on fresh replicas at exactly the values that will be printed: rounded limits and requests.
func (h history) confirm(held Settings) Step {
	settings := h.withRequests(held)
	return Step{Purpose: Confirm, Settings: settings, Scenario: h.goal.Tuning.Confirm, Fresh: true, Whole: true,
		Reason: "every limit is settled: a soak on fresh replicas at exactly " + h.limitsText(settings)}
}

// soakUnexplained is the step after a soak that failed and no limit explains why, though shorter trials passed: the same
// soak once more, since a neighbour or a dependency may have been in trouble; then no limit explains it. A figure that
// still grows without end after a step up is not the limit's either. ok is false for other failures.
func (h history) soakUnexplained(last *Trial) (step Step, ok bool) {
	v := last.Verdict
	if !last.Step.soak() || v.Judgement != Fail || v.Mode == MemoryCreep {
		return Step{}, false
	}
	soaks := 0
	for i := range h.trials {
		t := &h.trials[i]
		if !t.Step.soak() || t.Verdict.Judgement != Fail {
			continue
		}
		if t.Verdict.Mode == CreepingSaturation && v.Mode == CreepingSaturation || t.Verdict.Culprit == nil && h.sameLimits(t.Step.Settings, last.Step.Settings) {
			soaks++
		}
	}
	switch {
	case v.Culprit != nil && (v.Mode != CreepingSaturation || soaks < 2):
		return Step{}, false
	case soaks < 2 && h.affords(last.Step.Scenario):
		step = last.Step
		step.Change, step.Fresh, step.Reason = nil, true, v.Why+": the same soak once more, to be sure"
		return step, true
	case v.Mode == CreepingSaturation:
		return h.end(Unexplained, "saturation over time, no limit holds for ever: "+v.Why), true
	}
	return h.end(Unexplained, "short trials pass, the soak does not, and no limit explains it (a lock, a pool, a dependency?): "+v.Why), true
}

// unsettled says whether a limit still has a value worth trying.
func (h history) unsettled() bool {
	for _, l := range h.goal.Limits {
		if h.estimateOf(l).next != 0 {
			return true
		}
	}
	return false
}

// confirmed ends the search after the soak passed. Where a limit is not settled and the budget allows it (a resumed
// search was given a larger one) it goes on.
func (h history) confirmed(soak *Trial) Step {
	before := history{goal: h.goal, trials: h.trials[:len(h.trials)-1]}
	stopped := before.mustStop()
	if stopped || h.goal.ResumedAt > 0 { // else the soak was asked for because every limit was settled
		before = newHistory(before.goal, before.trials)
	}
	if h.goal.ResumedAt > 0 && !stopped && before.unsettled() && !h.mustStop() {
		return h.lower(soak)
	}
	outcome, why := Derived, fmt.Sprintf("limits derived in %d trials and confirmed by the soak of trial %d", len(before.trials), soak.Number)
	for _, l := range h.goal.Limits {
		switch {
		case l.Resource == CPU && !h.minor(l.Limit) && h.search(l).inverted():
			outcome = NotMonotone
			why = fmt.Sprintf("%s; %s passed at a smaller limit than one that failed, so the largest failing value bounds it", why, limitName(l.Limit))
		case stopped && outcome == Derived && before.estimateOf(l).next != 0:
			outcome = BudgetSpent
			why = fmt.Sprintf("the budget is spent before %s was settled; the limits were confirmed by the soak of trial %d", limitName(l.Limit), soak.Number)
		}
	}
	step := h.end(outcome, why)
	r := step.Result
	r.Settings, r.Verified = soak.Step.Settings, true
	r.Evidence = h.evidence(soak.Step.Settings, h)
	r.Sigma, r.Confidence = h.summary(r.Evidence)
	r.Warnings = h.coldWarnings()
	return step
}
