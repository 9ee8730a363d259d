package loadgen

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/net/http2"
)

// http2Pool is the connections to one replica. A new one is opened only when every other one carries as many streams as
// the server allows, and one at a time: hits that come meanwhile wait for it.
type http2Pool struct {
	*job
	endpoint  *endpoint
	dialer    *dialer
	transport *http.Transport

	mu      sync.Mutex // guards what follows
	conns   []*http2Conn
	opening *opening // nil when none is being opened
}

// newHTTP2Pool returns a pool of connections to e, without any yet. They are opened by dialer.
func newHTTP2Pool(j *job, e *endpoint, dialer *dialer) *http2Pool {
	p := &http2Pool{job: j, endpoint: e, dialer: dialer}
	// The name it dials is that of no server: the pool has its own addresses.
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return p.dial(ctx) }
	p.transport = &http.Transport{
		DialContext: dial, DialTLSContext: dial, Protocols: new(http.Protocols), DisableCompression: true,
	}
	p.transport.Protocols.SetHTTP2(j.secure)
	p.transport.Protocols.SetUnencryptedHTTP2(!j.secure)
	return p
}

// http2Conn is one connection.
type http2Conn struct {
	streams *http.ClientConn
	opened  time.Duration
	// hits made on it so far, and those in flight; closing is true when it gets no more of them. The pool's mu guards
	// them.
	hits, inFlight int
	closing        bool
}

// opening is a connection being opened; err may be read when done is closed.
type opening struct {
	done chan struct{}
	err  error
}

// take returns a connection with a stream reserved for one hit.
func (p *http2Pool) take(ctx context.Context) (*http2Conn, error) {
	for {
		conn, o, mine := p.reserve()
		switch {
		case conn != nil:
			return conn, nil
		case mine:
			p.open(ctx, o)
		default:
			select {
			case <-o.done:
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
		}
		// The one who opened may have run out of time; that is no failure of those who waited for it.
		if o.err != nil && (mine || !errors.Is(o.err, errNoReply)) {
			return nil, o.err
		}
	}
}

// reserve returns a connection with room for a stream. Where there is none it returns the one being opened; mine says
// that the caller has to open it.
func (p *http2Pool) reserve() (conn *http2Conn, o *opening, mine bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns = slices.DeleteFunc(p.conns, p.retire)
	for _, conn := range p.conns {
		if conn.streams.Reserve() == nil {
			conn.hits++
			conn.inFlight++
			return conn, nil, false
		}
	}
	if p.opening == nil {
		p.opening, mine = &opening{done: make(chan struct{})}, true
	}
	return nil, p.opening, mine
}

// retire reports whether conn must get no more hits; it is closed when the last one on it has ended. p.mu is held.
func (p *http2Pool) retire(conn *http2Conn) bool {
	// One without a hit that has no room for any is on its way to be closed, after a GOAWAY.
	dead := conn.streams.Err() != nil || conn.inFlight == 0 && conn.streams.Available() == 0
	if !dead && !wornOut(&p.plan.Traffic, conn.hits, p.now()-conn.opened) {
		return false
	}
	conn.closing = true
	conn.closeIfDone()
	return true
}

func (c *http2Conn) closeIfDone() {
	if c.closing && c.inFlight == 0 {
		_ = c.streams.Close()
	}
}

// putBack ends a hit's use of conn.
func (p *http2Pool) putBack(conn *http2Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	conn.inFlight--
	conn.closeIfDone()
}

// open opens a connection and tells those who wait for it.
func (p *http2Pool) open(ctx context.Context, o *opening) {
	conn, err := p.connect(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	if o.err = err; err == nil {
		p.conns = append(p.conns, conn)
	}
	p.opening = nil
	close(o.done)
}

func (p *http2Pool) connect(ctx context.Context) (*http2Conn, error) {
	streams, err := p.transport.NewClientConn(ctx, p.scheme(), p.plan.Addresses[0])
	if err != nil {
		return nil, err
	}
	return &http2Conn{streams: streams, opened: p.now()}, nil
}

// dial opens a connection that HTTP/2 can be spoken over.
func (p *http2Pool) dial(ctx context.Context) (net.Conn, error) {
	address, err := p.endpoint.address()
	if err != nil {
		return nil, err
	}
	conn, err := p.dialer.dial(ctx, address)
	if err != nil {
		return nil, err
	}
	if secured, ok := conn.(*tls.Conn); ok && secured.ConnectionState().NegotiatedProtocol != http2.NextProtoTLS {
		_ = conn.Close()
		return nil, &tlsError{errors.New("the server does not speak HTTP/2")}
	}
	return conn, nil
}

// close closes all connections.
func (p *http2Pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range p.conns {
		_ = conn.streams.Close()
	}
}
