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
	// Closed offers no schedule: each of Connections sends its next hit as soon as the one before has ended, for the
	// length of the scenario. Connections is used by nothing else.
	Closed      bool
	Connections int
	// Grace is how long hits in flight at the end may take to finish before they count as unfinished.
	Grace time.Duration
	// OnSecond is called about once a second with that second's figures, from one goroutine; nil: not called.
	OnSecond func(Second)
}

// Run offers the plan's hits and returns what came of them. Cancelling ctx stops offering, drains what is in flight for
// Plan.Grace and returns the result of what was run, with Complete false. The error is for a plan that cannot be run
// and for an instrument that broke; a failing service is a Result.
func Run(ctx context.Context, plan Plan) (Result, error) {
	return Result{}, errors.New("loadgen: not built yet")
}
