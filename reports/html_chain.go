package reports

import (
	"fmt"
	"math"

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
		if e, ok := evidence(result, s.Limit); ok && e.Below != nil {
			f.Trials = links(r, []int{e.Below.Trial, e.Passed})
		}
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
	result, _ := r.ended()
	e, ok := evidence(result, s.Limit)
	switch {
	case !ok:
		return text + "."
	case e.Below == nil:
		return text + fmt.Sprintf(" to %s; nothing below that was seen to fail.", about(s.Resource, e.Derived))
	}
	return text + fmt.Sprintf(" to %s: it failed at %s (%s, trial %d) and passed at %s.", about(s.Resource, e.Derived),
		about(s.Resource, e.Below.Value), named(modes, e.Below.Mode), e.Below.Trial, about(s.Resource, e.Derived))
}

// evidence is what a derived limit rests on; ok is false where it was not searched.
func evidence(result tuner.Result, l tuner.Limit) (e tuner.Evidence, ok bool) {
	for _, e := range result.Evidence {
		if e.Limit == l {
			return e, true
		}
	}
	return tuner.Evidence{}, false
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
