package sim

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// BenchmarkDecide times the decision after 10, 20 and 40 trials of a noisy service of one container (two limits) and of
// two (four limits). user-ns/op is the CPU time it took, which other work on the machine hardly changes.
func BenchmarkDecide(b *testing.B) {
	for _, containers := range []int{1, 2} {
		goal, trials := longSearch(b, containers)
		for _, n := range []int{10, 20, 40} {
			b.Run(fmt.Sprintf("%d limits/%d trials", len(goal.Limits), n), func(b *testing.B) {
				b.ReportAllocs()
				before := userTime(b)
				for b.Loop() {
					tuner.Decide(goal, trials[:n])
				}
				b.ReportMetric(float64(userTime(b)-before)/float64(b.N), "user-ns/op")
			})
		}
	}
}

// longSearch is the first search of a noisy service that takes 40 trials.
func longSearch(b *testing.B, containers int) (tuner.Goal, []tuner.Trial) {
	f := file(0.25, 3)
	f.Tuning.MaxTrials, f.Tuning.Safety = 80, 0.99
	if containers > 1 {
		proxy := f.Workload.Containers[0]
		proxy.Name = "proxy"
		f.Workload.Containers = append(f.Workload.Containers, proxy)
	}
	f.Scenarios = []scenarios.Scenario{steady("probe", 12e9), steady("confirm", 60e9)}
	goal := tuner.NewGoal(f)
	for seed := range uint64(100000) {
		f.Workload.Simulated.Seed = seed
		if trials, _ := searched(b, goal, New(f)); len(trials) >= 40 {
			return goal, trials
		}
	}
	b.Fatal("no search takes 40 trials")
	return tuner.Goal{}, nil
}

// userTime is the CPU time that this process took outside of the kernel.
func userTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano())
}
