package tuner

// Doomed says why a trial that is still running is lost already, or "" where it is not.
func Doomed(goal Goal, step Step, soFar Observation) string { return "" }
