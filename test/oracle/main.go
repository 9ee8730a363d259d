// Command oracle finds the smallest limits that pass by an independent sweep, without any of the tuner's code, then
// runs "plimsoll tune" on the same service and compares the two. See docs/oracle.md for what "smallest passing" means.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/plimsoll/plimsoll/tuner"
)

func main() {
	out := flag.String("out", "oracle.json", "file for the rows")
	services := flag.String("services", "demo", "services to sweep, separated by commas: demo, or a file of test/oracle/services")
	again := flag.Bool("again", false, "sweep anew although a saved sweep of this machine is there")
	sweepOnly := flag.Bool("sweep-only", false, "do not run plimsoll tune")
	within := flag.Duration("sweep-time", 4*time.Minute, "after how long the sweep of each limit looks no further above its smallest passing value")
	curve := flag.Bool("curve", false, "only sweep CPU limits and print latency and throttling over the limit; nothing is saved")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var rows []row
	failed := false
	for _, name := range strings.Split(*services, ",") {
		var got []row
		var err error
		if *curve {
			err = printCurve(ctx, name, *within)
		} else {
			got, err = compare(ctx, name, *again, *sweepOnly, *within)
		}
		rows = append(rows, got...)
		if err != nil {
			fmt.Fprintf(os.Stderr, "oracle: %s: %v\n", name, err)
			failed = true
		}
	}
	if !*curve {
		if err := writeRows(*out, rows); err != nil {
			fmt.Fprintf(os.Stderr, "oracle: %v\n", err)
			failed = true
		}
	}
	if failed {
		os.Exit(1)
	}
}

// printCurve sweeps the CPU limits of one service and prints what was seen.
func printCurve(ctx context.Context, name string, within time.Duration) error {
	path := serviceFile(name)
	file, _, err := read(path)
	if err != nil {
		return err
	}
	s := serviceSweep{Service: name, Within: within}
	if err := s.sweep(ctx, file, func(l tuner.Searched) bool { return l.Resource == tuner.CPU }); err != nil {
		return err
	}
	s.print(os.Stdout)
	return nil
}

// compare sweeps one service, tunes it, and returns the rows.
func compare(ctx context.Context, name string, again, sweepOnly bool, within time.Duration) ([]row, error) {
	path := serviceFile(name)
	s, err := swept(ctx, name, path, again, within)
	if err != nil {
		return nil, fmt.Errorf("sweep: %w", err)
	}
	s.print(os.Stdout)
	if sweepOnly {
		return nil, nil
	}
	t, err := tune(ctx, name, path)
	if err != nil {
		return nil, fmt.Errorf("tune: %w", err)
	}
	rows := compareRows(name, s, t)
	printRows(os.Stdout, rows)
	return rows, nil
}

// serviceFile is the scenario file of a service.
func serviceFile(name string) string {
	if name == "demo" {
		return "scenarios.yaml"
	}
	return filepath.Join("test", "oracle", "services", name+".yaml")
}
