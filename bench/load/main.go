package main

import (
	"context"
	"debug/buildinfo"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"time"
)

// bench is what all measurements need.
type bench struct {
	url     string
	scratch string
	runs    int
	length  time.Duration
}

func main() {
	var b bench
	out := flag.String("out", "", "write the rows as JSON to this file")
	only := flag.String("only", "", "measure only these, separated by commas: closed, open, lag, rate, frozen, memory, connections, allocations")
	flag.IntVar(&b.runs, "runs", 5, "runs of each tool, of which the median counts")
	flag.DurationVar(&b.length, "length", 5*time.Second, "length of a run for CPU cost and lag")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	rows, err := b.measure(ctx, *only)
	if err == nil && *out != "" {
		err = save(*out, rows)
	}
	if err = errors.Join(err, writeTable(os.Stdout, rows)); err != nil {
		fmt.Fprintln(os.Stderr, "bench-load:", err)
		os.Exit(1)
	}
}

// measure starts the server and makes all rows, in the order of the table.
func (b bench) measure(ctx context.Context, only string) ([]row, error) {
	if err := raiseDescriptors(); err != nil {
		return nil, err
	}
	scratch, err := os.MkdirTemp("", "bench-load-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for results: %w", err)
	}
	defer os.RemoveAll(scratch)
	b.scratch = scratch
	nginx, err := startNginx(ctx)
	if err != nil {
		return nil, err
	}
	defer nginx.stop()
	b.url = nginx.url
	printVersions(ctx)
	var rows []row
	for _, part := range []struct {
		name string
		rows func(context.Context) []row
	}{
		{"closed", b.closedRows}, {"open", b.openRows}, {"lag", b.lagRows}, {"rate", b.rateRows},
		{"frozen", b.frozenRows}, {"memory", b.memoryRows}, {"connections", b.connectionRows}, {"allocations", b.allocationRows},
	} {
		if only == "" || strings.Contains(","+only+",", ","+part.name+",") {
			fmt.Fprintf(os.Stderr, "measuring %s…\n", part.name)
			rows = append(rows, part.rows(ctx)...)
		}
		if ctx.Err() != nil {
			return rows, ctx.Err()
		}
	}
	return rows, nil
}

// printVersions says what is measured, and on what. A tool that is missing is told by its own rows.
func printVersions(ctx context.Context) {
	fmt.Printf("%s, %d CPUs\n", runtime.Version(), runtime.NumCPU())
	text, _ := exec.CommandContext(ctx, "wrk", "-v").CombinedOutput() // exits with 1 after its version
	first, _, _ := strings.Cut(string(text), "\n")
	fmt.Printf("%s\n", first)
	for _, name := range []string{"vegeta", "k6", "bombardier"} {
		info, err := buildinfo.ReadFile(installed(name))
		if err != nil {
			fmt.Printf("%s: %v\n", name, err)
			continue
		}
		fmt.Printf("%s %s, built with %s\n", info.Main.Path, info.Main.Version, info.GoVersion)
	}
}
