package loadgen

import "golang.org/x/sys/unix"

// open begins a connection to the next address of r.
func (l *loop) open(r *replica) (c *conn, connected bool, err error) {
	if now := r.addresses.Load(); now != r.resolved {
		r.resolved, r.sockets = now, nil
		for _, a := range now.addresses {
			r.sockets = append(r.sockets, socketAddress(a))
		}
	}
	if len(r.sockets) == 0 {
		return nil, false, r.resolved.err
	}
	address := r.sockets[r.turn%len(r.sockets)]
	r.turn++
	fd, connected, err := dial(address)
	if err != nil {
		return nil, false, err
	}
	c = l.slot()
	c.fd, c.replica, c.opened, c.hits = fd, r, l.now(), 0
	if err := l.poll.add(fd, c.slot, c.generation); err != nil {
		l.drop(c)
		return nil, false, err
	}
	return c, connected, nil
}

// slot is a connection that is not in use.
func (l *loop) slot() *conn {
	if n := len(l.free); n > 0 {
		c := l.conns[l.free[n-1]]
		l.free = l.free[:n-1]
		return c
	}
	c := &conn{fd: -1, slot: int32(len(l.conns))}
	l.conns = append(l.conns, c)
	return c
}

// drop closes c, which has no hit in flight, and gives its slot back.
func (l *loop) drop(c *conn) {
	if c.phase == idle {
		c.replica.idle.remove(c)
	}
	if l.closed != nil && c.phase != closed {
		l.closed.toOpen++
	}
	_ = unix.Close(c.fd)
	c.fd, c.phase = -1, closed
	c.generation++
	l.free = append(l.free, c.slot)
}

// close closes what is open when the run is over.
func (l *loop) close() {
	for _, c := range l.conns {
		if c.fd >= 0 {
			_ = unix.Close(c.fd)
		}
	}
	l.poll.close()
}
