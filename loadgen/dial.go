package loadgen

import (
	"context"
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
	// addresses may be replaced while the run goes on; nil where the name has none, and then failure says why.
	addresses atomic.Pointer[resolved]
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
	return &endpoint{host: host, port: uint16(port)}, nil
}

// fixed reports whether the host is an address and not a name.
func (e *endpoint) fixed() bool {
	_, err := netip.ParseAddr(e.host)
	return err == nil
}

// resolve looks the host up. Where that fails, the addresses of an earlier time stay in use.
func (e *endpoint) resolve(ctx context.Context) {
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", e.host)
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

// errGone is the failure of a hit whose connection the other side closed without a word of reply.
var errGone = errors.New("the connection was closed without a reply")

// outcomeOf says which outcome the failure of a connection or a reply is.
func outcomeOf(err error) outcomeIndex {
	var number syscall.Errno
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return ixResolve
	case errors.Is(err, errGone):
		return ixReset
	case !errors.As(err, &number):
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
