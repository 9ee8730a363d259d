package loadgen

import (
	"bytes"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// serveFixed answers every HTTP/1.1 hit on l with the same bytes and allocates nothing per hit, until l is closed.
func serveFixed(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			buffer, end := make([]byte, 4096), []byte("\r\n\r\n")
			reply := []byte("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n")
			filled := 0
			for {
				n, err := c.Read(buffer[filled:])
				if err != nil {
					return
				}
				filled += n
				if !bytes.HasSuffix(buffer[:filled], end) {
					continue
				}
				filled = 0
				if _, err := c.Write(reply); err != nil {
					return
				}
			}
		}()
	}
}

// mallocsOf runs plan and returns how many hits it made and how often the whole process allocated meanwhile.
func mallocsOf(t testing.TB, plan Plan) (hits int64, mallocs uint64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	result, err := Run(t.Context(), plan)
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Fatal(err)
	}
	if result.Outcomes[OK] == 0 || len(result.Outcomes) > 1 {
		t.Fatalf("outcomes %v, %v", result.Outcomes, result.Errors)
	}
	return result.Hits, after.Mallocs - before.Mallocs
}

// mallocsPerHit is what each further hit allocates: of two runs the second makes more hits with the same set-up.
func mallocsPerHit(t testing.TB) float64 {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go serveFixed(l) // ends when l is closed and the runs have closed their connections
	plan := planFor("http://"+l.Addr().String(), 0, 0)
	plan.Closed, plan.Connections = true, 8
	last := struct {
		hits    int64
		mallocs uint64
	}{}
	perHit := 0.0
	for _, length := range []time.Duration{200 * time.Millisecond, 900 * time.Millisecond} {
		plan.Scenario.Stages = []scenarios.Stage{{For: length}}
		hits, mallocs := mallocsOf(t, plan)
		perHit = (float64(mallocs) - float64(last.mallocs)) / float64(hits-last.hits)
		last.hits, last.mallocs = hits, mallocs
	}
	return perHit
}

// BenchmarkHTTP1Hit counts over the whole path (traffic, connection, parser, recorder, seconds), for `make bench-load`.
func BenchmarkHTTP1Hit(b *testing.B) {
	for b.Loop() {
		b.ReportMetric(mallocsPerHit(b), "allocs/hit")
	}
}
