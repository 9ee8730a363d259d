package tuner

// Abandon ends a search from outside: it was interrupted, or its instrument broke. The result holds the best settings
// that passed so far, where any did; they are not verified.
func Abandon(goal Goal, trials []Trial, why string) Step {
	h := newHistory(goal, trials)
	step := h.end(Interrupted, why)
	if len(trials) == 0 {
		return step
	}
	if best := h.best(); best != nil {
		step.Result.Settings = h.withRequests(best.Step.Settings)
		step.Result.Evidence = h.evidence(step.Result.Settings, h.until(best))
	}
	return step
}
