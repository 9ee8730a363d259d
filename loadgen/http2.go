package loadgen

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http2"
)

// http2Caller makes HTTP/2 hits, as streams over a few connections to each replica.
type http2Caller struct {
	*job
	traffic *traffic
	dialer  dialer
	pools   []*http2Pool
	// headers by kind, nil for kinds whose headers depend on the hit.
	headers []http.Header
}

func newHTTP2Caller(j *job, t *traffic) (*http2Caller, error) {
	c := &http2Caller{job: j, traffic: t, pools: make([]*http2Pool, len(j.endpoints)), headers: make([]http.Header, len(t.kinds))}
	if j.secure {
		config, err := newTLSConfig(j.plan.Traffic, http2.NextProtoTLS)
		if err != nil {
			return nil, err
		}
		c.dialer.tls = config
	}
	for i, e := range j.endpoints {
		c.pools[i] = newHTTP2Pool(j, e, &c.dialer)
	}
	for i := range t.kinds {
		if kind := &t.kinds[i]; !slices.ContainsFunc(kind.headers, func(h headerTemplate) bool { return !h.value.fixed() }) {
			c.headers[i] = kind.header(nil, 0)
		}
	}
	return c, nil
}

// header renders the headers of hit k, without Host.
func (h *hitKind) header(row []string, k int64) http.Header {
	header := http.Header{"User-Agent": {userAgent}}
	given := http.Header{}
	for _, line := range h.headers {
		given.Add(line.name, string(line.value.append(nil, row, k)))
	}
	for name, values := range given {
		header[name] = values
	}
	return header
}

func (c *http2Caller) call(ctx context.Context, w *worker, hit *hitState, replica int) (outcomeIndex, error) {
	kind := &c.traffic.kinds[hit.kind]
	request, body := c.request(hit)
	search := c.kinds[hit.kind].search
	search.restart()
	for range maxRedirects + 1 {
		reply, err := c.exchange(ctx, w, request, hit, replica, search.look)
		switch {
		case err != nil:
			return 0, causeOr(ctx, err)
		case !c.plan.Traffic.FollowRedirects || !isRedirect(reply.StatusCode) || reply.Header.Get("Location") == "":
			return kind.judge(reply.StatusCode, search.found()), nil
		}
		next, err := redirected(request, reply.StatusCode, reply.Header.Get("Location"), body)
		if err == nil && !sameHost(request.URL, next.URL) {
			err = fmt.Errorf("redirected to another host, %s, which is not followed over HTTP/2", next.URL.Host)
		}
		if err != nil {
			return 0, err
		}
		request = next
		search.restart()
	}
	return 0, errRedirects
}

// request is the hit as net/http has it, and its body.
func (c *http2Caller) request(hit *hitState) (*http.Request, []byte) {
	kind := &c.traffic.kinds[hit.kind]
	row := c.traffic.row(hit.kind, hit.row)
	header := c.headers[hit.kind]
	if header == nil {
		header = kind.header(row, hit.number)
	}
	// Opaque is sent as it is written; a Path would be escaped anew.
	opaque := "//" + kind.host + string(kind.path.append(nil, row, hit.number))
	u := &url.URL{Scheme: c.scheme(), Host: kind.host, Opaque: opaque}
	body := kind.body.append(nil, row, hit.number)
	request := &http.Request{Method: kind.method, URL: u, Host: kind.host, Header: header, ContentLength: int64(len(body))}
	return withBody(request, body), body
}

// withBody gives request its body, which can be had again for a repeat.
func withBody(request *http.Request, body []byte) *http.Request {
	if len(body) > 0 {
		request.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		request.Body, _ = request.GetBody()
	}
	return request
}

// exchange makes one hit and reads its reply, whose body take gets in pieces that are its own only until it returns.
// One that the server says it has not looked at (RFC 9113 8.7) is repeated once, on another connection.
func (c *http2Caller) exchange(ctx context.Context, w *worker, request *http.Request, hit *hitState, replica int, take func([]byte)) (*http.Response, error) {
	request = request.WithContext(ctx)
	reply, err := c.exchangeOnce(ctx, w, request, hit, replica, take)
	if err != nil && unprocessed(err) {
		if request.GetBody != nil {
			request.Body, _ = request.GetBody()
		}
		reply, err = c.exchangeOnce(ctx, w, request, hit, replica, take)
	}
	return reply, err
}

func (c *http2Caller) exchangeOnce(ctx context.Context, w *worker, request *http.Request, hit *hitState, replica int, take func([]byte)) (*http.Response, error) {
	pool := c.pools[replica]
	conn, err := pool.take(ctx)
	if err != nil {
		return nil, err
	}
	defer pool.putBack(conn)
	reply, err := conn.streams.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer reply.Body.Close()
	if hit.firstByte == notSent {
		hit.firstByte = c.now()
	}
	if w.buffer == nil {
		w.buffer = make([]byte, 16<<10)
	}
	for {
		n, err := reply.Body.Read(w.buffer)
		take(w.buffer[:n])
		if err == io.EOF {
			return reply, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func (c *http2Caller) close() {
	for _, pool := range c.pools {
		pool.close()
	}
}

var _ caller = (*http2Caller)(nil)

// unprocessed reports whether err says that the server has not begun to process the hit.
func unprocessed(err error) bool {
	var stream http2.StreamError
	if errors.As(err, &stream) {
		return stream.Code == http2.ErrCodeRefusedStream
	}
	// The library has no exported names for these.
	return strings.Contains(err.Error(), "graceful shutdown GOAWAY") || strings.Contains(err.Error(), "client conn not usable")
}

// isHTTP2Reset reports whether err is a stream or connection that the server ended before its reply was complete.
func isHTTP2Reset(err error) bool {
	var stream http2.StreamError
	return errors.As(err, &stream) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		strings.Contains(err.Error(), "GOAWAY")
}
