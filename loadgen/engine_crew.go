package loadgen

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// caller makes hits by one protocol, any number of them at a time.
type caller interface {
	// call makes hit and sets its firstByte. It returns soon after ctx is done, with its cause.
	// Where there was a reply the error is nil and the outcome says whether it is the one expected.
	call(ctx context.Context, w *worker, hit *hitState, replica int) (outcomeIndex, error)
	// close ends all connections, when no call is under way any more.
	close()
}

// crew offers hits with a goroutine for each hit in flight: HTTPS, HTTP/2 and gRPC, and HTTP/1.1 where there is no loop
// for the operating system. One goroutine keeps to the schedule; it hands each hit to a worker that is idle or new.
type crew struct {
	*job
	caller   caller
	traffic  *traffic
	schedule *schedule
	pacer    pacer
	workers  sync.WaitGroup
	// next hit of the schedule; more is false when there is none. Only run uses them, as the schedule.
	next hitState
	more bool
	turn int
	// end, deadline and interrupted as in loop.
	end, deadline time.Duration
	interrupted   bool

	// mu guards what follows.
	mu        sync.Mutex
	recorder  *recorder
	rooms     []room
	inFlight  int
	idle      []*worker
	cancelled bool
	// dismissed is true when workers are to end after the hit they are making.
	dismissed bool
	// Of a closed loop: the number of the next hit, and the stage of the scenario.
	number int64
	stages stageClock
}

// room is how many hits are in flight to a replica, and how many may be.
type room struct{ inFlight, most int }

// errGraceOver is the cause for which hits are given up when the grace at the end is over.
var errGraceOver = errors.New("still in flight when the grace at the end was over")

// newCaller returns what makes hits by the protocol of j's traffic.
func newCaller(ctx context.Context, j *job, t *traffic) (caller, error) {
	switch j.plan.Traffic.Protocol {
	case scenarios.HTTP1, "":
		return newHTTP1Caller(j, t)
	case scenarios.HTTP2:
		return newHTTP2Caller(j, t)
	case scenarios.GRPCP:
		return newGRPCCaller(ctx, j, t)
	}
	return nil, fmt.Errorf("no such protocol: %q", j.plan.Traffic.Protocol)
}

func newCrews(ctx context.Context, j *job, t *traffic, recorders []*recorder) ([]offerer, error) {
	crews := make([]offerer, 0, len(recorders))
	for i, r := range recorders {
		mine := t.clone()
		caller, err := newCaller(ctx, j, mine)
		if err != nil {
			closeAll(crews)
			return nil, err
		}
		p, err := newPacer()
		if err != nil {
			caller.close()
			closeAll(crews)
			return nil, err
		}
		crews = append(crews, newCrew(j, mine, r, i, caller, p))
	}
	return crews, nil
}

func closeAll(parts []offerer) {
	for _, part := range parts {
		part.close()
	}
}

// newCrew returns crew number part of j.loops. It owns caller and p.
func newCrew(j *job, t *traffic, r *recorder, part int, caller caller, p pacer) *crew {
	c := &crew{
		job: j, caller: caller, traffic: t, pacer: p, recorder: r, turn: part,
		schedule: newSchedule(j.plan.Scenario, j.plan.Traffic.Arrivals, j.plan.Traffic.Seed).share(part, j.loops),
		rooms:    make([]room, len(j.endpoints)),
		end:      j.plan.Scenario.Duration(),
		deadline: j.plan.Scenario.Duration() + j.plan.Grace,
		stages:   newStageClock(j.plan.Scenario.Stages),
	}
	for i := range c.rooms {
		c.rooms[i].most = share(j.plan.Traffic.MaxInFlight, part*len(c.rooms)+i, j.loops*len(c.rooms))
	}
	return c
}

// run offers the hits and returns when each of them has an outcome.
func (c *crew) run() error {
	ctx, giveUp := context.WithCancelCause(context.Background())
	defer func() { c.recorder.finish(c.now()) }()
	if c.plan.Closed {
		c.startClosed(ctx)
	} else {
		c.advance()
	}
	for {
		until, over := c.step(ctx)
		if over {
			break
		}
		c.pacer.wait(until - c.now())
	}
	giveUp(errGraceOver)
	c.workers.Wait()
	return nil
}

// advance takes the next hit from the schedule.
func (c *crew) advance() {
	at, stage, ok := c.schedule.next()
	c.more = ok
	if ok {
		number := c.schedule.hit()
		kind, row := c.traffic.pick(number)
		c.next = hitState{number: number, kind: kind, row: row, stage: stage, planned: at}
	}
}

// step does what is due, and says when the next thing is.
func (c *crew) step(ctx context.Context) (until time.Duration, over bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if c.cancelled && !c.interrupted {
		c.interrupt(now)
	}
	for c.more && c.next.planned <= now {
		hit := c.next
		c.advance()
		c.offer(ctx, hit, now)
		now = c.now()
	}
	c.recorder.tick(now)
	if now >= c.end && (c.inFlight == 0 || now >= c.deadline) {
		c.dismissed = true
		for _, w := range c.idle {
			close(w.hits)
		}
		c.idle = nil
		return 0, true
	}
	until = now.Truncate(time.Second) + time.Second
	switch {
	case c.more:
		until = min(until, c.next.planned)
	case now < c.end:
		until = min(until, c.end)
	default:
		until = min(until, c.deadline)
	}
	return until, false
}

// interrupt ends the schedule, or what is in flight after it, before its time. c.mu is held.
func (c *crew) interrupt(now time.Duration) {
	c.interrupted = now < c.end || c.inFlight > 0
	c.deadline = min(c.deadline, c.giveUpAt(now))
	if now < c.end {
		c.more, c.end = false, now
		c.recorder.stopAt(now)
	}
}

// offer hands a hit that is due to a worker, or drops it. c.mu is held.
func (c *crew) offer(ctx context.Context, hit hitState, now time.Duration) {
	c.recorder.plan(hit.planned, hit.stage)
	replica := c.turn % len(c.rooms)
	c.turn++
	r := &c.rooms[replica]
	hit.firstByte = notSent
	switch {
	case now-hit.planned > catchUp:
		hit.sent = now
		c.recorder.record(hit.ended(ixLate, replica, now))
		return
	case r.inFlight >= r.most:
		hit.sent = notSent
		c.recorder.record(hit.ended(ixDropped, replica, now))
		return
	}
	r.inFlight++
	c.inFlight++
	c.recorder.start(hit.planned)
	if n := len(c.idle); n > 0 {
		w := c.idle[n-1]
		c.idle = c.idle[:n-1]
		w.hits <- assignment{hit, replica} // has room: an idle worker has taken all it was given
		return
	}
	w := &worker{hits: make(chan assignment, 1)}
	w.hits <- assignment{hit, replica}
	c.workers.Go(func() { c.work(ctx, w) })
}

// stop makes run offer nothing more.
func (c *crew) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cancelled = true
	c.pacer.interrupt()
}

func (c *crew) over() (time.Duration, bool) { return c.end, c.interrupted }

func (c *crew) close() {
	c.caller.close()
	c.pacer.close()
}

var _ offerer = (*crew)(nil)
