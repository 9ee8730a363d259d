package reports

import (
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// trialView is all of one trial.
type trialView struct {
	Link                        link
	What, Judgement, Why        string
	Purpose, Scenario, Decision string
	Facts                       []fact
	Doubts, Notes               []string
	Settings                    []settingsView
	Margins                     []marginView
	Figures                     []figure
	Outcomes                    []fact
	Quantiles                   grid
	Uses                        grid
	Kills                       []killView
	Data                        template.JS
}

// settingsView is one container of the settings under test; Changed names the one cell that moved, empty for none.
type settingsView struct {
	Container                                        string
	CPURequest, CPULimit, MemoryRequest, MemoryLimit string
	CPUChanged, MemoryChanged                        bool
}

// marginView is one SLO or limit; Bar is value over bound in percent, at most 100.
type marginView struct {
	Name, Where, Value, Bound, Ratio, Tone string
	Bar                                    string
}

// killView is one kill with the last lines written.
type killView struct {
	What, When string
	Output     []string
}

func newTrialView(r Run, t tuner.Trial) (trialView, error) {
	o := t.Observation
	v := trialView{
		Link: link{t.Number, tone(t.Verdict)}, What: what(t.Step), Judgement: judgement(t.Verdict), Why: t.Verdict.Why,
		Purpose: string(t.Step.Purpose), Scenario: t.Step.Scenario, Decision: t.Step.Reason, Facts: trialFacts(t),
		Notes: append(append([]string{}, t.Step.Warnings...), o.Notes...), Settings: settingsViews(t.Step),
		Margins: marginViews(t.Verdict), Figures: trialFigures(r, t), Uses: uses(o), Kills: killViews(t),
	}
	for _, d := range o.Invalid {
		v.Doubts = append(v.Doubts, d.Text)
	}
	if o.Stopped != "" {
		v.Notes = append(v.Notes, "Stopped early: "+o.Stopped)
	}
	if o.Load != nil {
		v.Outcomes, v.Quantiles = outcomeFacts(*o.Load), quantileGrid(*o.Load)
	}
	var err error
	if len(o.Seconds) > 0 {
		v.Data, err = packed(newTrialData(r, t))
	}
	return v, err
}

func trialFacts(t tuner.Trial) []fact {
	o := t.Observation
	all := []fact{{"Scenario", t.Step.Scenario, string(t.Step.Purpose)}}
	if o.Load != nil {
		all = append(all, fact{"Offered", rate(o.Load.Offered), "achieved " + rate(o.Load.Achieved)},
			fact{"Throughput", rate(o.Load.Throughput), fmt.Sprintf("%d hits", o.Load.Hits)})
		for _, q := range []float64{0.5, 0.99} {
			if x, ok := o.Load.Quantile(q); ok {
				all = append(all, fact{quantileName(q), quantileTime(x), "response time"})
			}
		}
	} else {
		all = append(all, fact{"Load", "none", "a replica was never Ready"})
	}
	if o.Startup != nil {
		all = append(all, fact{"Start-up", duration(*o.Startup), "slowest replica"})
	}
	if o.Window > 0 {
		all = append(all, fact{"Judged", duration(o.Window), "after a warm-up of " + duration(o.Warmup)})
	}
	if o.Load != nil && inCluster(o) {
		all = append(all, fact{"Load from", placeOf(o.Load.From), clockOf(o.Load.From)})
	}
	if from := sources(o); from != "" {
		all = append(all, fact{"Counters", from, "where usage and throttling come from"})
	}
	if o.Reader != nil {
		all = append(all, fact{"Read by", placeOf(o.Reader), clockOf(o.Reader)})
	}
	for _, c := range o.Containers {
		if m := c.MetricsServer; m != nil {
			all = append(all, fact{fmt.Sprintf("%s %d by the metrics API", c.Container, c.Replica), cores(m.CPU) + ", " + memory(m.WorkingSet),
				fmt.Sprintf("%d samples over %s each: no throttling, no kills, no spike shorter than that", m.Samples, duration(m.Window))})
		}
	}
	if o.Closing > 0 {
		all = append(all, fact{"Closing", duration(o.Closing), "the last counters took that long to show"})
	}
	return append(all,
		fact{"Took", duration(t.Elapsed), ""})
}

// sources are where the figures of containers come from, each once; "" where it is the machine that ran the load.
func sources(o tuner.Observation) string {
	var all []string
	for _, c := range o.Containers {
		if from := Clean(c.Source); from != "" && !slices.Contains(all, from) {
			all = append(all, from)
		}
	}
	return strings.Join(all, ", ")
}

// quantileName is "p99" for 0.99 and "max" for 1.
func quantileName(q float64) string {
	if q == 1 {
		return "max"
	}
	return "p" + strconv.FormatFloat(q*100, 'g', 6, 64)
}

func quantileTime(q tuner.Quantile) string {
	if q.AtLeast {
		return "≥ " + duration(q.Time)
	}
	return duration(q.Time)
}

func settingsViews(s tuner.Step) []settingsView {
	var all []settingsView
	for _, c := range s.Settings {
		v := settingsView{Container: c.Container, CPURequest: amount(tuner.CPU, int64(c.CPURequest)),
			CPULimit: amount(tuner.CPU, int64(c.CPULimit)), MemoryRequest: amount(tuner.Memory, int64(c.MemoryRequest)),
			MemoryLimit: amount(tuner.Memory, int64(c.MemoryLimit))}
		if s.Change != nil && s.Change.Container == c.Container {
			v.CPUChanged, v.MemoryChanged = s.Change.Resource == tuner.CPU, s.Change.Resource == tuner.Memory
		}
		all = append(all, v)
	}
	return all
}

func marginViews(verdict tuner.Verdict) []marginView {
	var all []marginView
	for _, m := range verdict.Margins {
		v := marginView{Name: m.Name, Value: unknown, Bound: margin(m, m.Bound), Ratio: unknown, Tone: "doubt"}
		if m.Container != "" {
			v.Where = fmt.Sprintf("%s, replica %d", m.Container, m.Replica)
		}
		if m.Value != nil {
			v.Value = margin(m, *m.Value)
		}
		if m.Value != nil && m.AtLeast {
			v.Value = "≥ " + v.Value
		}
		if m.Ratio != nil {
			v.Ratio, v.Bar = multiple(*m.Ratio), strconv.FormatFloat(max(0, min(100, *m.Ratio*100)), 'f', 1, 64)
		}
		if m.Met != nil {
			v.Tone = map[bool]string{true: "good", false: "bad"}[*m.Met]
		}
		all = append(all, v)
	}
	return all
}

// outcomeFacts counts the hits by outcome, the most frequent first.
func outcomeFacts(l tuner.Load) []fact {
	names := slices.SortedFunc(maps.Keys(l.Outcomes), func(a, b string) int {
		if l.Outcomes[a] != l.Outcomes[b] {
			return int(l.Outcomes[b] - l.Outcomes[a])
		}
		return strings.Compare(a, b)
	})
	var all []fact
	for _, name := range names {
		note := ""
		if l.Hits > 0 {
			note = percent(float64(l.Outcomes[name]) / float64(l.Hits))
		}
		all = append(all, fact{strings.ReplaceAll(name, "_", " "), fmt.Sprint(l.Outcomes[name]), note})
	}
	return all
}

func quantileGrid(l tuner.Load) grid {
	g := grid{Head: []string{"", "Response", "Service", "Generator lag"}, Amounts: true}
	for _, q := range l.Response {
		row := []string{quantileName(q.Q), quantileTime(q)}
		for _, other := range [][]tuner.Quantile{l.Service, l.Lag} {
			i := slices.IndexFunc(other, func(x tuner.Quantile) bool { return x.Q == q.Q })
			if i < 0 {
				row = append(row, unknown)
			} else {
				row = append(row, quantileTime(other[i]))
			}
		}
		g.Rows = append(g.Rows, row)
	}
	return g
}

// uses is what each container used.
func uses(o tuner.Observation) grid {
	g := grid{Head: []string{"Container", "CPU mean", "p95", "max", "limit", "Throttled", "Working set", "Peak", "limit", "OOM kills", "Restarts"}, Amounts: true}
	for _, c := range o.Containers {
		throttled := orUnknown(c.ThrottledRatio(), percent)
		if c.CPULimit == 0 {
			throttled = "no limit"
		}
		g.Rows = append(g.Rows, []string{
			fmt.Sprintf("%s %d", c.Container, c.Replica),
			orUnknown(c.CPU, cores), orUnknown(c.CPUP95, cores), orUnknown(c.CPUMax, cores), amount(tuner.CPU, int64(c.CPULimit)), throttled,
			orUnknown(c.WorkingSet, memory), orUnknown(c.MemoryPeak, memory), amount(tuner.Memory, int64(c.MemoryLimit)),
			orUnknown(c.OOMKills, func(n int64) string { return fmt.Sprint(n) }), fmt.Sprint(c.Restarts),
		})
	}
	return g
}

// orUnknown prints what p points to, and "unknown" for nil.
func orUnknown[T float64 | int64 | scenarios.Bytes | scenarios.MilliCPU](p *T, print func(T) string) string {
	if p == nil {
		return unknown
	}
	return print(*p)
}

func killViews(t tuner.Trial) []killView {
	var all []killView
	for _, k := range t.Observation.Kills {
		v := killView{What: fmt.Sprintf("%s, replica %d: %s", k.Container, k.Replica, named(kills, k.Kind)), Output: k.Output}
		v.When = fmt.Sprintf("%s into the load", clock(k.At))
		if k.At < 0 {
			v.When = "before the load"
		}
		if k.ExitCode != nil {
			v.When += fmt.Sprintf(", exit code %d", *k.ExitCode)
		}
		all = append(all, v)
	}
	return all
}
