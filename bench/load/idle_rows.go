package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/plimsoll/plimsoll/loadgen"
)

// idleConnections are held open and idle for connectionRows.
const idleConnections = 10_000

// idleScenario plans more hits in four seconds than there are to be connections, and then a few, while almost all
// connections are idle. The %s is a URL.
const idleScenario = `workload: {kind: external, name: idle}
traffic:
  url: %s
  max_in_flight: 20000
  hits: [{name: hit}]
scenarios: [{name: idle, kind: spike, base: 2/s, peak: 2600/s, at: 1s, for: 4s, total: 10s}]
slos: [errors < 1%%]
`

// gate holds the first hits back until so many have come, each on a connection of its own, and then lets all pass. Some
// time after that it notes how much memory their sender has.
type gate struct {
	hold    int64
	arrived atomic.Int64
	opened  chan struct{}
	sender  atomic.Int64 // its process id

	mu       sync.Mutex // guards what follows
	openedAt time.Time
	// resident is KiB when it was last read; 0 where there was no hit after the connections were idle.
	resident float64
	readAt   time.Time
	err      error
}

func newGate(hold int64) *gate {
	g := &gate{hold: hold, opened: make(chan struct{})}
	if hold == 0 {
		g.open()
	}
	return g
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.openedAt = time.Now()
	close(g.opened)
}

func (g *gate) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	if g.arrived.Add(1) == g.hold {
		g.open()
	}
	select {
	case <-g.opened:
	case <-r.Context().Done():
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if time.Since(g.openedAt) > time.Second && time.Since(g.readAt) > time.Second/4 {
		g.resident, g.err = residentKiB(int(g.sender.Load()))
		g.readAt = time.Now()
	}
}

// residentKiB is the memory that a process has now.
func residentKiB(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := bytes.Cut(text, []byte("VmRSS:"))
	fields := bytes.Fields(rest)
	if len(fields) == 0 {
		return 0, errors.New("its status has no VmRSS")
	}
	return strconv.ParseFloat(string(fields[0]), 64)
}

// residentWith is the memory of plimsoll, in KiB, with so many connections open and idle; hold 0: as few as hits need.
func (b bench) residentWith(ctx context.Context, hold int64) (float64, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	g := newGate(hold)
	s := &http.Server{Handler: g}
	served := make(chan error, 1)
	go func() { served <- s.Serve(listener) }()
	defer func() { _ = s.Close(); <-served }() // what it says by then is that it was closed
	file, output := filepath.Join(b.scratch, "idle.yaml"), filepath.Join(b.scratch, "idle.json")
	if err := os.WriteFile(file, fmt.Appendf(nil, idleScenario, "http://"+listener.Addr().String()), 0o600); err != nil {
		return 0, err
	}
	// What it makes of its SLO is of no interest here, nor whether it was late.
	fine := []int{1, notMeasured}
	if _, err := runWatched(ctx, func(pid int) { g.sender.Store(int64(pid)) }, fine, filepath.Join("bin", "plimsoll"), "load", "-f", file, "-o", output); err != nil {
		return 0, err
	}
	var result loadgen.Result
	if err := readJSON(output, &result); err != nil {
		return 0, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.err != nil:
		return 0, fmt.Errorf("read the memory of plimsoll: %w", g.err)
	case result.MaxInFlight < hold:
		return 0, fmt.Errorf("only %d of %d connections came about; outcomes: %v", result.MaxInFlight, hold, result.Outcomes)
	case g.resident == 0:
		return 0, errors.New("no hit came when the connections were idle")
	}
	return g.resident, nil
}

// connectionRows measures what idle keep-alive connections take: the difference of the memory with and without them, of
// runs with the same hits.
func (b bench) connectionRows(ctx context.Context) []row {
	const name = "memory per idle keep-alive connection, 10,000 of them"
	var each []float64
	for range b.runs {
		without, err := b.residentWith(ctx, 0)
		if err != nil {
			return []row{unmeasured(name, "KiB", err)}
		}
		with, err := b.residentWith(ctx, idleConnections)
		if err != nil {
			return []row{unmeasured(name, "KiB", err)}
		}
		each = append(each, (with-without)/idleConnections)
		fmt.Fprintf(os.Stderr, "  %.2f KiB a connection\n", each[len(each)-1])
	}
	return []row{atMost(name, median(each), "KiB", 32)}
}
