package local

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/plimsoll/plimsoll/scenarios"
)

// host is where replicas listen.
const host = "127.0.0.1"

// check asks once whether address is ready: nil is yes, an error says why not.
func check(ctx context.Context, p scenarios.Probe, address string) error {
	ctx, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	if p.HTTPPath == "" {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		return conn.Close()
	}
	hit, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+p.HTTPPath, nil)
	if err != nil {
		return err
	}
	// As a kubelet: a connection for each probe, no proxy, a redirect is an answer.
	transport := &http.Transport{DisableKeepAlives: true}
	reply, err := transport.RoundTrip(hit)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(reply.Body, 10<<10))
	if reply.StatusCode < 200 || reply.StatusCode > 399 {
		return fmt.Errorf("status %d", reply.StatusCode)
	}
	return nil
}
