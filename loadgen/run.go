package loadgen

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
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
	// Grace is how long hits in flight at the end may take to finish before they count as unfinished. Once the run is
	// cancelled they have a second more at most.
	Grace time.Duration
	// OnStart is called once, with the instant the schedule counts from, from the goroutine that calls OnSecond and
	// before it does; nil: not called. Where the load runs on another machine, the instant is by the clock of this one.
	OnStart func(began time.Time)
	// OnSecond is called about once a second with that second's figures, from one goroutine; nil: not called.
	OnSecond func(Second)
}

// offerer offers its part of the hits of a run.
type offerer interface {
	// run returns when each of its hits has an outcome. The error is for a broken instrument.
	run() error
	// stop makes run offer nothing more; any goroutine may call it at any time.
	stop()
	// over says, after run, when its schedule ended, and whether stop had ended it, or what was in flight, before its
	// time.
	over() (ended time.Duration, interrupted bool)
	// close gives back what the offerer holds; neither run nor stop may be called after it.
	close()
}

// Run offers the plan's hits and returns what came of them. Cancelling ctx stops offering, drains what is in flight for
// at most a second (less where Plan.Grace is less) and returns the result of what was run, with Complete false: whoever
// cancels has no use for the tail, and the hits cut off count as unfinished. The error is for a plan that cannot be run
// and for an instrument that broke; a failing service is a Result.
func Run(ctx context.Context, plan Plan) (Result, error) {
	plan, err := completePlan(plan)
	if err != nil {
		return Result{}, fmt.Errorf("loadgen: %w", err)
	}
	t, err := newTraffic(plan.Traffic)
	if err != nil {
		return Result{}, fmt.Errorf("loadgen: %w", err)
	}
	j, err := newJob(ctx, plan, t)
	if err != nil {
		return Result{}, fmt.Errorf("loadgen: %w", err)
	}
	recorders := newRecorders(plan, j.loops)
	parts, err := newOfferers(ctx, j, t, recorders)
	if err != nil {
		return Result{}, fmt.Errorf("loadgen: %w", err)
	}
	ran, err := j.offerAll(ctx, parts, recorders)
	if err != nil {
		return Result{}, fmt.Errorf("loadgen: %w", err)
	}
	return summarize(plan, recorders, ran), nil
}

// completePlan returns plan with the address or the URL filled in where only one of them is given. The errors are for a
// plan that can't be run.
func completePlan(plan Plan) (Plan, error) {
	switch {
	case len(plan.Scenario.Stages) == 0:
		return plan, errors.New("the scenario has no stages")
	case !plan.Closed && plan.Traffic.MaxInFlight < 1:
		return plan, fmt.Errorf("max_in_flight is %d; it must be at least 1", plan.Traffic.MaxInFlight)
	case plan.Closed && plan.Connections < 1:
		return plan, fmt.Errorf("%d connections; a closed loop needs at least 1", plan.Connections)
	case plan.Traffic.URL == "" && len(plan.Addresses) == 0:
		return plan, errors.New("neither a URL nor an address to send to")
	}
	if plan.Traffic.URL == "" {
		plan.Traffic.URL = "http://" + plan.Addresses[0]
	}
	if len(plan.Addresses) > 0 {
		return plan, nil
	}
	u, err := url.Parse(plan.Traffic.URL)
	if err != nil {
		return plan, err
	}
	port := u.Port()
	if port == "" {
		port = defaultPort(u.Scheme)
	}
	plan.Addresses = []string{net.JoinHostPort(u.Hostname(), port)}
	return plan, nil
}

func defaultPort(scheme string) string {
	if scheme == "https" {
		return "443"
	}
	return "80"
}

// newJob resolves the addresses and settles what all loops are told.
func newJob(ctx context.Context, plan Plan, t *traffic) (*job, error) {
	j := &job{plan: plan, timeout: plan.Traffic.Timeout, kinds: factsOf(t), loops: 1, secure: strings.HasPrefix(plan.Traffic.URL, "https:")}
	if j.timeout == 0 {
		j.timeout = never
	}
	j.timedOut = fmt.Errorf("%w within %v", errNoReply, plan.Traffic.Timeout)
	ctx, cancel := context.WithTimeout(ctx, resolveEvery)
	defer cancel()
	for _, address := range plan.Addresses {
		e, err := newEndpoint(address)
		if err != nil {
			return nil, err
		}
		e.resolve(ctx)
		j.endpoints = append(j.endpoints, e)
	}
	return j, nil
}

// offerAll runs the parts side by side until each hit has an outcome.
func (j *job) offerAll(ctx context.Context, parts []offerer, recorders []*recorder) (ranFor, error) {
	ran := ranFor{complete: true, before: readOwnUse()}
	stopAll := func() {
		for _, part := range parts {
			part.stop()
		}
	}
	beside, over := context.WithCancel(ctx)
	var helpers, offering sync.WaitGroup
	helpers.Go(func() { keepResolving(beside, j.endpoints) })
	helpers.Go(func() { <-beside.Done(); stopAll() })

	j.began = time.Now()
	ran.started = j.began
	helpers.Go(func() {
		if j.plan.OnStart != nil {
			j.plan.OnStart(j.began)
		}
		ran.maxInFlight = forwardSeconds(recorders, j.plan.OnSecond)
	})
	errs := make([]error, len(parts))
	for i, part := range parts {
		offering.Go(func() {
			if errs[i] = part.run(); errs[i] != nil {
				stopAll()
			}
		})
	}
	offering.Wait()
	ran.drained = j.now()
	over()
	helpers.Wait()
	ran.after = readOwnUse()
	for _, part := range parts {
		part.close()
		ended, interrupted := part.over()
		ran.ended = max(ran.ended, ended)
		ran.complete = ran.complete && !interrupted
	}
	ran.errors = j.failures.messages()
	return ran, errors.Join(errs...)
}
