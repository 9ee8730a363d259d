package loadgen

import (
	"time"

	"golang.org/x/time/rate"
)

// closedLoop is what a loop knows where it sends the next hit as soon as the one before has ended.
type closedLoop struct {
	// toOpen connections of its share are missing; the next may be opened at openAt.
	toOpen  int
	opening *rate.Limiter
	openAt  time.Duration
	// number of the next hit; hits of all loops together have different ones.
	number, step int64
	stages       stageClock
}

// nextOpening is when a connection that is missing may be opened; never where none is.
func (c *closedLoop) nextOpening() time.Duration {
	if c.toOpen > 0 {
		return c.openAt
	}
	return never
}

// offerClosed opens the connections that are missing, each with its first hit.
func (l *loop) offerClosed() {
	c := l.closed
	now := l.now()
	if now >= l.end {
		l.more = false
	}
	for l.more && c.toOpen > 0 && now >= c.openAt {
		if !c.opening.AllowN(l.began.Add(now), 1) {
			c.openAt = now + time.Second/openingRate
			return
		}
		c.toOpen--
		r := &l.replicas[l.turn%len(l.replicas)]
		l.turn++
		r.inFlight++
		l.beginNew(r, l.nextHit(now))
		now = l.now()
	}
}

// nextHit is a hit that is planned at the moment it is sent.
func (l *loop) nextHit(now time.Duration) hitState {
	c := l.closed
	kind, row := l.traffic.pick(c.number)
	hit := hitState{number: c.number, kind: kind, row: row, stage: c.stages.at(now), planned: now, sent: now}
	c.number += c.step
	l.recorder.plan(now, hit.stage)
	l.recorder.start(now)
	return hit
}

// sendNext sends the next hit on c, whose reply has just been read.
func (l *loop) sendNext(c *conn) {
	c.hit = l.nextHit(l.now())
	c.replica.inFlight++
	l.busy.push(c)
	l.send(c)
}
