package reports

import (
	"fmt"
	"math"
	"strings"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// rampData is throughput and response times over the offered rate, by trial. Columns have one value for each of Offered.
type rampData struct {
	Offered column     `json:"offered"`
	Trials  []rampLine `json:"trials"`
	// Bounds of response time, in milliseconds.
	Bounds []boundData `json:"bounds"`
}

// rampLine is one trial: hits per second and milliseconds.
type rampLine struct {
	Number     int    `json:"number"`
	Name       string `json:"name"`
	Throughput column `json:"throughput"`
	P50        column `json:"p50"`
	P99        column `json:"p99"`
	// Knee is the largest offered rate kept up with and the smallest that was not, in hits per second; empty for no knee.
	Knee column `json:"knee"`
}

// keptUp is the ratio of throughput over offered rate from which a stage counts as kept up with.
const keptUp = 0.95

// ramp compares the first and the last trial that ran the same staircase of rates.
func ramp(r Run) ([]figure, rampData) {
	first, last, ok := rampTrials(r)
	if !ok {
		return nil, rampData{}
	}
	chosen := []tuner.Trial{first}
	if last.Number != first.Number {
		chosen = append(chosen, last)
	}
	d := rampData{Bounds: responseBounds(r, last.Step.Scenario)}
	table := grid{Head: []string{"Offered"}, Amounts: true}
	for _, s := range first.Observation.Load.Stages {
		d.Offered, table.Rows = append(d.Offered, s.Offered), append(table.Rows, []string{rate(s.Offered)})
	}
	var knees []string
	var numbers []int
	for _, t := range chosen {
		d.Trials, knees, numbers = append(d.Trials, newRampLine(t, &table)), append(knees, knee(t)), append(numbers, t.Number)
	}
	return []figure{
		{Kind: "ramp-throughput", Title: "Throughput over offered rate", Sentence: strings.Join(knees, " "), Trials: links(r, numbers), Table: table},
		{Kind: "ramp-response", Title: "p50 and p99 over offered rate", Sentence: rampLatency(last), Trials: links(r, numbers), Table: table},
	}, d
}

// newRampLine is the stages of one trial; it adds its columns to table.
func newRampLine(t tuner.Trial, table *grid) rampLine {
	line := rampLine{Number: t.Number, Name: fmt.Sprintf("trial %d", t.Number), Knee: column{}}
	table.Head = append(table.Head, "Throughput, "+line.Name, "p50, "+line.Name, "p99, "+line.Name)
	for i, s := range t.Observation.Load.Stages {
		p50, median := stageTime(s, 0.5)
		p99, tail := stageTime(s, 0.99)
		line.Throughput, line.P50, line.P99 = append(line.Throughput, s.Throughput), append(line.P50, p50), append(line.P99, p99)
		table.Rows[i] = append(table.Rows[i], rate(s.Throughput), median, tail)
	}
	if k := tuner.KneeOf(t.Observation); k != nil {
		line.Knee = column{k.Load, k.Beyond}
	}
	return line
}

// stageTime is a response time of a stage in milliseconds and in words; NaN and "unknown" where it was not recorded.
func stageTime(s tuner.StageLoad, q float64) (float64, string) {
	x, ok := find(s.Response, q)
	if !ok {
		return math.NaN(), unknown
	}
	return x.Time.Seconds() * 1e3, quantileTime(x)
}

// rampTrials are the first and the last trial with the same two or more stages, where there are any.
func rampTrials(r Run) (first, last tuner.Trial, ok bool) {
	for _, t := range r.Trials {
		if t.Observation.Load == nil || len(t.Observation.Load.Stages) < 2 || t.Verdict.Judgement == tuner.Inconclusive {
			continue
		}
		switch {
		case !ok:
			first, last, ok = t, t, true
		case sameStages(first, t):
			last = t
		}
	}
	return first, last, ok
}

func sameStages(a, b tuner.Trial) bool {
	x, y := a.Observation.Load.Stages, b.Observation.Load.Stages
	if len(x) != len(y) || a.Step.Scenario != b.Step.Scenario {
		return false
	}
	for i := range x {
		if math.Abs(x[i].Offered-y[i].Offered) > 0.02*x[i].Offered {
			return false
		}
	}
	return true
}

func find(quantiles []tuner.Quantile, q float64) (tuner.Quantile, bool) {
	return (&tuner.Load{Response: quantiles}).Quantile(q)
}

// knee says where a service stops keeping up with a staircase of rates. One kind of evidence may have another cause and
// makes no knee.
func knee(t tuner.Trial) string {
	stages := t.Observation.Load.Stages
	first, last := stages[0], stages[len(stages)-1]
	if first.Throughput < keptUp*first.Offered {
		return fmt.Sprintf("Trial %d fell short from the first stage on: %s answered of %s offered.", t.Number, rate(first.Throughput), rate(first.Offered))
	}
	if k := tuner.KneeOf(t.Observation); k != nil {
		return fmt.Sprintf("In trial %d %s.", t.Number, k)
	}
	if last.Throughput < keptUp*last.Offered {
		return fmt.Sprintf("Trial %d answered %s of %s offered at the end; nothing else shows a knee.", t.Number, rate(last.Throughput), rate(last.Offered))
	}
	return fmt.Sprintf("Trial %d shows no knee: it kept up with all of it, %s at the end.", t.Number, rate(last.Offered))
}

func rampLatency(t tuner.Trial) string {
	stages := t.Observation.Load.Stages
	a, okA := find(stages[0].Response, 0.99)
	b, okB := find(stages[len(stages)-1].Response, 0.99)
	if !okA || !okB {
		return "The response times of some stages are not known."
	}
	return fmt.Sprintf("In trial %d p99 goes from %s at %s to %s at %s.", t.Number, quantileTime(a), rate(stages[0].Offered),
		quantileTime(b), rate(stages[len(stages)-1].Offered))
}

// responseBounds are the SLOs on response time of a scenario.
func responseBounds(r Run, scenario string) []boundData {
	var all []boundData
	for _, slo := range r.Goal.SLOs[scenario] {
		if slo.Metric == scenarios.ResponseTime {
			all = append(all, boundData{Clean(slo.Text), slo.Time.Seconds() * 1e3})
		}
	}
	return all
}
