package loadgen

import (
	"context"

	"golang.org/x/time/rate"
)

// worker makes one hit after another.
type worker struct {
	hits chan assignment
	// rendered is the buffer for hits that are not static.
	rendered []byte
	// buffer is what bodies are read into where the protocol's library leaves that to its caller.
	buffer []byte
}

// assignment is a hit for a worker.
type assignment struct {
	hit     hitState
	replica int
}

// work makes the hits that are handed to w.
func (c *crew) work(ctx context.Context, w *worker) {
	for a := range w.hits {
		c.perform(ctx, w, &a.hit, a.replica)
		if !c.rest(w) {
			return
		}
	}
}

// rest puts w where offer finds it. It returns false when the run is over.
func (c *crew) rest(w *worker) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dismissed {
		return false
	}
	c.idle = append(c.idle, w)
	return true
}

// perform makes one hit and takes its outcome down.
func (c *crew) perform(ctx context.Context, w *worker, hit *hitState, replica int) error {
	if c.timeout != never {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, c.timeout, c.timedOut)
		defer cancel()
	}
	hit.sent = c.now()
	outcome, err := c.caller.call(ctx, w, hit, replica)
	if err != nil {
		outcome = outcomeOf(err)
		c.failures.note(outcome, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.recorder.record(hit.ended(outcome, replica, c.now()))
	c.rooms[replica].inFlight--
	if c.inFlight--; c.inFlight == 0 && c.now() >= c.end {
		c.pacer.interrupt()
	}
	return err
}

// startClosed starts a worker for each connection.
func (c *crew) startClosed(ctx context.Context) {
	opening := rate.NewLimiter(openingRate, openingBurst)
	for i := range c.plan.Connections {
		c.workers.Go(func() {
			w := &worker{}
			for opening.Wait(ctx) == nil { // again after each failure, which costs a connection
				if !c.workClosed(ctx, w, i%len(c.rooms)) {
					return
				}
			}
		})
	}
}

// workClosed makes hits until one fails. It returns false when there are no more to make.
func (c *crew) workClosed(ctx context.Context, w *worker, replica int) bool {
	for {
		hit, ok := c.nextClosed(replica)
		if !ok {
			return false
		}
		if c.perform(ctx, w, &hit, replica) != nil {
			return true
		}
	}
}

// nextClosed is a hit that is planned at the moment it is sent.
func (c *crew) nextClosed(replica int) (hit hitState, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if c.cancelled || now >= c.end {
		return hit, false
	}
	kind, row := c.traffic.pick(c.number)
	hit = hitState{number: c.number, kind: kind, row: row, stage: c.stages.at(now), planned: now, firstByte: notSent}
	c.number++
	c.recorder.plan(now, hit.stage)
	c.recorder.start(now)
	c.inFlight++
	c.rooms[replica].inFlight++
	return hit, true
}
