package loadgen

import "time"

// Second is the figures of one second of load.
type Second struct {
	// At is the end of the second since the run began.
	At     time.Duration
	Warmup bool
	// Planned, Started, OK and Failed hits of this second.
	Planned, Started, OK, Failed int64
	InFlight                     int64
	// P50 and P99 of response times of hits that ended in this second; nil where none did.
	P50, P99 *time.Duration
}

// Result is what came of one run.
type Result struct {
	// Started is the instant the schedule counts from.
	Started time.Time
	// Window is the judged time (without the warm-up), up to the end or the interruption.
	Window   time.Duration
	Complete bool
	// Offered is hits planned per second of the window, Achieved hits started, Throughput hits ok.
	Offered, Achieved, Throughput float64
	// Hits planned in the window; Outcomes counts each of them once.
	Hits     int64
	Outcomes map[Outcome]int64
	// Invalid says why the run can't be judged (the generator lagged or was throttled itself); empty: it can.
	Invalid []string
	// MaxInFlight is the most hits in flight at once.
	MaxInFlight int64
	// ReplicaOK counts ok hits by address, in the order of Plan.Addresses.
	ReplicaOK []int64
}

// ranFor says what only the engine knows of a run.
type ranFor struct {
	started time.Time
	// ended is when the schedule ended or was interrupted; drained when the last hit had ended or the grace was over.
	ended, drained time.Duration
	complete       bool
	maxInFlight    int64
	before, after  ownUse
}

// summarize folds the recorders of a run into its result.
func summarize(plan Plan, recorders []*recorder, ran ranFor) Result { return Result{} }
