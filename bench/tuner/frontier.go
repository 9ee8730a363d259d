package main

import (
	"fmt"
	"testing"

	"github.com/plimsoll/plimsoll/tuner"
)

// frontierRows show what safety costs: trials and over-allocation against the pass rate, for three safety levels.
func frontierRows(services int, seed uint64) ([]row, error) {
	var rows []row
	for _, safety := range []float64{0.9, 0.95, 0.99} {
		for _, noise := range levels {
			endings, err := searchAll(newFleet(services, seed+1, noise, safety))
			if err != nil {
				return nil, err
			}
			s := summarise(withoutLeaks(endings))
			name := func(what string) string {
				return fmt.Sprintf("frontier: safety %.2f, noise %.0f%%: %s", safety, noise*100, what)
			}
			rows = append(rows, plain(name("trials per limit"), s.trialsPerLimit, "trials"), plain(name("true pass, mean"), s.pass, "ratio"),
				plain(name("joint pass, mean"), s.joint, "ratio"), plain(name("over-allocation, mean"), s.over, "ratio"))
		}
	}
	return rows, nil
}

// decisionRows time one decision over the longest of some searches.
func decisionRows(all []ending) []row {
	var longest ending
	for _, e := range all[:min(200, len(all))] {
		if len(e.history) > len(longest.history) {
			longest = e
		}
	}
	result := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			tuner.Decide(longest.specimen.goal, longest.history)
		}
	})
	typical := all[0]
	usual := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			tuner.Decide(typical.specimen.goal, typical.history[:len(typical.history)-1])
		}
	})
	return []row{
		atMost(fmt.Sprintf("a decision after %d trials", len(typical.history)-1), float64(usual.NsPerOp())/1e6, "ms", 1),
		plain("its allocations", float64(usual.AllocedBytesPerOp())/1024, "KiB"),
		atMost(fmt.Sprintf("a decision after %d trials, the most of 200 services", len(longest.history)), float64(result.NsPerOp())/1e6, "ms", 1),
		plain("its allocations", float64(result.AllocedBytesPerOp())/1024, "KiB"),
	}
}
