package loadgen

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// names is a resolver in memory that knows one name.
type names struct {
	mu        sync.Mutex
	addresses []netip.Addr
	err       error
}

func (n *names) set(err error, addresses ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.addresses, n.err = nil, err
	for _, a := range addresses {
		n.addresses = append(n.addresses, netip.MustParseAddr(a))
	}
}

func (n *names) lookup(context.Context, string, string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.addresses, n.err
}

// endpointOf is an endpoint that is looked up in n, for the first time now.
func endpointOf(t *testing.T, n *names, address string) *endpoint {
	t.Helper()
	e, err := newEndpoint(address)
	if err != nil {
		t.Fatal(err)
	}
	e.lookup = n.lookup
	e.resolve(t.Context())
	return e
}

// TestNamesAreLookedUpAgain has a name move while a run goes on, vanish, and move again. Each change shows within
// resolveEvery; while the name has no address the last one is used.
func TestNamesAreLookedUpAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &names{}
		n.set(nil, "10.0.0.1")
		plan := planFor("http://127.0.0.1:1", 1, 20*time.Second)
		plan.Addresses = []string{"127.0.0.1:1"}
		mix, err := newTraffic(plan.Traffic)
		if err != nil {
			t.Fatal(err)
		}
		j, err := newJob(t.Context(), plan, mix)
		if err != nil {
			t.Fatal(err)
		}
		j.endpoints[0] = endpointOf(t, n, "web.test:80")
		call := callFunc(func(_ context.Context, hit *hitState, replica int) (outcomeIndex, error) {
			got, err := j.endpoints[replica].address()
			want := "10.0.0.1:80"
			switch {
			case hit.number == 4:
				n.set(nil, "10.0.0.2")
			case hit.number == 9:
				n.set(errors.New("no such host"))
			case hit.number == 14:
				n.set(nil, "10.0.0.3")
			}
			switch {
			case hit.number%5 == 0:
				return ixOK, err // at the very instant of a lookup
			case hit.number > 15:
				want = "10.0.0.3:80"
			case hit.number > 5:
				want = "10.0.0.2:80"
			}
			if got.String() != want {
				t.Errorf("hit %d went to %v, want %s", hit.number, got, want)
			}
			return ixOK, err
		})
		recorders := newRecorders(plan, 1)
		ran, err := j.offerAll(t.Context(), []offerer{newCrew(j, mix, recorders[0], 0, call, newTimerPacer())}, recorders)
		if err != nil {
			t.Fatal(err)
		}
		if result := summarize(plan, recorders, ran); result.Outcomes[OK] != 20 {
			t.Errorf("outcomes %v", result.Outcomes)
		}
	})
}

// TestNewConnectionsFollowTheName has a name move from one server to another after some hits, in each engine.
func TestNewConnectionsFollowTheName(t *testing.T) {
	forEngines(t, func(t *testing.T, choose func(*Plan)) {
		n := &names{}
		var hits atomic.Int64
		move := make(chan *endpoint, 1)
		before := rawServer(t, func(conn net.Conn) {
			if readHead(bufio.NewReader(conn)) != nil {
				return
			}
			if hits.Add(1) == 5 {
				n.set(nil, "127.0.0.2")
				(<-move).resolve(context.Background())
			}
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
		})
		address := strings.TrimPrefix(before, "http://")
		_, port, _ := net.SplitHostPort(address)
		listener, err := net.Listen("tcp", "127.0.0.2:"+port)
		if err != nil {
			t.Skip("no second address of loopback here:", err)
		}
		after := httptest.NewUnstartedServer(http.NotFoundHandler())
		after.Listener.Close()
		after.Listener = listener
		after.Start()
		defer after.Close()

		plan := planFor(before, 50, 600*time.Millisecond)
		plan.Addresses = []string{address}
		choose(&plan)
		mix, err := newTraffic(plan.Traffic)
		if err != nil {
			t.Fatal(err)
		}
		j, err := newJob(t.Context(), plan, mix)
		if err != nil {
			t.Fatal(err)
		}
		n.set(nil, "127.0.0.1")
		j.endpoints[0] = endpointOf(t, n, "web.test:"+port)
		move <- j.endpoints[0]
		recorders := newRecorders(plan, 1)
		parts, err := newOfferers(t.Context(), j, mix, recorders)
		if err != nil {
			t.Fatal(err)
		}
		ran, err := j.offerAll(t.Context(), parts, recorders)
		if err != nil {
			t.Fatal(err)
		}
		got := summarize(plan, recorders, ran)
		if got.Outcomes[OK] < 5 || got.Outcomes[UnexpectedStatus] == 0 ||
			got.Outcomes[OK]+got.Outcomes[UnexpectedStatus]+got.Outcomes[Late] != got.Hits {
			t.Errorf("outcomes %v, want 5 or more from the first server and the others from the second; %v", got.Outcomes, got.Errors)
		}
	})
}
