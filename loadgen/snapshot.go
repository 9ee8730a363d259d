package loadgen

// forwardSeconds merges the seconds that the recorders hand over and passes each to onSecond (which may be nil), in
// order, until every recorder has finished. It returns the most hits in flight at once.
func forwardSeconds(recorders []*recorder, onSecond func(Second)) (maxInFlight int64) { return 0 }
