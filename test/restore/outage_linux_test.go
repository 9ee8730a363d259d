package restore

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"sync"
	"time"
)

// discard is for servers that would write of every connection that is reset.
var discard = log.New(io.Discard, "", 0)

// outage resets every connection while the API server is away.
type outage struct {
	mu    sync.Mutex
	open  map[net.Conn]bool
	until time.Time
}

func (o *outage) begin(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.until = time.Now().Add(d)
	for c := range o.open {
		resetConn(c)
	}
}

// end has the API server back at once.
func (o *outage) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.until = time.Time{}
}

// admit is false where the API server is away.
func (o *outage) admit(c net.Conn) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.open[c] = true
	return time.Now().After(o.until)
}

func (o *outage) forget(c net.Conn) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.open, c)
}

// flakyListener accepts connections unless there is an outage.
type flakyListener struct {
	net.Listener
	outage *outage
}

func (l *flakyListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		tracked := &trackedConn{Conn: conn, outage: l.outage}
		if l.outage.admit(tracked) {
			return tracked, nil
		}
		resetConn(tracked)
	}
}

// trackedConn is a connection that its outage knows until it is closed.
type trackedConn struct {
	net.Conn
	outage *outage
}

func (c *trackedConn) Close() error {
	go c.outage.forget(c) // not here: an outage holds its lock while it closes
	return c.Conn.Close()
}

// resetConn closes a connection so that the other side sees a reset.
func resetConn(c net.Conn) {
	inner := c
	if t, ok := inner.(*tls.Conn); ok {
		inner = t.NetConn()
	}
	if t, ok := inner.(*trackedConn); ok {
		inner = t.Conn
	}
	if t, ok := inner.(*net.TCPConn); ok {
		_ = t.SetLinger(0) // without it the close is a clean one, and that is a fault too
	}
	_ = c.Close()
}
