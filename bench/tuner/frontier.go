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

// decisionRows time the last decision but one of a search, and the slower of the last two of the longest of some searches.
func decisionRows(all []ending) []row {
	var longest ending
	for _, e := range all[:min(200, len(all))] {
		if len(e.history) > len(longest.history) {
			longest = e
		}
	}
	decide := func(e ending, trials int) testing.BenchmarkResult {
		return testing.Benchmark(func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				tuner.Decide(e.specimen.goal, e.history[:trials])
			}
		})
	}
	typical, n := all[0], len(longest.history)
	usual, result := decide(typical, len(typical.history)-1), decide(longest, n)
	if other := decide(longest, n-1); other.NsPerOp() > result.NsPerOp() {
		result, n = other, n-1
	}
	return []row{
		atMost(fmt.Sprintf("a decision after %d trials", len(typical.history)-1), float64(usual.NsPerOp())/1e6, "ms", 1),
		plain("its allocations", float64(usual.AllocedBytesPerOp())/1024, "KiB"),
		atMost(fmt.Sprintf("a decision after %d trials, the most of 200 services, over %d limits", n, len(longest.specimen.goal.Limits)), float64(result.NsPerOp())/1e6, "ms", 1),
		plain("its allocations", float64(result.AllocedBytesPerOp())/1024, "KiB"),
	}
}
