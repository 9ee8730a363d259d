//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		if errors.Is(err, errUnable) {
			os.Exit(exitUnable)
		}
		os.Exit(1)
	}
}

// errUnable is what the machine lacks for a cluster; the command then ends with exitUnable, and tests skip.
var errUnable = errors.New("no cluster can run here")

const exitUnable = 3

// run is the command without the process around it.
func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New("no command given, one of: build, up, keep, down")
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	name := flags.String("name", "", "name of the cluster (default: made from the folder of the repository)")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	switch args[0] {
	case "init":
		return boot(ctx)
	case "custom-metrics":
		return serveCustomMetrics(ctx)
	}
	repository, err := findRepository(ctx)
	if err != nil {
		return err
	}
	p, err := newPlan(repository, *name)
	if err != nil {
		return err
	}
	switch args[0] {
	case "build":
		_, err := build(ctx, repository)
		return err
	case "able":
		return able()
	case "up":
		return up(ctx, repository, p)
	case "keep":
		return keep(ctx, repository, p)
	case "down":
		return down(p)
	}
	return fmt.Errorf("unknown command %q, one of: build, up, keep, down", args[0])
}
