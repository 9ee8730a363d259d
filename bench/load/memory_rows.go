package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// memoryRows replays a day of hits through the code that records them, by the benchmark of package loadgen.
func (b bench) memoryRows(ctx context.Context) []row {
	const name = "memory, a day at 1,000/s in fast time"
	figures, err := benchmark(ctx, "BenchmarkReplayDay")
	if err != nil {
		return []row{unmeasured(name, "MiB", err)}
	}
	return []row{
		atMost(name, figures["MiB-peak"], "MiB", 64),
		atMost(name+", live memory grown in the second half", figures["KiB-grown"], "KiB", 64),
	}
}

// allocationRows counts allocations on the path of a hit, by the benchmark of package loadgen. The runtime itself and the
// figures of each second allocate a little whatever the rate, so none is less than one for a hundred hits.
func (b bench) allocationRows(ctx context.Context) []row {
	const name = "allocations per hit, HTTP/1.1"
	figures, err := benchmark(ctx, "BenchmarkHTTP1Hit")
	if err != nil {
		return []row{unmeasured(name, "", err)}
	}
	// Whole allocations, as go test -benchmem counts them.
	return []row{atMost(name, math.Floor(figures["allocs/hit"]), "", 0).because(
		fmt.Sprintf("%.4f in all: what is left is once a second, not per hit", figures["allocs/hit"]))}
}

// benchmark runs a Go benchmark of package loadgen and returns its figures by unit.
func benchmark(ctx context.Context, name string) (map[string]float64, error) {
	u, err := run(ctx, nil, "go", "test", "-run", "^$", "-bench", "^"+name+"$", "-benchtime", "1x", "./loadgen")
	if err != nil {
		return nil, err
	}
	for lines := bufio.NewScanner(bytes.NewReader(u.output)); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || !strings.HasPrefix(fields[0], name) {
			continue
		}
		figures := map[string]float64{}
		for i := 2; i+1 < len(fields); i += 2 {
			x, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, fmt.Errorf("%s printed %q", name, lines.Text())
			}
			figures[fields[i+1]] = x
		}
		return figures, nil
	}
	return nil, fmt.Errorf("%s is not there", name)
}
