package loadgen

import (
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// loop offers HTTP/1.1 hits over sockets of its own, on one goroutine: it sends each hit at its planned instant, reads
// what the sockets have for it, and waits for the next of either. Nothing in it is shared, and nothing on the way of a
// hit allocates.
type loop struct {
	*job
	poll     *poll
	recorder *recorder
	traffic  *traffic
	schedule *schedule
	replicas []replica
	// conns by slot; free are the slots that have no connection.
	conns []*conn
	free  []int32
	// busy connections in the order in which their hits were sent, which is that of their timeouts.
	busy connList
	// next is the next hit of the schedule; more is false when there is none.
	next hitState
	more bool
	// turn chooses the replica of the next hit.
	turn int
	// end is when the schedule ends: at the end of the scenario or, where interrupted, at that moment. Hits in flight
	// are given up at deadline, later by the grace.
	end, deadline time.Duration
	interrupted   bool
	// cancelled asks the loop to offer nothing more.
	cancelled atomic.Bool
	// nextTick is when the recorder hands over a second.
	nextTick time.Duration
	// buffer is what all reads go into.
	buffer []byte
	// closed is set in a closed loop, which has no schedule.
	closed *closedLoop
}

// replica is what a loop knows of one endpoint.
type replica struct {
	*endpoint
	// index in Plan.Addresses.
	index int
	idle  connList
	// inFlight hits of at most room.
	inFlight, room int
	// sockets are the addresses in resolved, as the kernel wants them; turn chooses the next.
	resolved *resolved
	sockets  []unix.Sockaddr
	turn     int
}

// run offers the hits and returns when each of them has an outcome. The error is for a broken instrument.
func (l *loop) run() error {
	defer func() { l.recorder.finish(l.now()) }()
	l.advance()
	for {
		l.offer()
		now := l.now()
		l.expire(now)
		if now >= l.nextTick {
			l.recorder.tick(now)
			l.nextTick = now.Truncate(time.Second) + time.Second
		}
		if l.finished(now) {
			return nil
		}
		events, err := l.poll.wait(now, l.nextInstant())
		if err != nil {
			return err
		}
		for i := range events {
			l.handle(&events[i])
		}
	}
}

// advance takes this loop's next hit from the schedule.
func (l *loop) advance() {
	if l.closed != nil {
		l.more = true
		return
	}
	at, stage, ok := l.schedule.next()
	l.more = ok
	if ok {
		number := l.schedule.hit()
		kind, row := l.traffic.pick(number)
		l.next = hitState{number: number, kind: kind, row: row, stage: stage, planned: at}
	}
}

// offer sends the hits that are due.
func (l *loop) offer() {
	if l.closed != nil {
		l.offerClosed()
	} else {
		l.offerPlanned()
	}
}

// offerPlanned sends the hits whose instant has come.
func (l *loop) offerPlanned() {
	for l.more {
		now := l.now()
		if now < l.next.planned {
			return
		}
		hit := l.next
		l.advance()
		l.recorder.plan(hit.planned, hit.stage)
		r := &l.replicas[l.turn%len(l.replicas)]
		l.turn++
		switch {
		case now-hit.planned > catchUp:
			hit.sent = now
			l.record(&hit, r, ixLate, now)
		case r.inFlight >= r.room:
			hit.sent = notSent
			l.record(&hit, r, ixDropped, now)
		default:
			hit.sent = now
			l.begin(r, hit)
		}
	}
}

// begin sends a hit on an idle connection of r, or else on a new one.
func (l *loop) begin(r *replica, hit hitState) {
	r.inFlight++
	l.recorder.start(hit.planned)
	for c := r.idle.first; c != nil; c = r.idle.first {
		if wornOut(&l.plan.Traffic, c.hits, hit.sent-c.opened) {
			l.drop(c)
			continue
		}
		r.idle.remove(c)
		c.hit = hit
		l.busy.push(c)
		l.send(c)
		return
	}
	l.beginNew(r, hit)
}

// beginNew sends a hit on a new connection.
func (l *loop) beginNew(r *replica, hit hitState) {
	c, connected, err := l.open(r)
	if err != nil {
		l.fail(r, &hit, err)
		return
	}
	c.hit, c.phase = hit, connecting
	l.busy.push(c)
	if connected {
		l.send(c)
	}
}

// fail ends a hit that no connection could be opened for.
func (l *loop) fail(r *replica, hit *hitState, err error) {
	outcome := outcomeOf(err)
	l.failures.note(outcome, err)
	r.inFlight--
	if l.closed != nil {
		l.closed.toOpen++
	}
	hit.firstByte = notSent
	l.record(hit, r, outcome, l.now())
}

// send writes the hit on c, which is connected.
func (l *loop) send(c *conn) {
	c.phase = busy
	c.hits++
	c.hit.firstByte = notSent
	facts := &l.kinds[c.hit.kind]
	c.reply.reset(facts.headOnly)
	c.reply.body = facts.search
	c.unsent = l.traffic.kinds[c.hit.kind].static
	if c.unsent == nil {
		c.rendered = l.traffic.render(c.hit.kind, c.hit.row, c.hit.number, c.rendered[:0])
		c.unsent = c.rendered
	}
	l.write(c)
}

// write gives the kernel what it takes of the hit on c; it reports through epoll when it takes more.
func (l *loop) write(c *conn) {
	for len(c.unsent) > 0 {
		n, err := unix.Write(c.fd, c.unsent)
		switch err {
		case nil:
			c.unsent = c.unsent[n:]
		case unix.EINTR:
		case unix.EAGAIN:
			return
		default:
			// A reply may have come before the connection went: one that refuses the rest of the body.
			generation := c.generation
			l.read(c, true)
			if c.generation == generation && c.phase == busy {
				l.broken(c, err)
			}
			return
		}
	}
}

// record takes down the outcome of a hit to r.
func (l *loop) record(hit *hitState, r *replica, outcome outcomeIndex, now time.Duration) {
	l.recorder.record(hit.ended(outcome, r.index, now))
}

// expire ends the hits whose timeout has passed, and all of them when the grace at the end has.
func (l *loop) expire(now time.Duration) {
	for c := l.busy.first; c != nil && now-c.hit.sent >= l.timeout; c = l.busy.first {
		l.failures.note(ixTimeout, l.timedOut)
		l.abandon(c, ixTimeout, now)
	}
	for c := l.busy.first; c != nil && now >= l.deadline; c = l.busy.first {
		l.failures.note(ixUnfinished, errGraceOver)
		l.abandon(c, ixUnfinished, now)
	}
}

// abandon ends the hit on c without its reply and closes c, which a reply that comes too late makes useless.
func (l *loop) abandon(c *conn, outcome outcomeIndex, now time.Duration) {
	l.busy.remove(c)
	c.replica.inFlight--
	l.record(&c.hit, c.replica, outcome, now)
	l.drop(c)
}

// nextInstant is when the loop has something to do even if nothing happens before.
func (l *loop) nextInstant() time.Duration {
	at := l.nextTick
	switch {
	case l.more && l.closed != nil:
		at = min(at, l.end, l.closed.nextOpening())
	case l.more:
		at = min(at, l.next.planned)
	case l.busy.length == 0:
		at = min(at, l.end)
	default:
		at = min(at, l.deadline)
	}
	if c := l.busy.first; c != nil && l.timeout != never {
		at = min(at, c.hit.sent+l.timeout)
	}
	return at
}

func (l *loop) finished(now time.Duration) bool { return !l.more && l.busy.length == 0 && now >= l.end }

// interrupt ends the schedule, or what is in flight after it, before its time.
func (l *loop) interrupt() {
	now := l.now()
	l.interrupted = l.interrupted || now < l.end || l.busy.length > 0
	l.deadline = min(l.deadline, l.giveUpAt(now))
	if now < l.end {
		l.more, l.end = false, now
		l.recorder.stopAt(now)
	}
}

// stop makes the loop offer nothing more; any goroutine may call it.
func (l *loop) stop() {
	l.cancelled.Store(true)
	l.poll.ring()
}
