package loadgen

import (
	"context"
	"sync"
)

// http1Caller makes HTTP/1.1 hits over net.Conn.
type http1Caller struct {
	*job
	traffic *traffic
	dialer  dialer
	readers sync.WaitGroup

	mu   sync.Mutex // guards what follows
	idle [][]*wire  // by replica, the one that has been idle longest first
	open map[*wire]struct{}
}

func newHTTP1Caller(j *job, t *traffic) (*http1Caller, error) {
	c := &http1Caller{job: j, traffic: t, idle: make([][]*wire, len(j.endpoints)), open: map[*wire]struct{}{}}
	if j.secure {
		config, err := newTLSConfig(j.plan.Traffic, "http/1.1")
		if err != nil {
			return nil, err
		}
		c.dialer.tls = config
	}
	return c, nil
}

func (c *http1Caller) call(ctx context.Context, w *worker, hit *hitState, replica int) (outcomeIndex, error) {
	kind := &c.traffic.kinds[hit.kind]
	rendered := kind.static
	if rendered == nil {
		w.rendered = c.traffic.render(hit.kind, hit.row, hit.number, w.rendered[:0])
		rendered = w.rendered
	}
	wire, err := c.exchange(ctx, rendered, hit, replica)
	if err == nil && c.plan.Traffic.FollowRedirects && wire.redirects() {
		return c.follow(ctx, wire, rendered, hit, replica)
	}
	if err != nil {
		return 0, err
	}
	outcome := kind.judge(wire.reply.status, wire.reply.body.found())
	c.putBack(wire, replica)
	return outcome, nil
}

// exchange makes a hit on an idle connection, or else on a new one. It returns the connection with the reply read.
func (c *http1Caller) exchange(ctx context.Context, rendered []byte, hit *hitState, replica int) (*wire, error) {
	if w := c.takeIdle(replica); w != nil {
		idle := c.now() - w.idleSince
		err := c.exchangeOn(ctx, w, rendered, hit)
		if err == nil {
			return w, nil
		}
		if !crossed(err, idle) || w.firstByte != notSent || !c.kinds[hit.kind].repeatable {
			return nil, err
		}
	}
	address, err := c.endpoints[replica].address()
	if err != nil {
		return nil, err
	}
	conn, err := c.dialer.dial(ctx, address)
	if err != nil {
		return nil, err
	}
	w := c.adopt(newWire(conn, c.now()))
	return w, c.exchangeOn(ctx, w, rendered, hit)
}

// exchangeOn makes a hit on w, which is of no use any more where that fails.
func (c *http1Caller) exchangeOn(ctx context.Context, w *wire, rendered []byte, hit *hitState) error {
	facts := &c.kinds[hit.kind]
	err := w.exchange(ctx, rendered, facts.headOnly, facts.search)
	if hit.firstByte == notSent {
		hit.firstByte = w.firstByte
	}
	if err != nil {
		c.forget(w)
	}
	return err
}

// adopt begins to read w.
func (c *http1Caller) adopt(w *wire) *wire {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open[w] = struct{}{}
	c.readers.Go(func() { w.read(c.now) })
	return w
}

// forget closes w.
func (c *http1Caller) forget(w *wire) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgetLocked(w)
}

func (c *http1Caller) forgetLocked(w *wire) {
	delete(c.open, w)
	_ = w.conn.Close()
}

// takeIdle takes a connection that can be used from the pool; nil where there is none.
func (c *http1Caller) takeIdle(replica int) *wire {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.idle[replica]) > 0 {
		w := c.idle[replica][0]
		c.idle[replica] = c.idle[replica][1:]
		if w.usable() && !wornOut(&c.plan.Traffic, w.hits, c.now()-w.opened) {
			return w
		}
		c.forgetLocked(w)
	}
	return nil
}

// putBack gives w, whose reply has been read, back to the pool.
func (c *http1Caller) putBack(w *wire, replica int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w.idleSince = c.now()
	if !w.usable() || wornOut(&c.plan.Traffic, w.hits, w.idleSince-w.opened) {
		c.forgetLocked(w)
		return
	}
	c.idle[replica] = append(c.idle[replica], w)
}

func (c *http1Caller) close() {
	c.mu.Lock()
	for w := range c.open {
		_ = w.conn.Close()
	}
	c.mu.Unlock()
	c.readers.Wait()
}

var _ caller = (*http1Caller)(nil)
