package loadgen

import (
	"context"
	"errors"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// Plan is all that a run is told.
type Plan struct {
	Traffic  scenarios.Traffic
	Scenario scenarios.Scenario
	// Addresses of the replicas, host:port, in order. Empty: the address of Traffic.URL.
	Addresses []string
	// TightestSLO is the smallest response-time bound the run is judged on; it sets how much lag is allowed. 0: none.
	TightestSLO time.Duration
	// Grace is how long hits in flight at the end may take to finish before they count as unfinished.
	Grace time.Duration
	// OnSecond is called about once a second with that second's figures, from one goroutine; nil: not called.
	OnSecond func(Second)
}

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

// Run offers the plan's hits and returns what came of them. Cancelling ctx stops offering, drains what is in flight for
// Plan.Grace and returns the result of what was run, with Complete false. The error is for a plan that cannot be run
// and for an instrument that broke; a failing service is a Result.
func Run(ctx context.Context, plan Plan) (Result, error) {
	return Result{}, errors.New("loadgen: not built yet")
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

// Outcome is what became of a hit.
type Outcome string

// The outcomes. Each has a histogram of its own.
const (
	OK               Outcome = "ok"
	UnexpectedStatus Outcome = "unexpected_status"
	UnexpectedBody   Outcome = "unexpected_body"
	Refused          Outcome = "refused"
	Reset            Outcome = "reset"
	Timeout          Outcome = "timeout"
	Dropped          Outcome = "dropped"    // never sent: the cap on hits in flight was reached, or it was too late
	Unfinished       Outcome = "unfinished" // still in flight when the grace at the end was over
	Protocol         Outcome = "protocol"   // a reply that is none: garbage, truncated, wrong length
	TLSFailure       Outcome = "tls"
	Resolve          Outcome = "resolve"   // the name has no address
	Exhausted        Outcome = "exhausted" // no ephemeral port or file descriptor left: the generator's own
)
