package main

import (
	"context"
	"fmt"
	"os"
)

// closedRows compares the CPU cost of a hit as fast as hits go with that of wrk.
func (b bench) closedRows(ctx context.Context) []row {
	plimsoll, wrk, _, _, _ := tools()
	var rows []row
	for _, connections := range []int{32, 256} {
		name := fmt.Sprintf("CPU per hit, closed loop, %d connections", connections)
		costs := b.alternate(ctx, job{url: b.url, length: b.length, connections: connections}, plimsoll, wrk)
		rows = append(rows, compared(name, costs[0], costs[1], 1.15))
	}
	return rows
}

// whyOpenCosts is what is known of a target of openRows that is missed.
const whyOpenCosts = "at 5,000/s each hit is two wake-ups, its planned instant and its reply, of 14 to 17 µs of system time each " +
	"where this was measured (a virtual machine of two cores); docs/adr/0002 says what was tried"

// openRows compares the CPU cost of a hit at 5,000/s with the tools that keep to a rate.
func (b bench) openRows(ctx context.Context) []row {
	plimsoll, _, vegeta, k6, bombardier := tools()
	var rows []row
	for _, connections := range []int{32, 256} {
		name := fmt.Sprintf("CPU per hit, open loop, 5,000/s, %d connections", connections)
		costs := b.alternate(ctx, job{url: b.url, rate: 5000, length: b.length, connections: connections}, plimsoll, vegeta, k6, bombardier)
		for i, most := range []float64{1. / 3, 1. / 6, 0} { // of vegeta, k6, bombardier
			rows = append(rows, compared(name, costs[0], costs[1+i], most).ifMissed(whyOpenCosts))
		}
	}
	return rows
}

// costs are what the runs of one tool cost, in microseconds of CPU per hit.
type costs struct {
	tool   string
	perHit []float64
	// failed is why a run could not be used; nil where all could.
	failed error
}

// alternate runs the tools in turn, b.runs times each.
func (b bench) alternate(ctx context.Context, j job, tools ...tool) []costs {
	all := make([]costs, len(tools))
	for range b.runs {
		for i, t := range tools {
			all[i].tool = t.name
			c, err := t.run(ctx, b.scratch, j)
			if err != nil {
				all[i].failed = fmt.Errorf("%s: %w", t.name, err)
				fmt.Fprintf(os.Stderr, "  %v\n", all[i].failed)
				continue
			}
			fmt.Fprintf(os.Stderr, "  %s: %.2f µs a hit, %d hits\n", t.name, c.perHit(), c.hits)
			all[i].perHit = append(all[i].perHit, c.perHit())
		}
	}
	return all
}

// compared is the row of ours beside a peer's. Most of the runs of both must have been usable.
func compared(name string, ours, peer costs, most float64) row {
	for _, c := range []costs{ours, peer} {
		if len(c.perHit) == 0 {
			return unmeasured(name+", beside "+peer.tool, "µs", c.failed)
		}
	}
	r := beside(name, median(ours.perHit), "µs", peer.tool, median(peer.perHit), most)
	for _, c := range []costs{ours, peer} {
		if c.failed != nil {
			r.Reason += fmt.Sprintf("%d runs of %s; ", len(c.perHit), c.failed)
		}
	}
	return r
}
