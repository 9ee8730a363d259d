package tuner

// Judge says whether a trial passed, by what margin, and how it failed.
func Judge(goal Goal, step Step, o Observation) Verdict {
	return Verdict{Judgement: Inconclusive, Why: "not judged"}
}
