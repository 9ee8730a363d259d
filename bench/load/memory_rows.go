package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// memoryRows replays a day of hits through the code that records them, by the benchmark of package loadgen.
func (b bench) memoryRows(ctx context.Context) []row {
	const name = "memory, a day at 1,000/s in fast time"
	figures, err := benchmark(ctx, "BenchmarkReplayDay")
	if err != nil {
		return []row{unmeasured(name, "MiB", err)}
	}
	return []row{
		atMost(name, figures["MiB-at-end"], "MiB", 64),
		atMost(name+", second half over first", figures["MiB-at-end"]/figures["MiB-halfway"], "", 1.25),
	}
}

// allocationRows counts allocations on the path of a hit, by the benchmark of package loadgen.
func (b bench) allocationRows(ctx context.Context) []row {
	const name = "allocations per hit, HTTP/1.1"
	figures, err := benchmark(ctx, "BenchmarkHTTP1Hit", "-benchmem")
	if err != nil {
		return []row{unmeasured(name, "", err)}
	}
	return []row{atMost(name, figures["allocs/op"], "", 0)}
}

// benchmark runs a Go benchmark of package loadgen and returns its figures by unit.
func benchmark(ctx context.Context, name string, args ...string) (map[string]float64, error) {
	all := append([]string{"test", "-run", "^$", "-bench", "^" + name + "$"}, args...)
	u, err := run(ctx, nil, "go", append(all, "./loadgen")...)
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

// connectionRows measures what 10,000 keep-alive connections take: the difference of the peaks with and without them.
// They are not quite idle, each sends a hit now and then, so it is no less than idle ones take.
func (b bench) connectionRows(ctx context.Context) []row {
	const name, many = "memory per keep-alive connection, 10,000 of them", 10_000
	var each []float64
	for range b.runs {
		peaks := map[int]float64{}
		for _, connections := range []int{1, many} {
			u, result, err := runPlimsoll(ctx, b.scratch, job{url: b.url, length: 10 * time.Second, connections: connections})
			if err != nil {
				return []row{unmeasured(name, "KiB", err)}
			}
			if connections == many && result.MaxInFlight < many {
				return []row{unmeasured(name, "KiB", fmt.Errorf("only %d connections came about", result.MaxInFlight))}
			}
			peaks[connections] = float64(u.peak) / 1024
		}
		each = append(each, (peaks[many]-peaks[1])/many)
	}
	return []row{atMost(name, median(each), "KiB", 32)}
}
