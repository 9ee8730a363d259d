package loadgen

import (
	"time"

	"golang.org/x/sys/unix"
)

const goneEvents = unix.EPOLLRDHUP | unix.EPOLLHUP | unix.EPOLLERR

// handle acts on what happened to a descriptor.
func (l *loop) handle(e *unix.EpollEvent) {
	switch e.Fd {
	case timerSlot:
		l.poll.armed = never
		return
	case bellSlot:
		if l.cancelled.Load() {
			l.interrupt()
		}
		return
	}
	c := l.conns[e.Fd]
	if c.phase == closed || c.generation != e.Pad {
		return
	}
	if c.phase == connecting {
		if err := connectError(c.fd); err != nil {
			l.broken(c, err)
			return
		}
		if e.Events&unix.EPOLLOUT == 0 {
			return
		}
		l.send(c)
	} else if e.Events&unix.EPOLLOUT != 0 && len(c.unsent) > 0 {
		l.write(c)
	}
	if e.Events&(unix.EPOLLIN|goneEvents) != 0 && c.phase != closed && c.generation == e.Pad {
		l.read(c, e.Events&goneEvents != 0)
	}
	if l.more && l.closed == nil && l.now() >= l.next.planned { // a planned hit does not wait for the rest of the events
		l.offer()
	}
}

// read takes what has arrived on c. gone says that the other side has closed it.
func (l *loop) read(c *conn, gone bool) {
	for {
		n, err := unix.Read(c.fd, l.buffer)
		switch {
		case err == unix.EAGAIN:
			return
		case err == unix.EINTR:
			continue
		case err != nil:
			l.broken(c, err)
			return
		case n == 0:
			l.readEnd(c)
			return
		}
		if !l.take(c, l.buffer[:n], gone) || n < len(l.buffer) && !gone {
			return
		}
	}
}

// take reads b as the reply to the hit on c. It returns false when there is nothing more to read on c.
func (l *loop) take(c *conn, b []byte, gone bool) bool {
	now := l.now()
	if c.phase != busy { // bytes nobody asked for
		l.drop(c)
		return false
	}
	if c.hit.firstByte == notSent {
		c.hit.firstByte = now
	}
	used, done, err := c.reply.feed(b)
	if err == nil && used < len(b) {
		err = errTooLong
	}
	if err != nil {
		l.broken(c, err)
		return false
	}
	if done {
		l.finish(c, now, gone)
		return false
	}
	return true
}

// readEnd is called when the other side has closed c.
func (l *loop) readEnd(c *conn) {
	if c.phase != busy {
		l.drop(c)
		return
	}
	if !c.reply.begun() {
		l.broken(c, errGone)
		return
	}
	if err := c.reply.end(); err != nil {
		l.broken(c, err)
		return
	}
	l.finish(c, l.now(), true)
}

// finish ends the hit on c, whose reply is complete.
func (l *loop) finish(c *conn, now time.Duration, gone bool) {
	outcome := l.traffic.kinds[c.hit.kind].judge(c.reply.status, c.reply.body.found())
	l.busy.remove(c)
	c.replica.inFlight--
	l.record(&c.hit, c.replica, outcome, now)
	if gone || c.reply.closes || len(c.unsent) > 0 || wornOut(&l.plan.Traffic, c.hits, now-c.opened) {
		l.drop(c)
		return
	}
	if l.closed != nil && l.more {
		c.idleSince = now
		l.sendNext(c)
		return
	}
	c.phase, c.idleSince = idle, now
	c.replica.idle.push(c)
}

// broken ends the hit on c, where there is one, with the failure of c.
func (l *loop) broken(c *conn, err error) {
	if c.phase == idle {
		l.drop(c)
		return
	}
	if crossed(err, c.hit.sent-c.idleSince) && c.hits > 1 && !c.reply.begun() && l.kinds[c.hit.kind].repeatable {
		hit, r := c.hit, c.replica
		l.busy.remove(c)
		l.drop(c)
		l.beginNew(r, hit) // on a new connection, so at most once
		return
	}
	outcome := outcomeOf(err)
	l.failures.note(outcome, err)
	l.abandon(c, outcome, l.now())
}
