package reports

import (
	"fmt"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// skew is how unevenly the replicas of a trial were used: the least, the mean and the largest of each figure. It has no
// rows where there is one replica. A figure that is not known for every replica is unknown.
func skew(t tuner.Trial) grid {
	g := grid{Head: []string{"", "Least", "Mean", "Largest", "Largest over mean"}}
	o := t.Observation
	if o.Load != nil && len(o.Load.Replicas) > 1 {
		var hits []*float64
		for _, n := range o.Load.Replicas {
			hits = append(hits, new(float64(n)))
		}
		g.Rows = append(g.Rows, skewRow("hits answered", hits, significant))
	}
	for _, c := range t.Step.Settings {
		var cpu, throttled, memories []*float64
		for _, use := range o.Containers {
			if use.Container == c.Container {
				cpu, throttled = append(cpu, use.CPU), append(throttled, use.ThrottledRatio())
				memories = append(memories, bytesOf(use.WorkingSet))
			}
		}
		if len(cpu) < 2 {
			continue
		}
		g.Rows = append(g.Rows, skewRow(c.Container+" CPU", cpu, cores))
		if c.CPULimit > 0 {
			g.Rows = append(g.Rows, skewRow(c.Container+" throttled", throttled, percent))
		}
		g.Rows = append(g.Rows, skewRow(c.Container+" working set", memories, func(b float64) string { return memory(scenarios.Bytes(b)) }))
	}
	return g
}

// bytesOf is b as a number; nil where it is not known.
func bytesOf(b *scenarios.Bytes) *float64 {
	if b == nil {
		return nil
	}
	return new(float64(*b))
}

// skewRow is one figure by replica.
func skewRow(name string, values []*float64, print func(float64) string) []string {
	least, largest, sum := 0, 0, 0.0
	for i, v := range values {
		if v == nil {
			return []string{name, unknown, unknown, unknown, unknown}
		}
		sum += *v
		if *v < *values[least] {
			least = i
		}
		if *v > *values[largest] {
			largest = i
		}
	}
	mean, over := sum/float64(len(values)), "even"
	if *values[largest] > *values[least] {
		over = "+" + percent(*values[largest]/mean-1)
	}
	at := func(i int) string { return fmt.Sprintf("%s (replica %d)", print(*values[i]), i) }
	return []string{name, at(least), print(mean), at(largest), over}
}
