package loadgen

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// maxRedirects is how many redirects one hit follows.
const maxRedirects = 10

// errRedirects is the failure of a hit that was redirected too often.
var errRedirects = fmt.Errorf("redirected more than %d times", maxRedirects)

// redirects reports whether the reply on w is a redirect that says where to.
func (w *wire) redirects() bool { return isRedirect(w.reply.status) && len(w.reply.location) > 0 }

func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// follow follows the redirect on w, and those that come of it, to the hit's outcome. The hit goes on: one planned
// instant, one timeout, one outcome.
func (c *http1Caller) follow(ctx context.Context, w *wire, rendered []byte, hit *hitState, replica int) (outcomeIndex, error) {
	origin, body, err := parseHit(rendered)
	if err != nil {
		c.forget(w)
		return 0, err
	}
	origin.URL.Scheme, origin.URL.Host = c.scheme(), origin.Host
	home := *origin.URL
	at := origin
	for range maxRedirects {
		foreign := !sameHost(at.URL, &home)
		if !w.redirects() {
			outcome := c.traffic.kinds[hit.kind].judge(w.reply.status, w.reply.body.found())
			c.leave(w, replica, foreign)
			return outcome, nil
		}
		next, err := redirected(at, w.reply.status, string(w.reply.location), body)
		c.leave(w, replica, foreign)
		if err != nil {
			return 0, err
		}
		if w, err = c.visit(ctx, next, hit, replica, &home); err != nil {
			return 0, err
		}
		at = next
	}
	c.leave(w, replica, !sameHost(at.URL, &home))
	return 0, errRedirects
}

// leave gives w back to the pool of its replica; a connection to another host is closed.
func (c *http1Caller) leave(w *wire, replica int, foreign bool) {
	if foreign {
		c.forget(w)
		return
	}
	c.putBack(w, replica)
}

// parseHit takes a rendered hit apart.
func parseHit(rendered []byte) (*http.Request, []byte, error) {
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(rendered)))
	if err != nil {
		return nil, nil, fmt.Errorf("reading the hit to be redirected: %w", err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the hit to be redirected: %w", err)
	}
	return r, body, nil
}

// redirected is the hit to make after from was answered with that status and location (RFC 9110 15.4). It becomes a GET
// without a body except for 307 and 308; what identifies the user does not go to another host.
func redirected(from *http.Request, status int, location string, body []byte) (*http.Request, error) {
	to, err := from.URL.Parse(location)
	if err != nil || to.Host == "" || to.Scheme != "http" && to.Scheme != "https" {
		return nil, fmt.Errorf("redirected to %q, which is no http address", location)
	}
	next := &http.Request{Method: from.Method, URL: to, Host: to.Host, Header: from.Header.Clone()}
	if status == http.StatusTemporaryRedirect || status == http.StatusPermanentRedirect {
		next.ContentLength = int64(len(body))
		next = withBody(next, body)
	} else {
		if next.Method != http.MethodHead {
			next.Method = http.MethodGet
		}
		next.Header.Del("Content-Type")
	}
	if !sameHost(from.URL, to) {
		for _, name := range []string{"Authorization", "Cookie", "Proxy-Authorization"} {
			next.Header.Del(name)
		}
	}
	return next, nil
}

func sameHost(a, b *url.URL) bool { return a.Scheme == b.Scheme && strings.EqualFold(a.Host, b.Host) }

// visit makes the hit next, to its replica where the host is home and else over a connection for this once.
func (c *http1Caller) visit(ctx context.Context, next *http.Request, hit *hitState, replica int, home *url.URL) (*wire, error) {
	var rendered bytes.Buffer
	if err := next.Write(&rendered); err != nil {
		return nil, fmt.Errorf("writing the redirected hit: %w", err)
	}
	if sameHost(next.URL, home) {
		return c.exchange(ctx, rendered.Bytes(), hit, replica)
	}
	conn, err := c.dialOnce(ctx, next.URL)
	if err != nil {
		return nil, err
	}
	w := c.adopt(newWire(conn, c.now()))
	return w, c.exchangeOn(ctx, w, rendered.Bytes(), hit)
}

// dialOnce connects to the host of u.
func (c *http1Caller) dialOnce(ctx context.Context, u *url.URL) (net.Conn, error) {
	port := u.Port()
	if port == "" {
		port = defaultPort(u.Scheme)
	}
	e, err := newEndpoint(net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return nil, err
	}
	e.resolve(ctx)
	address, err := e.address()
	if err != nil {
		return nil, err
	}
	d := dialer{}
	if u.Scheme == "https" {
		t := c.plan.Traffic
		t.URL, t.TLS.ServerName = u.String(), ""
		if d.tls, err = newTLSConfig(t, "http/1.1"); err != nil {
			return nil, err
		}
	}
	return d.dial(ctx, address)
}
