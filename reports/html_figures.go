package reports

import (
	"fmt"
	"slices"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// trialFigures are the time charts of one trial: hits, response time, and CPU and memory of each container. They share
// one cursor. Nothing is drawn of a trial without a second of load.
func trialFigures(r Run, t tuner.Trial) []figure {
	o := t.Observation
	if len(o.Seconds) == 0 {
		return nil
	}
	all := []figure{
		{Kind: "hits", Title: "Hits per second", Sentence: hitsSentence(o), Table: hitsTable(o)},
		{Kind: "response", Title: "Response time", Sentence: responseSentence(r, t) + creep(t.Verdict, ""), Table: responseTable(o)},
	}
	for _, c := range t.Step.Settings {
		few := shown(o, c.Container)
		if len(few) == 0 {
			continue
		}
		of := ""
		if n := r.Goal.Replicas; n > len(few) {
			of = fmt.Sprintf(", %d of %d replicas", len(few), n)
		}
		all = append(all,
			figure{Kind: "cpu", Key: Clean(c.Container), Title: c.Container + ": CPU against its limit" + of, Sentence: cpuSentence(o, c.Container) + creep(t.Verdict, c.Container),
				Table: containerTable(o, c.Container, "CPU", cpuCell)},
			figure{Kind: "memory", Key: Clean(c.Container), Title: c.Container + ": memory against its limit" + of, Sentence: memorySentence(o, c.Container) + growth(t.Verdict, c.Container),
				Table: containerTable(o, c.Container, "memory", memoryCell)})
	}
	return append(all, skewFigures(t)...)
}

func hitsSentence(o tuner.Observation) string {
	l := o.Load
	if l == nil {
		return "What came of the hits is not known."
	}
	text := fmt.Sprintf("%s offered, %s answered; no hit failed", rate(l.Offered), rate(l.Throughput))
	if failed := l.Hits - l.Outcomes["ok"]; l.Hits > 0 && failed > 0 {
		text = fmt.Sprintf("%s offered, %s answered; %s of %d hits failed", rate(l.Offered), rate(l.Throughput), percent(float64(failed)/float64(l.Hits)), l.Hits)
	}
	if k := tuner.KneeOf(o); k != nil {
		text += "; " + k.String()
	}
	return text + "."
}

func responseSentence(r Run, t tuner.Trial) string {
	p99, ok := t.Observation.Load.Quantile(0.99)
	if !ok {
		return "The response times are not known."
	}
	text := fmt.Sprintf("p99 over the judged %s was %s", duration(t.Observation.Window), quantileTime(p99))
	for _, slo := range r.Goal.SLOs[t.Step.Scenario] {
		if slo.Metric == scenarios.ResponseTime && slo.Quantile == 0.99 {
			text += fmt.Sprintf(", asked for is %s", slo.Text)
		}
	}
	return text + "."
}

// busiest is the use of the replica of a container that looks worst by what measure tells; ok is false where none is known.
func busiest(o tuner.Observation, container string, measure func(tuner.ContainerUse) (float64, bool)) (worst tuner.ContainerUse, ok bool) {
	top := 0.0
	for _, c := range o.Containers {
		if c.Container != container {
			continue
		}
		if x, known := measure(c); known && (!ok || x > top) {
			worst, top, ok = c, x, true
		}
	}
	return worst, ok
}

func cpuSentence(o tuner.Observation, container string) string {
	c, ok := busiest(o, container, func(c tuner.ContainerUse) (float64, bool) {
		if c.CPU == nil {
			return 0, false
		}
		return *c.CPU, true
	})
	if !ok {
		return "Its CPU usage is not known."
	}
	text := fmt.Sprintf("The busiest replica, %d, used %s on average", c.Replica, cores(*c.CPU))
	if c.CPULimit == 0 {
		return text + "; it has no CPU limit, so it can't be throttled."
	}
	throttled := c.ThrottledRatio()
	if throttled == nil {
		return text + fmt.Sprintf(" of %dm; how often it was throttled is not known.", c.CPULimit)
	}
	if *throttled == 0 {
		return text + fmt.Sprintf(" of %dm and was never throttled.", c.CPULimit)
	}
	return text + fmt.Sprintf(" of %dm and was throttled in %s of its periods.", c.CPULimit, percent(*throttled))
}

func memorySentence(o tuner.Observation, container string) string {
	killed := 0
	for _, k := range o.Kills {
		if k.Container == container {
			killed++
		}
	}
	end := "nothing in it was killed."
	if !killsKnown(o, container) {
		end = "nothing in it was seen to be killed."
	}
	if killed > 0 {
		end = fmt.Sprintf("it was killed %s.", times(killed))
	}
	c, ok := busiest(o, container, func(c tuner.ContainerUse) (float64, bool) {
		if c.WorkingSet == nil {
			return 0, false
		}
		return float64(*c.WorkingSet), true
	})
	if !ok {
		return "Its working set is not known; " + end
	}
	limit := "no limit"
	if c.MemoryLimit > 0 {
		limit = amount(tuner.Memory, int64(c.MemoryLimit))
	}
	return fmt.Sprintf("The largest working set was %s of %s, in replica %d; %s", memory(*c.WorkingSet), limit, c.Replica, end)
}

// killsKnown is false where the kernel's count of OOM kills could not be read for a replica of the container.
func killsKnown(o tuner.Observation, container string) bool {
	return !slices.ContainsFunc(o.Containers, func(c tuner.ContainerUse) bool { return c.Container == container && c.OOMKills == nil })
}

// tableRows is how many rows a table behind a time chart has at most.
const tableRows = 12

// sampled are the seconds in a table: evenly spread, the last one included.
func sampled(seconds []tuner.Second) []tuner.Second {
	if len(seconds) <= tableRows {
		return seconds
	}
	var all []tuner.Second
	for i := range tableRows {
		all = append(all, seconds[(i+1)*len(seconds)/tableRows-1])
	}
	return all
}

func hitsTable(o tuner.Observation) grid {
	g := grid{Head: []string{"Time", "Offered", "Throughput", "Failed"}, Amounts: true}
	for _, s := range sampled(o.Seconds) {
		g.Rows = append(g.Rows, []string{clock(s.At), rate(s.Offered), rate(s.Throughput), fmt.Sprint(s.Failed)})
	}
	return g
}

func responseTable(o tuner.Observation) grid {
	g := grid{Head: []string{"Time", "p50", "p99"}, Amounts: true}
	for _, s := range sampled(o.Seconds) {
		g.Rows = append(g.Rows, []string{clock(s.At), orNone(s.P50), orNone(s.P99)})
	}
	return g
}

// orNone prints a response time, and "no hit" for nil: no hit ended in that second.
func orNone(d *time.Duration) string {
	if d == nil {
		return "no hit"
	}
	return duration(*d)
}

// containerTable has one column for each replica that the chart shows.
func containerTable(o tuner.Observation, container, what string, cell func(tuner.ContainerSecond) string) grid {
	g := grid{Head: []string{"Time"}, Amounts: true}
	indices := shown(o, container)
	for _, i := range indices {
		g.Head = append(g.Head, fmt.Sprintf("%s, replica %d", what, o.Containers[i].Replica))
	}
	for _, s := range sampled(o.Seconds) {
		row := []string{clock(s.At)}
		for _, i := range indices {
			text := unknown
			if i < len(s.Containers) {
				text = cell(s.Containers[i])
			}
			row = append(row, text)
		}
		g.Rows = append(g.Rows, row)
	}
	return g
}

func cpuCell(c tuner.ContainerSecond) string {
	text := orUnknown(c.CPU, cores)
	if c.Throttled != nil && *c.Throttled > 0 {
		text += ", throttled " + percent(*c.Throttled)
	}
	return text
}

func memoryCell(c tuner.ContainerSecond) string {
	text := orUnknown(c.Memory, memory)
	if c.OOMKills != nil && *c.OOMKills > 0 {
		text += fmt.Sprintf(", %d OOM", *c.OOMKills)
	}
	return text
}
