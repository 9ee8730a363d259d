package loadgen

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

const okReply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// countingServer answers every hit and counts connections.
func countingServer(t *testing.T, serve func(net.Conn)) (url string, connections *atomic.Int64) {
	connections = new(atomic.Int64)
	return rawServer(t, func(conn net.Conn) { connections.Add(1); serve(conn) }), connections
}

func TestConnectionsAreKept(t *testing.T) {
	forEngines(t, func(t *testing.T, choose func(*Plan)) {
		url, connections := countingServer(t, answering(okReply))
		plan := planFor(url, 50, 400*time.Millisecond)
		choose(&plan)
		wantAll(t, plan, OK, "")
		if n := connections.Load(); n > 5 {
			t.Errorf("%d connections for 20 hits one after the other", n)
		}
	})
}

func TestHitsPerConnection(t *testing.T) {
	forEngines(t, func(t *testing.T, choose func(*Plan)) {
		url, connections := countingServer(t, answering(okReply))
		plan := planFor(url, 100, 300*time.Millisecond)
		plan.Traffic.HitsPerConnection = 3
		choose(&plan)
		hits := wantAll(t, plan, OK, "").Outcomes[OK]
		if n := connections.Load(); n < hits/3 || n == hits {
			t.Errorf("%d connections for %d hits, 3 on each", n, hits)
		}
	})
}

func TestConnectionLifetime(t *testing.T) {
	forEngines(t, func(t *testing.T, choose func(*Plan)) {
		url, connections := countingServer(t, answering(okReply))
		plan := planFor(url, 100, 300*time.Millisecond)
		plan.Traffic.ConnectionLifetime = time.Nanosecond
		choose(&plan)
		hits := wantAll(t, plan, OK, "").Outcomes[OK]
		if n := connections.Load(); n != hits {
			t.Errorf("%d connections for %d hits, want one for each", n, hits)
		}
	})
}

// TestIdleCloseCrossesHit has a server close each connection at the moment a second hit comes over it, as an idle
// timeout does that crosses with the hit. Such a hit is repeated, but only where the connection was idle for long
// enough, and only where it is safe.
func TestIdleCloseCrossesHit(t *testing.T) {
	for _, test := range []struct {
		method string
		pause  time.Duration
		want   Outcome
	}{
		{"GET", restSafely + 100*time.Millisecond, OK},
		{"POST", restSafely + 100*time.Millisecond, Reset},
		{"GET", 100 * time.Millisecond, Reset},
	} {
		t.Run(test.method+" after "+test.pause.String(), func(t *testing.T) {
			t.Parallel()
			for name, choose := range engines {
				url := rawServer(t, func(conn net.Conn) {
					hits := bufio.NewReader(conn)
					if readHead(hits) == nil {
						io.WriteString(conn, okReply)
						readHead(hits)
					}
				})
				plan := planFor(url, 1/test.pause.Seconds(), 2*test.pause)
				plan.Traffic.Hits[0].Method = test.method
				choose(&plan)
				result, err := Run(t.Context(), plan)
				if err != nil {
					t.Fatal(err)
				}
				if result.Outcomes[Late] == 0 && (result.Outcomes[OK] < 1 || result.Outcomes[test.want] < 1 || result.Hits != 2) {
					t.Errorf("%s: outcomes %v, want ok and then %s", name, result.Outcomes, test.want)
				}
			}
		})
	}
}

func TestDroppedAtCap(t *testing.T) {
	forEngines(t, func(t *testing.T, choose func(*Plan)) {
		plan := planFor(rawServer(t, silent), 200, 200*time.Millisecond)
		plan.Traffic.MaxInFlight = 5
		plan.Grace = 50 * time.Millisecond
		choose(&plan)
		result, err := Run(t.Context(), plan)
		if err != nil {
			t.Fatal(err)
		}
		dropped := result.Outcomes[Dropped] + result.Outcomes[Late]
		if result.Outcomes[Unfinished] != 5 || dropped != 35 || result.MaxInFlight != 5 {
			t.Errorf("outcomes %v with at most %d in flight, want 5 unfinished and 35 dropped", result.Outcomes, result.MaxInFlight)
		}
	})
}

func TestInterrupted(t *testing.T) {
	forEngines(t, func(t *testing.T, choose func(*Plan)) {
		ctx, interrupt := context.WithCancel(t.Context())
		var hits atomic.Int64
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if hits.Add(1) == 10 {
				interrupt()
			}
		}))
		defer server.Close()
		plan := planFor(server.URL, 100, time.Hour)
		choose(&plan)
		result, err := Run(ctx, plan)
		if err != nil {
			t.Fatal(err)
		}
		if result.Complete || result.Outcomes[OK] < 10 || result.Outcomes[OK]+result.Outcomes[Late] != result.Hits || result.Window > time.Minute {
			t.Errorf("complete %v after %v, outcomes %v of %d hits", result.Complete, result.Window, result.Outcomes, result.Hits)
		}
	})
}

// TestInterruptedDrain must not wait for the grace when nobody waits for the result.
func TestInterruptedDrain(t *testing.T) {
	forEngines(t, func(t *testing.T, choose func(*Plan)) {
		ctx, interrupt := context.WithCancel(t.Context())
		var once sync.Once
		plan := planFor(rawServer(t, func(conn net.Conn) { once.Do(interrupt); silent(conn) }), 100, time.Hour)
		plan.Traffic.Timeout, plan.Grace = time.Hour, time.Hour
		choose(&plan)
		result, err := Run(ctx, plan)
		if err != nil {
			t.Fatal(err)
		}
		if result.Complete || result.Outcomes[Unfinished] == 0 || result.Outcomes[Unfinished]+result.Outcomes[Late] != result.Hits {
			t.Errorf("complete %v, outcomes %v of %d hits", result.Complete, result.Outcomes, result.Hits)
		}
	})
}

func TestClosedLoop(t *testing.T) {
	forEngines(t, func(t *testing.T, choose func(*Plan)) {
		url, connections := countingServer(t, answering(okReply))
		plan := planFor(url, 1, 200*time.Millisecond)
		plan.Closed, plan.Connections = true, 4
		choose(&plan)
		result, err := Run(t.Context(), plan)
		if err != nil {
			t.Fatal(err)
		}
		if connections.Load() != 4 || result.Hits < 20 || result.Outcomes[OK] != result.Hits || result.MaxInFlight > 4 {
			t.Errorf("%d connections, outcomes %v of %d hits, at most %d in flight", connections.Load(), result.Outcomes, result.Hits, result.MaxInFlight)
		}
	})
}

// TestClosedLoopOfRefusals must not make as many hits as connections can be refused.
func TestClosedLoopOfRefusals(t *testing.T) {
	forEngines(t, func(t *testing.T, choose func(*Plan)) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listener.Close()
		plan := planFor("http://"+listener.Addr().String(), 1, 200*time.Millisecond)
		plan.Closed, plan.Connections = true, 4
		choose(&plan)
		result, err := Run(t.Context(), plan)
		if err != nil {
			t.Fatal(err)
		}
		if most := int64(openingRate/5 + openingBurst + 8); result.Hits == 0 || result.Outcomes[Refused] != result.Hits || result.Hits > most {
			t.Errorf("outcomes %v of %d hits, want at most %d, all refused", result.Outcomes, result.Hits, most)
		}
	})
}

func TestMethodsAndBodies(t *testing.T) {
	forEngines(t, func(t *testing.T, choose func(*Plan)) {
		long := strings.Repeat("a long body ", 1<<20/12) // more than a socket takes at once
		var wrong atomic.Value
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			switch {
			case r.Method == "HEAD":
				w.Header().Set("Content-Length", "99")
			case r.Method == "POST" && string(body) != long || r.Method == "PUT" && string(body) != "part "+r.Header.Get("X-Hit"):
				wrong.Store(r.Method + " " + string(body[:min(len(body), 40)]))
			}
		}))
		defer server.Close()
		plan := planFor(server.URL, 100, 300*time.Millisecond)
		plan.Traffic.Hits = []scenarios.Hit{
			{Name: "head", Weight: 1, Method: "HEAD", Path: "/"},
			{Name: "post", Weight: 1, Method: "POST", Path: "/", Body: scenarios.NewSecret(long),
				Headers: []scenarios.Variable{{Name: "Expect", Value: scenarios.NewSecret("100-continue")}}},
			{Name: "put", Weight: 1, Method: "PUT", Path: "/{{.hit}}", Body: scenarios.NewSecret("part {{.hit}}"),
				Headers: []scenarios.Variable{{Name: "X-Hit", Value: scenarios.NewSecret("{{.hit}}")}}},
		}
		choose(&plan)
		wantAll(t, plan, OK, "")
		if got := wrong.Load(); got != nil {
			t.Errorf("the server got %v", got)
		}
	})
}

func TestPlansThatCannotBeRun(t *testing.T) {
	good := planFor("http://127.0.0.1:1", 1, time.Second)
	for says, change := range map[string]func(*Plan){
		"no stages":       func(p *Plan) { p.Scenario.Stages = nil },
		"max_in_flight":   func(p *Plan) { p.Traffic.MaxInFlight = 0 },
		"0 connections":   func(p *Plan) { p.Closed = true },
		"neither a URL":   func(p *Plan) { p.Traffic.URL = "" },
		"host:port":       func(p *Plan) { p.Addresses = []string{"localhost"} },
		"no such protoco": func(p *Plan) { p.Traffic.Protocol = "http/9" },
	} {
		plan := good
		change(&plan)
		if _, err := Run(t.Context(), plan); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want it to say %q", err, says)
		}
	}
}

func TestOutcomeOfUnknownError(t *testing.T) {
	if got := outcomeOf(errors.New("what?")); got != ixProtocol {
		t.Errorf("outcome %v", got.outcome())
	}
}
