package loadgen

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"time"
)

// endpoint is one replica: a host and port, and the addresses that the host has now.
type endpoint struct {
	host string
	port uint16
	// lookup finds the addresses of a name: the system's resolver, or a fake in tests.
	lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)
	// addresses may be replaced while the run goes on; nil where the name has none, and then failure says why.
	addresses atomic.Pointer[resolved]
	turn      atomic.Uint32
}

// resolved is what a name stands for; either addresses or err.
type resolved struct {
	addresses []netip.AddrPort
	err       error
}

// newEndpoint parses host:port.
func newEndpoint(address string) (*endpoint, error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("address %q: %w; it must be host:port", address, err)
	}
	port, err := net.LookupPort("tcp", text)
	if err != nil {
		return nil, fmt.Errorf("address %q: %w", address, err)
	}
	return &endpoint{host: host, port: uint16(port), lookup: net.DefaultResolver.LookupNetIP}, nil
}

// fixed reports whether the host is an address and not a name.
func (e *endpoint) fixed() bool {
	_, err := netip.ParseAddr(e.host)
	return err == nil
}

// resolve looks the host up. Where that fails, the addresses of an earlier time stay in use.
func (e *endpoint) resolve(ctx context.Context) {
	ips, err := e.lookup(ctx, "ip", e.host)
	if err == nil && len(ips) == 0 {
		err = &net.DNSError{Err: "no address", Name: e.host, IsNotFound: true}
	}
	if err != nil {
		if old := e.addresses.Load(); old == nil || old.err != nil {
			e.addresses.Store(&resolved{err: err})
		}
		return
	}
	r := &resolved{}
	for _, ip := range ips {
		r.addresses = append(r.addresses, netip.AddrPortFrom(ip.Unmap(), e.port))
	}
	e.addresses.Store(r)
}

// resolveEvery is how often names are looked up again while a run goes on.
const resolveEvery = 5 * time.Second

// keepResolving looks names up again until ctx is done.
func keepResolving(ctx context.Context, endpoints []*endpoint) {
	ticker := time.NewTicker(resolveEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for _, e := range endpoints {
			if !e.fixed() {
				e.resolve(ctx)
			}
		}
	}
}

// dialer opens connections to the endpoints of a run.
type dialer struct {
	// tls is nil in the clear.
	tls *tls.Config
}

// dial connects to address, with the handshake where there is one. The connection is the caller's to close. Where ctx
// ends before, the error is its cause.
func (d *dialer) dial(ctx context.Context, address netip.AddrPort) (net.Conn, error) {
	plain := net.Dialer{KeepAlive: -1}
	conn, err := plain.DialContext(ctx, "tcp", address.String())
	if err != nil {
		return nil, causeOr(ctx, err)
	}
	if d.tls == nil {
		return conn, nil
	}
	secured := tls.Client(conn, d.tls)
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, causeOr(ctx, &tlsError{err})
	}
	return secured, nil
}

// causeOr is err, or why ctx is done where that was before err.
func causeOr(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// address is the next of e's addresses, in turn.
func (e *endpoint) address() (netip.AddrPort, error) {
	now := e.addresses.Load()
	if len(now.addresses) == 0 {
		return netip.AddrPort{}, now.err
	}
	return now.addresses[int(e.turn.Add(1)-1)%len(now.addresses)], nil
}

// errNoReply is the failure of a hit that took longer than its timeout.
var errNoReply = errors.New("no complete reply")

// errGone is the failure of a hit whose connection the other side closed without a word of reply.
var errGone = errors.New("the connection was closed without a reply")

// outcomeOf says which outcome the failure of a connection or a reply is.
func outcomeOf(err error) outcomeIndex {
	var number syscall.Errno
	var dns *net.DNSError
	var handshake *tlsError
	switch {
	case errors.Is(err, errNoReply):
		return ixTimeout
	case errors.Is(err, errGraceOver):
		return ixUnfinished
	case errors.As(err, &dns):
		return ixResolve
	case errors.As(err, &handshake):
		return ixTLSFailure
	case errors.Is(err, errGone):
		return ixReset
	case !errors.As(err, &number) && isHTTP2Reset(err):
		return ixReset
	case number == 0:
		return ixProtocol
	}
	switch number {
	case syscall.ECONNREFUSED, syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.ENETDOWN, syscall.EACCES, syscall.EPERM:
		return ixRefused
	case syscall.EADDRNOTAVAIL, syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM:
		return ixExhausted
	case syscall.ETIMEDOUT:
		return ixTimeout
	}
	return ixReset
}
