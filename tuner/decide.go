package tuner

// Decide returns the next step of a search, or its result. The same trials give the same step.
func Decide(goal Goal, trials []Trial) Step {
	return Step{Result: &Result{Outcome: NotMeasured, Why: "not decided"}}
}
