// Demoservice is a small HTTP service whose every need is a number one can compute, so that the limits Plimsoll derives
// for it can be checked. It listens on 127.0.0.1:$PORT (-host: another address) and answers GET /work and GET /healthz.
//
// # What it needs, by the flags' defaults, at 200 hits/s
//
// CPU per hit: 1.3 ms on the clock of the thread that serves it, the same on every machine, page faults included; and
// about 0.25 ms for HTTP, the network and Go's runtime, which no flag sets:
//
//	200 hits/s × (1.3 ms + 0.25 ms) = 310m
//
// CPU at start: 200 ms, which takes 2 s under a limit of 100m; and 300 ms of waiting, which no CPU shortens.
//
// Memory: 6 MiB of Go's runtime and heap, 6 MiB of the program's own file pages, which are locked so that they are not
// reclaimed, 1 MiB of the kernel's for the process, a cache of 64 MiB that the first 512 hits fill by 128 KiB each
// (2.6 s) and that then stays as it is, and 128 KiB for each hit in flight, of which there are up to 4 where CPU does
// not run short:
//
//	6 + 6 + 1 + 64 + 4 × 0.125 = 77.5 MiB
//
// Cache and hits in flight are mapped outside Go's heap, in small pages, so garbage collection moves none of it.
//
// # What makes it fail, off by default
//
//	-leak-per-hit 4KiB   holds 4 KiB more for ever after each hit: at 200 hits/s 47 MiB a minute
//	-child 64MiB         starts a child process that holds 64 MiB and that the kernel kills first when memory runs out
//	-lock 10ms           holds one lock for 10 ms of waiting per hit: no more than 100 hits/s, whatever the CPU limit
//	-cpu-extra 0.3       takes 30 % more CPU per hit: 200 × (1.69 ms + 0.25 ms) = 388m
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if size := os.Getenv(childSize); size != "" {
		os.Exit(finish(holdAsChild(ctx, size)))
	}
	os.Exit(finish(run(ctx, os.Args[1:])))
}

// finish prints err and returns the exit code.
func finish(err error) int {
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	default:
		fmt.Fprintln(os.Stderr, "demoservice:", err)
		return 1
	}
}

// run serves until ctx is done, and then finishes the hits in flight.
func run(ctx context.Context, args []string) error {
	needs, err := parseNeeds(args)
	if err != nil {
		return err
	}
	port := os.Getenv("PORT")
	if port == "" {
		return errors.New("set PORT to the port to listen on")
	}
	if err := startUp(ctx, needs); err != nil {
		return err
	}
	s, err := newService(needs)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(needs.host, port))
	if err != nil {
		return err
	}
	fmt.Println("ready on", listener.Addr())
	server := &http.Server{Handler: s.routes(), ReadHeaderTimeout: 5 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	fmt.Println("stopping")
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return server.Shutdown(grace)
}

// startUp comes before the service listens: the burst of CPU work, the wait, and the child it may have.
func startUp(ctx context.Context, n needs) error {
	if err := lockProgram(); err != nil {
		fmt.Println("warning:", err)
	}
	fmt.Printf("starting: %s of CPU time, then %s of waiting\n", n.startCPU, n.startWait)
	burn(n.startCPU)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(n.startWait):
	}
	if n.child > 0 {
		return startChild(n.child)
	}
	return nil
}
