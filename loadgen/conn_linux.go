package loadgen

import (
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// conn is one connection of a loop, and the hit that is on it. It is used again for the next connection in its slot.
type conn struct {
	fd int
	// slot is its place in loop.conns; generation tells it from earlier connections in the slot, whose late events
	// must not be taken for its own.
	slot, generation int32
	phase            phase
	replica          *replica
	// prev and next in the list of idle or of busy connections that it is in.
	prev, next *conn

	opened, idleSince time.Duration
	// hits made on it, the present one included.
	hits int

	hit    hitState
	reply  replyReader
	unsent []byte // of the hit
	// rendered is the buffer of hits that are not static.
	rendered []byte
}

// phase is what a connection is doing.
type phase uint8

const (
	closed phase = iota
	connecting
	busy
	idle
)

// dial begins to connect to address. The kernel reports the end of it through epoll, unless done.
func dial(address unix.Sockaddr) (fd int, done bool, err error) {
	family := unix.AF_INET
	if _, six := address.(*unix.SockaddrInet6); six {
		family = unix.AF_INET6
	}
	fd, err = unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, false, err
	}
	// Not fatal: a hit in two pieces would wait for an acknowledgement.
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	switch err := unix.Connect(fd, address); err {
	case nil:
		return fd, true, nil
	case unix.EINPROGRESS:
		return fd, false, nil
	default:
		_ = unix.Close(fd)
		return -1, false, err
	}
}

// connectError is what became of the connecting.
func connectError(fd int) error {
	code, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil {
		return err
	}
	if code != 0 {
		return unix.Errno(code)
	}
	return nil
}

// socketAddress is address as the kernel wants it.
func socketAddress(address netip.AddrPort) unix.Sockaddr {
	ip := address.Addr().Unmap()
	if ip.Is4() {
		return &unix.SockaddrInet4{Port: int(address.Port()), Addr: ip.As4()}
	}
	return &unix.SockaddrInet6{Port: int(address.Port()), Addr: ip.As16()}
}

// connList is a list of connections; a connection is in at most one.
type connList struct {
	first, last *conn
	length      int
}

func (l *connList) push(c *conn) {
	c.prev, c.next = l.last, nil
	if l.last != nil {
		l.last.next = c
	} else {
		l.first = c
	}
	l.last = c
	l.length++
}

func (l *connList) remove(c *conn) {
	if c.prev != nil {
		c.prev.next = c.next
	} else {
		l.first = c.next
	}
	if c.next != nil {
		c.next.prev = c.prev
	} else {
		l.last = c.prev
	}
	c.prev, c.next = nil, nil
	l.length--
}
