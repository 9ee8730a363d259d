package loadgen

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

// grpcCaller makes unary gRPC hits over HTTP/2. The framing is its own (github.com/grpc/grpc, PROTOCOL-HTTP2.md: five
// bytes before each message, the status in a trailer), so that connections, their failures and their replicas are those
// of every other protocol here; grpc-go would hide them behind its own balancing and backing off.
type grpcCaller struct {
	*http2Caller
	// methods by kind of hit.
	methods []grpcMethod
}

// grpcMethod is what a kind of hit calls.
type grpcMethod struct {
	protoreflect.MethodDescriptor
	// frame is the message as sent, nil where it depends on the hit.
	frame []byte
	// contains must be part of the reply as compact JSON; empty: the reply is not decoded.
	contains []byte
}

// newGRPCCaller looks the methods up. The errors are for methods and messages that are not as the descriptors have them.
func newGRPCCaller(ctx context.Context, j *job, t *traffic) (*grpcCaller, error) {
	streams, err := newHTTP2Caller(j, t)
	if err != nil {
		return nil, err
	}
	methods, err := findMethods(ctx, j, t.kinds, streams.dialer.tls)
	if err != nil {
		return nil, err
	}
	c := &grpcCaller{http2Caller: streams}
	for i, method := range methods {
		m, err := newGRPCMethod(t, i, method)
		if err != nil {
			return nil, fmt.Errorf("hit %q: %w", t.kinds[i].name, err)
		}
		c.methods = append(c.methods, m)
	}
	for i, header := range c.headers {
		if header != nil {
			c.headers[i] = grpcHeader(header)
		}
	}
	return c, nil
}

// newGRPCMethod tries the messages of kind with every row of its data.
func newGRPCMethod(t *traffic, kind int, method protoreflect.MethodDescriptor) (grpcMethod, error) {
	k := &t.kinds[kind]
	m := grpcMethod{MethodDescriptor: method, contains: k.bodyContains}
	for row := range max(len(k.data), 1) {
		frame, err := m.encode(k.body.append(nil, t.row(kind, row), 0))
		switch {
		case err != nil && len(k.data) > 0:
			return m, fmt.Errorf("body with data row %d: %w", row+1, err)
		case err != nil:
			return m, fmt.Errorf("body: %w", err)
		case k.body.fixed():
			m.frame = frame
		}
	}
	return m, nil
}

// grpcHeader adds to header what makes a hit a gRPC call.
func grpcHeader(header http.Header) http.Header {
	header.Set("Content-Type", "application/grpc+proto")
	header.Set("Te", "trailers")
	return header
}

// encode makes a message as sent of one in JSON; no text is a message with nothing set.
func (m *grpcMethod) encode(text []byte) ([]byte, error) {
	message := dynamicpb.NewMessage(m.Input())
	if len(bytes.TrimSpace(text)) > 0 {
		if err := protojson.Unmarshal(text, message); err != nil {
			return nil, fmt.Errorf("not a %s in JSON%s", m.Input().FullName(), placeIn(err))
		}
	}
	frame, err := proto.MarshalOptions{}.MarshalAppend(make([]byte, 5), message)
	if err != nil {
		return nil, fmt.Errorf("encoding a %s: %w", m.Input().FullName(), err)
	}
	binary.BigEndian.PutUint32(frame[1:], uint32(len(frame)-5))
	return frame, nil
}

// placeIn is the place that a protojson error names. The rest of it may quote the body, which may be secret.
func placeIn(err error) string {
	if place := regexp.MustCompile(`\(line \d+:\d+\)`).FindString(err.Error()); place != "" {
		return " " + place
	}
	return ""
}

func (c *grpcCaller) call(ctx context.Context, w *worker, hit *hitState, replica int) (outcomeIndex, error) {
	request, err := c.request(hit)
	if err != nil {
		return 0, err
	}
	w.rendered = w.rendered[:0]
	reply, err := c.exchange(ctx, w, request, hit, replica, func(piece []byte) { w.rendered = append(w.rendered, piece...) })
	if err != nil {
		return 0, causeOr(ctx, err)
	}
	status, err := grpcStatus(reply)
	if err != nil {
		return 0, err
	}
	found := true
	if status == int(codes.OK) {
		if found, err = c.methods[hit.kind].check(w.rendered); err != nil {
			return 0, err
		}
	}
	return c.traffic.kinds[hit.kind].judge(status, found), nil
}

// request is the hit as net/http has it.
func (c *grpcCaller) request(hit *hitState) (*http.Request, error) {
	kind, method := &c.traffic.kinds[hit.kind], &c.methods[hit.kind]
	row := c.traffic.row(hit.kind, hit.row)
	header, frame := c.headers[hit.kind], method.frame
	if header == nil {
		header = grpcHeader(kind.header(row, hit.number))
	}
	if frame == nil {
		var err error
		if frame, err = method.encode(kind.body.append(nil, row, hit.number)); err != nil {
			return nil, err
		}
	}
	u := &url.URL{Scheme: c.scheme(), Host: kind.host, Path: "/" + kind.method}
	return withBody(&http.Request{Method: http.MethodPost, URL: u, Host: kind.host, Header: header, ContentLength: int64(len(frame))}, frame), nil
}

// grpcStatus is the status of a call (0, OK, to 16), from the trailer or, where there is no message, the header. Proxies
// that answer for the server know only HTTP; their status counts as the one that the gRPC documents map it to
// (http-grpc-status-mapping.md).
func grpcStatus(reply *http.Response) (int, error) {
	text := reply.Trailer.Get("Grpc-Status")
	if text == "" {
		text = reply.Header.Get("Grpc-Status")
	}
	if text != "" {
		status, err := strconv.Atoi(text)
		if err != nil {
			return 0, fmt.Errorf("no status: %q", text)
		}
		return status, nil
	}
	code := codes.Unknown
	switch reply.StatusCode {
	case http.StatusOK:
		return 0, errors.New("the reply has no grpc-status")
	case http.StatusBadRequest:
		code = codes.Internal
	case http.StatusUnauthorized:
		code = codes.Unauthenticated
	case http.StatusForbidden:
		code = codes.PermissionDenied
	case http.StatusNotFound:
		code = codes.Unimplemented
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		code = codes.Unavailable
	}
	return int(code), nil
}

// check reports whether body, which must be exactly one message, contains what it must.
func (m *grpcMethod) check(body []byte) (bool, error) {
	if len(body) < 5 || int64(binary.BigEndian.Uint32(body[1:])) != int64(len(body)-5) {
		return false, errors.New("the reply is not one gRPC message")
	}
	if body[0] != 0 {
		return false, errors.New("the reply is compressed, which was not asked for")
	}
	if len(m.contains) == 0 {
		return true, nil
	}
	message := dynamicpb.NewMessage(m.Output())
	if err := proto.Unmarshal(body[5:], message); err != nil {
		return false, fmt.Errorf("the reply is not a %s: %w", m.Output().FullName(), err)
	}
	text, err := protojson.Marshal(message)
	if err != nil {
		return false, fmt.Errorf("writing the reply as JSON: %w", err)
	}
	var compact bytes.Buffer // protojson varies its spaces on purpose
	if err := json.Compact(&compact, text); err != nil {
		return false, fmt.Errorf("writing the reply as JSON: %w", err)
	}
	return bytes.Contains(compact.Bytes(), m.contains), nil
}

var _ caller = (*grpcCaller)(nil)

// splitMethod splits "package.Service/Method".
func splitMethod(full string) (service protoreflect.FullName, method protoreflect.Name, err error) {
	before, after, ok := strings.Cut(strings.TrimPrefix(full, "/"), "/")
	service, method = protoreflect.FullName(before), protoreflect.Name(after)
	if !ok || !service.IsValid() || !method.IsValid() {
		return "", "", fmt.Errorf("%q is not package.Service/Method", full)
	}
	return service, method, nil
}
