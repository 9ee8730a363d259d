package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/plimsoll/plimsoll/loadgen"
)

// The analytic case: of a run of 100 s the server stands still for 10 s, so a tenth of all hits waits uniformly over
// (0, 10 s], whatever the tool: p50 is the service time, p95 is 5 s, p99 is 9 s.
const (
	frozenRun   = 100 * time.Second
	frozenFrom  = 40 * time.Second
	frozenFor   = 10 * time.Second
	frozenRate  = 100
	frozenSlots = 2000
)

// frozenServer answers after a constant time, but for a while not at all.
type frozenServer struct {
	mu    sync.Mutex
	first time.Time
	took  []time.Duration
}

// ServeHTTP answers after 1 ms, or when the freeze that began frozenFrom after the first hit is over.
func (s *frozenServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	s.mu.Lock()
	if s.first.IsZero() {
		s.first = began
	}
	since := began.Sub(s.first)
	s.mu.Unlock()
	wait := time.Millisecond
	if since >= frozenFrom && since < frozenFrom+frozenFor {
		wait += frozenFrom + frozenFor - since
	}
	select {
	case <-time.After(wait):
	case <-r.Context().Done():
		return
	}
	_, _ = w.Write([]byte("ok\n")) // the client counts what did not arrive
	s.mu.Lock()
	s.took = append(s.took, time.Since(began))
	s.mu.Unlock()
}

// median of the times that the server itself measured.
func (s *frozenServer) median() float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.took) == 0 {
		return math.NaN()
	}
	slices.Sort(s.took)
	return s.took[len(s.took)/2].Seconds() * 1e3
}

// measureFrozen measures one server from beginning to end.
func (b bench) measureFrozen(ctx context.Context, n int) (result loadgen.Result, serverMedian float64, err error) {
	scratch := filepath.Join(b.scratch, fmt.Sprint("frozen", n))
	if err := os.Mkdir(scratch, 0o700); err != nil {
		return result, 0, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return result, 0, err
	}
	frozen := &frozenServer{}
	s := &http.Server{Handler: frozen}
	served := make(chan error, 1)
	go func() { served <- s.Serve(listener) }()
	_, result, err = runPlimsoll(ctx, scratch, job{
		url: "http://" + listener.Addr().String() + "/", rate: frozenRate, length: frozenRun, connections: frozenSlots,
	})
	err = errors.Join(err, s.Close())
	if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return result, frozen.median(), err
}

// frozenRows runs b.runs such servers side by side: 100 hits a second each disturb nobody.
func (b bench) frozenRows(ctx context.Context) []row {
	const name = "frozen server, 10 s of 100 s, response "
	type measured struct {
		result loadgen.Result
		server float64
		err    error
	}
	all := make([]measured, b.runs)
	var wait sync.WaitGroup
	for i := range all {
		wait.Go(func() { all[i].result, all[i].server, all[i].err = b.measureFrozen(ctx, i) })
	}
	wait.Wait()
	var p50, p95, p99 []float64
	var d doubts
	for _, m := range all {
		if m.err != nil {
			return []row{unmeasured(name+"p50, p95, p99", "ms", m.err)}
		}
		d.add(m.result)
		p50 = append(p50, math.Abs(milliseconds(m.result.Response, 0.5)-m.server))
		p95 = append(p95, 100*math.Abs(milliseconds(m.result.Response, 0.95)/5000-1))
		p99 = append(p99, 100*math.Abs(milliseconds(m.result.Response, 0.99)/9000-1))
	}
	return []row{
		atMost(name+"p50, off the server's own", median(p50), "ms", 0.25).because(d.String()),
		atMost(name+"p95, off 5 s", median(p95), "%", 2).because(d.String()),
		atMost(name+"p99, off 9 s", median(p99), "%", 2).because(d.String()),
	}
}
