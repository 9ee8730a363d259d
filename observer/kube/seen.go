package kube

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/plimsoll/plimsoll/observer"
	"github.com/plimsoll/plimsoll/tuner"
)

// cgroup is what rows are about: one instance of a container, a Pod, or a node.
type cgroup struct{ pod, container, id, node string }

// seen collects rows: each sample once, whoever repeats it.
type seen struct {
	rows map[cgroup][]Row
	// order is that in which cgroups were first seen.
	order    []cgroup
	metrics  map[cgroup][]observer.MetricsSample
	problems []string
	notes    []string
	// note and place are the source's own, as they stand now.
	note  string
	place *tuner.Place
}

// add keeps the rows that are new.
func (s *seen) add(rows []Row, metrics []PodMetrics) {
	if s.rows == nil {
		s.rows, s.metrics = map[cgroup][]Row{}, map[cgroup][]observer.MetricsSample{}
	}
	for _, r := range rows {
		g := cgroup{cmp.Or(r.UID, r.Pod), r.Container, r.ContainerID, ""}
		if g.pod == "" {
			g = cgroup{node: r.Node}
		}
		if _, known := s.rows[g]; !known {
			s.order = append(s.order, g)
		}
		s.rows[g] = insert(s.rows[g], r, func(r Row) time.Time { return r.At }, func(r Row) time.Time { return r.Taken })
	}
	for _, m := range metrics {
		g := cgroup{pod: m.Pod, container: m.Container}
		at := func(m observer.MetricsSample) time.Time { return m.At }
		s.metrics[g] = insert(s.metrics[g], m.MetricsSample, at, at)
	}
}

// insert puts x where it belongs in time, unless it is there: own is a sample's time on the clock of whoever took it.
func insert[T any](all []T, x T, at, own func(T) time.Time) []T {
	if slices.ContainsFunc(all, func(y T) bool { return own(y).Equal(own(x)) }) {
		return all
	}
	i, _ := slices.BinarySearchFunc(all, x, func(a, b T) int { return at(a).Compare(at(b)) })
	return slices.Insert(all, i, x)
}

// failed notes that the source could not be read, without that the metrics API could not; each different error once.
func (s *seen) failed(err error) {
	if err != nil && !slices.Contains(s.problems, err.Error()) {
		s.problems = append(s.problems, err.Error())
	}
}

func (s *seen) without(err error) {
	if err == nil {
		return
	}
	if text := "the metrics API was not recorded beside it: " + err.Error(); !slices.Contains(s.notes, text) {
		s.notes = append(s.notes, text)
	}
}

// series is what was seen of one target: the samples of all its instances, one after the other.
func (s *seen) series(t observer.Target) observer.Series {
	out := observer.Series{Target: t, Reader: s.place, Problems: slices.Clip(s.problems), Notes: slices.Clip(s.notes)}
	if s.note != "" {
		out.Notes = append(out.Notes, s.note)
	}
	whole := s.rows[cgroup{pod: t.Pod.UID}]
	if len(whole) == 0 {
		whole = s.rows[cgroup{pod: t.Pod.Name}]
	}
	for i, rows := range s.instances(t) {
		if i > 0 {
			out.Notes = append(out.Notes, fmt.Sprintf(
				"container %s of Pod %s restarted: what it used between its last sample and its end is not known", t.Container, t.Pod.Name))
		}
		for _, r := range rows {
			sample := r.Sample
			sample.Instance = i
			sample.CPULimit = cmp.Or(sample.CPULimit, t.Pod.CPULimit)
			sample.MemoryLimit = cmp.Or(sample.MemoryLimit, t.Pod.MemoryLimit)
			if p := nearest(whole, r.At); p != nil {
				sample.PodPeriods, sample.PodThrottledPeriods = p.Periods, p.ThrottledPeriods
			}
			out.Samples = append(out.Samples, sample)
		}
	}
	out.Metrics = s.metrics[cgroup{pod: t.Pod.Name, container: t.Container}]
	out.Doubts = s.nodeKills(t.Pod.Node)
	return out
}

// instances are the rows of each instance of a target, in the order in which they started. One begins after the other has
// ended: a late sample of the one before, taken while the next one ran, would be of a dead cgroup.
func (s *seen) instances(t observer.Target) [][]Row {
	var all [][]Row
	for _, g := range s.order {
		if g.container == t.Container && g.pod != "" && (g.pod == t.Pod.UID || g.pod == t.Pod.Name) {
			all = append(all, s.rows[g])
		}
	}
	slices.SortStableFunc(all, func(a, b []Row) int { return cmp.Or(a[0].Started.Compare(b[0].Started), a[0].At.Compare(b[0].At)) })
	for i := range all[:max(len(all)-1, 0)] {
		next := all[i+1][0].At
		all[i] = slices.DeleteFunc(slices.Clone(all[i]), func(r Row) bool { return !r.At.Before(next) })
	}
	return slices.DeleteFunc(all, func(rows []Row) bool { return len(rows) == 0 })
}

// nodeKills doubts a trial in which the node as a whole ran out of memory.
func (s *seen) nodeKills(node string) []tuner.Doubt {
	rows := s.rows[cgroup{node: node}]
	if len(rows) < 2 || node == "" {
		return nil
	}
	first, last := rows[0].OOMKills, rows[len(rows)-1].OOMKills
	if first == nil || last == nil || *last <= *first {
		return nil
	}
	return []tuner.Doubt{{Kind: tuner.NodeDisturbed, Text: fmt.Sprintf("node %s ran out of memory as a whole, %d times", node, *last-*first)}}
}

// nearest is the row nearest to at; nil where there is none.
func nearest(rows []Row, at time.Time) *Row {
	var found *Row
	for i := range rows {
		if found == nil || rows[i].At.Sub(at).Abs() < found.At.Sub(at).Abs() {
			found = &rows[i]
		}
	}
	return found
}
