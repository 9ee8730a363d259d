package reports

import (
	"fmt"
	"strings"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// skewData is behind the chart of skew: each figure of each replica in percent of the mean over the replicas.
type skewData struct {
	Replicas []int        `json:"replicas"`
	Figures  []skewFigure `json:"figures"`
}

// skewFigure is one figure by replica; NaN is "not known".
type skewFigure struct {
	Name   string `json:"name"`
	Values column `json:"values"`
}

// replicaFigure is one figure by replica in its own unit; nil is "not known".
type replicaFigure struct {
	name   string
	values []*float64
	print  func(float64) string
}

// replicaFigures are the hits answered, and CPU, throttling and working set of each container, by replica; none where there
// is one replica.
func replicaFigures(t tuner.Trial) []replicaFigure {
	var all []replicaFigure
	o := t.Observation
	if o.Load != nil && len(o.Load.Replicas) > 1 {
		var hits []*float64
		for _, n := range o.Load.Replicas {
			hits = append(hits, new(float64(n)))
		}
		all = append(all, replicaFigure{"hits answered", hits, significant})
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
		all = append(all, replicaFigure{Clean(c.Container) + " CPU", cpu, cores})
		if c.CPULimit > 0 {
			all = append(all, replicaFigure{Clean(c.Container) + " throttled", throttled, percent})
		}
		all = append(all, replicaFigure{Clean(c.Container) + " working set", memories, func(b float64) string { return memory(scenarios.Bytes(b)) }})
	}
	return all
}

// mean over the replicas; ok is false where a replica is not known, or where there is nothing to divide by.
func (f replicaFigure) mean() (mean float64, ok bool) {
	for _, v := range f.values {
		if v == nil {
			return 0, false
		}
		mean += *v / float64(len(f.values))
	}
	return mean, mean > 0
}

// newSkewData is what the chart shows: figures without a mean are left to the table, and so is throttling, whose ratio to
// its mean says little.
func newSkewData(t tuner.Trial) skewData {
	d := skewData{Replicas: []int{}, Figures: []skewFigure{}}
	for _, f := range replicaFigures(t) {
		mean, ok := f.mean()
		if !ok || strings.HasSuffix(f.name, " throttled") {
			continue
		}
		figure := skewFigure{Name: f.name}
		for _, v := range f.values {
			figure.Values = append(figure.Values, 100**v/mean)
		}
		for len(d.Replicas) < len(f.values) {
			d.Replicas = append(d.Replicas, len(d.Replicas))
		}
		d.Figures = append(d.Figures, figure)
	}
	return d
}

// skewFigures are the chart of skew with its table; none where there is one replica.
func skewFigures(t tuner.Trial) []figure {
	table, d := skew(t), newSkewData(t)
	if len(table.Rows) == 0 || len(d.Figures) == 0 {
		return nil
	}
	name, replica, most := "", 0, 0.0
	for _, f := range d.Figures {
		for i, x := range f.Values {
			if x > most {
				name, replica, most = f.Name, i, x
			}
		}
	}
	text := fmt.Sprintf("Furthest above the mean is replica %d in %s, by %s; the verdict rests on the busiest replica, not on the mean.", replica, name, percent(most/100-1))
	if most <= 100 {
		text = "All replicas were used alike."
	}
	return []figure{{Kind: "skew", Title: "Skew over the replicas, in percent of their mean", Sentence: text, Table: table}}
}

// skew is how unevenly the replicas of a trial were used: the least, the mean and the largest of each figure. It has no
// rows where there is one replica. A figure that is not known for every replica is unknown.
func skew(t tuner.Trial) grid {
	g := grid{Head: []string{"", "Least", "Mean", "Largest", "Largest over mean"}, Amounts: true}
	for _, f := range replicaFigures(t) {
		g.Rows = append(g.Rows, skewRow(f.name, f.values, f.print))
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
