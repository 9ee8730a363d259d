package reports

import (
	"fmt"
	"math"
	"strings"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// chainData is each limit over the trials. Every column has one value for each trial.
type chainData struct {
	// Trial numbers, and the tone of each verdict: good, bad or doubt.
	Trials []int        `json:"trials"`
	Tones  []string     `json:"tones"`
	What   []string     `json:"what"`
	Limits []chainLimit `json:"limits"`
}

// chainLimit is one limit: values in millicores or MiB; Changed is true for the trials whose step moved it; Derived is
// nil where none was.
type chainLimit struct {
	Name    string   `json:"name"`
	Unit    string   `json:"unit"`
	Values  column   `json:"values"`
	Changed []bool   `json:"changed"`
	Derived *float64 `json:"derived"`
}

// chain draws every searched limit over the trials.
func chain(r Run) ([]figure, chainData) {
	if len(r.Trials) == 0 {
		return nil, chainData{}
	}
	d := chainData{}
	for _, t := range r.Trials {
		d.Trials, d.Tones, d.What = append(d.Trials, t.Number), append(d.Tones, tone(t.Verdict)), append(d.What, what(t.Step))
	}
	result, _ := r.ended()
	var figures []figure
	for i, s := range r.Goal.Limits {
		derived, _ := result.Settings.Of(s.Container)
		l := chainLimit{Name: limitName(s.Limit), Unit: "m"}
		if x := inChartUnit(s.Resource, settingOf(derived, s.Resource, "limit")); !math.IsNaN(x) {
			l.Derived = &x
		}
		if s.Resource == tuner.Memory {
			l.Unit = "Mi"
		}
		f := figure{Kind: "chain", Key: fmt.Sprint(i), Title: l.Name, Table: grid{Head: []string{"Trial", l.Name, "Verdict"}}}
		for _, t := range r.Trials {
			c, _ := t.Step.Settings.Of(s.Container)
			value := settingOf(c, s.Resource, "limit")
			l.Values = append(l.Values, inChartUnit(s.Resource, value))
			l.Changed = append(l.Changed, t.Step.Change != nil && t.Step.Change.Limit == s.Limit)
			f.Table.Rows = append(f.Table.Rows, []string{fmt.Sprint(t.Number), amount(s.Resource, value), judgement(t.Verdict)})
		}
		f.Sentence = chainSentence(r, s, l)
		d.Limits, figures = append(d.Limits, l), append(figures, f)
	}
	return figures, d
}

// inChartUnit is a setting in m or MiB; NaN where it is not set.
func inChartUnit(r tuner.Resource, value int64) float64 {
	switch {
	case value == 0:
		return math.NaN()
	case r == tuner.CPU:
		return float64(value)
	}
	return float64(value) / float64(scenarios.MiB)
}

func chainSentence(r Run, s tuner.Searched, l chainLimit) string {
	moved := 0
	for _, changed := range l.Changed {
		if changed {
			moved++
		}
	}
	text := fmt.Sprintf("It was moved %s", times(moved))
	first, _ := r.Trials[0].Step.Settings.Of(s.Container)
	text += fmt.Sprintf(", from %s", about(s.Resource, settingOf(first, s.Resource, "limit")))
	if result, ok := r.ended(); ok {
		for _, e := range result.Evidence {
			if e.Limit == s.Limit && e.Below != nil {
				return text + fmt.Sprintf(" to %s: it failed at %s (%s, trial %d) and passed at %s.", about(s.Resource, e.Derived),
					about(s.Resource, e.Below.Value), named(modes, e.Below.Mode), e.Below.Trial, about(s.Resource, e.Derived))
			}
			if e.Limit == s.Limit {
				return text + fmt.Sprintf(" to %s; nothing below that was seen to fail.", about(s.Resource, e.Derived))
			}
		}
	}
	return text + "."
}

func times(n int) string {
	switch n {
	case 0:
		return "in no trial"
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}

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
	P99        column `json:"p99"`
}

// keptUp is the ratio of throughput over offered rate from which a stage counts as kept up with.
const keptUp = 0.95

// ramp compares the first and the last trial that ran the same staircase of rates.
func ramp(r Run) ([]figure, rampData) {
	first, last, ok := rampTrials(r)
	if !ok {
		return nil, rampData{}
	}
	d := rampData{}
	chosen := []tuner.Trial{first}
	if last.Number != first.Number {
		chosen = append(chosen, last)
	}
	for _, s := range first.Observation.Load.Stages {
		d.Offered = append(d.Offered, s.Offered)
	}
	table := grid{Head: []string{"Offered"}}
	for range d.Offered {
		table.Rows = append(table.Rows, nil)
	}
	for i, x := range d.Offered {
		table.Rows[i] = []string{rate(x)}
	}
	var sentences []string
	for _, t := range chosen {
		line := rampLine{Number: t.Number, Name: fmt.Sprintf("trial %d", t.Number)}
		table.Head = append(table.Head, "Throughput, "+line.Name, "p99, "+line.Name)
		for i, s := range t.Observation.Load.Stages {
			p99 := math.NaN()
			text := unknown
			if q, ok := find(s.Response, 0.99); ok {
				p99, text = q.Time.Seconds()*1e3, quantileTime(q)
			}
			line.Throughput, line.P99 = append(line.Throughput, s.Throughput), append(line.P99, p99)
			table.Rows[i] = append(table.Rows[i], rate(s.Throughput), text)
		}
		d.Trials = append(d.Trials, line)
		sentences = append(sentences, knee(t))
	}
	d.Bounds = responseBounds(r, last.Step.Scenario)
	return []figure{
		{Kind: "ramp-throughput", Title: "Throughput over offered rate", Sentence: strings.Join(sentences, " "), Table: table},
		{Kind: "ramp-p99", Title: "p99 over offered rate", Sentence: rampLatency(chosen[len(chosen)-1]), Table: table},
	}, d
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

// knee says where throughput stops following the offered rate.
func knee(t tuner.Trial) string {
	stages := t.Observation.Load.Stages
	for i, s := range stages {
		if s.Throughput >= keptUp*s.Offered {
			continue
		}
		if i == 0 {
			return fmt.Sprintf("Trial %d fell short from the first stage on: %s answered of %s offered.", t.Number, rate(s.Throughput), rate(s.Offered))
		}
		return fmt.Sprintf("In trial %d throughput follows the load up to %s; the knee lies between that and %s.", t.Number,
			rate(stages[i-1].Offered), rate(s.Offered))
	}
	return fmt.Sprintf("Trial %d kept up with all of it, %s at the end.", t.Number, rate(stages[len(stages)-1].Offered))
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
