package sim

import (
	"fmt"
	"testing"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// BenchmarkDecide times the decision after 10, 20 and 40 trials of a noisy service of two containers: four limits.
func BenchmarkDecide(b *testing.B) {
	f := file(0.25, 3)
	f.Tuning.MaxTrials, f.Tuning.Safety = 80, 0.99
	proxy := f.Workload.Containers[0]
	proxy.Name = "proxy"
	f.Workload.Containers = append(f.Workload.Containers, proxy)
	f.Scenarios = []scenarios.Scenario{steady("probe", 12e9), steady("confirm", 60e9)}
	goal := tuner.NewGoal(f)
	for seed := uint64(0); ; seed++ {
		f.Workload.Simulated.Seed = seed
		trials, _ := searched(b, goal, New(f))
		if len(trials) < 40 {
			continue
		}
		for _, n := range []int{10, 20, 40} {
			b.Run(fmt.Sprintf("%d trials", n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					tuner.Decide(goal, trials[:n])
				}
			})
		}
		return
	}
}
