package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/plimsoll/plimsoll/loadgen"
)

// lagRows measures how late hits are sent.
func (b bench) lagRows(ctx context.Context) []row {
	var rows []row
	for _, at := range []struct{ rate, p50, p90 float64 }{{100, 0.15, 0.25}, {1000, 0.1, 0.15}, {5000, 0.1, 0.15}} {
		rows = append(rows, b.lagAt(ctx, at.rate, at.p50, at.p90)...)
	}
	return rows
}

// lagAt measures it at one rate; most50 and most90 are the targets in milliseconds.
func (b bench) lagAt(ctx context.Context, rate, most50, most90 float64) []row {
	name50, name90 := fmt.Sprintf("schedule lag at %v/s, p50", rate), fmt.Sprintf("schedule lag at %v/s, p90", rate)
	var p50, p90 []float64
	var d doubts
	for range b.runs {
		_, result, err := runPlimsoll(ctx, b.scratch, job{url: b.url, rate: rate, length: b.length, connections: 256})
		if err != nil {
			return []row{unmeasured(name50, "ms", err), unmeasured(name90, "ms", err)}
		}
		d.add(result)
		p50, p90 = append(p50, milliseconds(result.Lag, 0.5)), append(p90, milliseconds(result.Lag, 0.9))
		fmt.Fprintf(os.Stderr, "  %v/s: lag p50 %.3f, p90 %.3f ms\n", rate, p50[len(p50)-1], p90[len(p90)-1])
	}
	return []row{
		atMost(name50, median(p50), "ms", most50).because(d.String()), atMost(name90, median(p90), "ms", most90).because(d.String()),
	}
}

// milliseconds is a quantile of d, NaN where there is none, which meets no target.
func milliseconds(d loadgen.Distribution, q float64) float64 {
	at, ok := d.Quantile(q)
	if !ok {
		return math.NaN()
	}
	return at.Time.Seconds() * 1e3
}

// rateRows measures how far the rate of hits started is from the one asked for.
func (b bench) rateRows(ctx context.Context) []row {
	const name, rate = "rate error over 30 s at 10,000/s", 10_000
	var errors []float64
	var d doubts
	for range b.runs {
		_, result, err := runPlimsoll(ctx, b.scratch, job{url: b.url, rate: rate, length: 30 * time.Second, connections: 256})
		if err != nil {
			return []row{unmeasured(name, "%", err)}
		}
		d.add(result)
		errors = append(errors, 100*math.Abs(result.Achieved/rate-1))
		fmt.Fprintf(os.Stderr, "  achieved %.3f/s\n", result.Achieved)
	}
	return []row{atMost(name, median(errors), "%", 0.05).because(d.String())}
}
