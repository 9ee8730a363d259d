package reports

import (
	"fmt"
	"html/template"
	"strings"
	"time"

	"github.com/plimsoll/plimsoll/tuner"
)

// page is what the template shows, in the order of the page. Every text is ready to be read.
type page struct {
	inlined
	Title, Subtitle string
	Headline, Why   string
	// Deciding are the trials that the headline rests on: of a search one, of a check those of what it says.
	Deciding []link
	// Tone of the headline: good, bad or doubt.
	Tone      string
	Simulated string
	Facts     []fact
	Warnings  []string
	Cards     []card
	Saved     string
	Advice    []string
	Answers   []answerRow
	// Apply are the ways to put the derived settings in force; empty where none were derived or the workload is on no cluster.
	Apply []fact
	// Findings and Differences of a check, and the trials that the differences are measured in; empty for a search.
	Findings    []findingView
	Differences grid
	Compared    []link
	// Checked is true for a check, in which no limit changes.
	Checked bool
	// Chain of trials, the ramp and the distribution: charts over all trials.
	Chain        []figure
	Rows         []trialRow
	Ramp         []figure
	Distribution []figure
	Failures     []failure
	Trials       []trialView
	Setting      []fact
	// Compat is the section on autoscalers, budgets and quotas; nil where the workload is in no cluster.
	Compat *compatView
	// Data behind Chain, Ramp, Distribution and the trial beside autoscalers; Charted is true where there is any of these.
	Data    template.JS
	Charted bool
}

// fact is one labelled value.
type fact struct{ Label, Value, Note string }

// link leads to a trial of this page; Tone is that of its verdict.
type link struct {
	Number int
	Tone   string
}

// figure is one chart: where its data is, one sentence that says what it shows, and the same as a table.
type figure struct {
	// Kind selects how it is drawn, Key what of the data.
	Kind, Key       string
	Title, Sentence string
	// Trials that it shows, where it is not part of one.
	Trials []link
	Table  grid
}

// grid is a table behind a chart.
type grid struct {
	Head []string
	Rows [][]string
	// Amounts is true where all columns but the first are amounts, which stand to the right.
	Amounts bool
}

// trialRow is one line of the list of trials.
type trialRow struct {
	Link                           link
	What, Judgement, Why, Decision string
}

// failure is one entry of the fail log.
type failure struct {
	Link      link
	Mode, Why string
	Kills     []killView
}

func newPage(r Run) (page, error) {
	assets, err := inline()
	if err != nil {
		return page{}, err
	}
	result, _ := r.ended()
	p := page{
		inlined: assets, Title: title(r), Subtitle: subtitle(r), Headline: headline(r), Why: result.Why,
		Tone: outcomeTone(r), Facts: facts(r), Warnings: warnings(r), Cards: cards(r), Saved: saved(r), Advice: advices(r),
		Answers: answerRows(r), Apply: applications(r), Rows: trialRows(r), Failures: failures(r), Setting: setting(r), Compat: newCompatView(r.Compat),
	}
	if t, ok := deciding(r); ok {
		p.Deciding = []link{{t.Number, tone(t.Verdict)}}
	}
	if r.Check != nil {
		p.addCheck(r)
	}
	if r.Simulated {
		p.Simulated = simulatedText
	}
	var data pageData
	if r.Check == nil {
		p.Chain, data.Chain = chain(r)
	}
	p.Ramp, data.Ramp = ramp(r)
	p.Distribution, data.Distribution = distribution(r)
	if p.Compat != nil {
		data.Beside = p.Compat.data
	}
	p.Charted = len(p.Rows) > 0 || p.Compat != nil && len(p.Compat.Trajectory) > 0
	if p.Data, err = packed(data); err != nil {
		return page{}, err
	}
	for _, t := range r.Trials {
		view, err := newTrialView(r, t)
		if err != nil {
			return page{}, err
		}
		p.Trials = append(p.Trials, view)
	}
	return p, nil
}

func title(r Run) string {
	if r.File.Workload.Name != "" {
		return r.File.Workload.Name
	}
	return "Plimsoll"
}

// dateFormat is how a page writes an instant, which is in UTC.
const dateFormat = "2 January 2006, 15:04 UTC"

func subtitle(r Run) string {
	var parts []string
	if r.File.Workload.Kind != "" {
		parts = append(parts, fmt.Sprintf("%s workload", r.File.Workload.Kind))
	}
	switch n := r.Goal.Replicas; {
	case n == 1:
		parts = append(parts, "1 replica")
	case n > 1:
		parts = append(parts, fmt.Sprintf("%d replicas", n))
	}
	if !r.Started.IsZero() {
		parts = append(parts, r.Started.UTC().Format(dateFormat))
	}
	return strings.Join(parts, " · ")
}

// outcomeTone is good where the limits can be used, doubt where nothing is known, bad otherwise.
func outcomeTone(r Run) string {
	if r.Check != nil {
		return tone(tuner.Verdict{Judgement: r.Check.Judgement})
	}
	result, ok := r.ended()
	switch {
	case !ok:
		return "doubt"
	case result.Verified && (result.Outcome == tuner.Derived || result.Outcome == tuner.NotMonotone):
		return "good"
	}
	switch result.Outcome {
	case tuner.TooNoisy, tuner.NotMeasured, tuner.Interrupted, tuner.Derived:
		return "doubt"
	}
	return "bad"
}

// tone of a verdict.
func tone(v tuner.Verdict) string {
	switch v.Judgement {
	case tuner.Pass:
		return "good"
	case tuner.Fail:
		return "bad"
	}
	return "doubt"
}

func facts(r Run) []fact {
	all := []fact{
		{"Trials", fmt.Sprint(len(r.Trials)), ""},
		{"Time", duration(r.elapsed()), ""},
	}
	result, ok := r.ended()
	if !ok {
		return all
	}
	confidence, noise := unknown, unknown
	if result.Confidence != nil {
		confidence = percent(*result.Confidence)
	}
	if result.Sigma != nil {
		noise = "±" + percent(*result.Sigma)
	}
	confirmed := "no"
	if result.Verified {
		confirmed = "yes"
	}
	return append(all,
		fact{"Confirmed", confirmed, "by a soak on fresh replicas at exactly these values"},
		fact{"Confidence", confidence, "that a run at these limits meets every SLO"},
		fact{"Noise", noise, "run to run, one standard deviation"})
}

func trialRows(r Run) []trialRow {
	var all []trialRow
	for _, t := range r.Trials {
		all = append(all, trialRow{link{t.Number, tone(t.Verdict)}, what(t.Step), judgement(t.Verdict), t.Verdict.Why, t.Step.Reason})
	}
	return all
}

func failures(r Run) []failure {
	var all []failure
	for _, t := range r.Trials {
		if t.Verdict.Judgement != tuner.Fail && len(t.Observation.Kills) == 0 {
			continue
		}
		mode := judgement(t.Verdict)
		if t.Verdict.Mode != "" {
			mode = named(modes, t.Verdict.Mode)
		}
		all = append(all, failure{link{t.Number, tone(t.Verdict)}, mode, t.Verdict.Why, killViews(t)})
	}
	return all
}

// setting is what was run, where and with what.
func setting(r Run) []fact {
	m := r.Machine
	all := []fact{{"Plimsoll", r.Version, ""}, {"Search", r.RunID, ""}}
	if m.Cores > 0 {
		all = append(all, fact{"Machine", fmt.Sprintf("%d cores, %s, %s/%s", m.Cores, memory(m.Memory), m.OS, m.Arch), m.CPU})
	}
	if m.Kernel != "" {
		all = append(all, fact{"Kernel", m.Kernel, fmt.Sprintf("cgroup v%d", m.Cgroup)})
	}
	var slos []string
	for _, s := range r.File.SLOs {
		slos = append(slos, s.Text)
	}
	if len(slos) > 0 {
		all = append(all, fact{"SLOs", strings.Join(slos, ", "), ""})
	}
	for _, s := range r.File.Scenarios {
		all = append(all, fact{"Scenario " + s.Name, fmt.Sprintf("%s, up to %s for %s", s.Kind, rate(s.PeakRate()), duration(s.Duration())),
			"warm-up " + duration(s.Warmup)})
	}
	t := r.Goal.Tuning
	if t.MaxTrials > 0 && r.Check == nil {
		all = append(all, fact{"Budget", fmt.Sprintf("%d trials, %s", t.MaxTrials, duration(t.MaxTime)), fmt.Sprintf("start %s, %s", t.Start, t.QoS)})
	}
	if f, ok := priceFact(t.Prices); ok {
		all = append(all, f)
	}
	return all
}

// clock prints a time since load began as minutes and seconds: "1:05".
func clock(d time.Duration) string {
	s := int(d.Round(time.Second) / time.Second)
	if s < 0 {
		return fmt.Sprintf("−0:%02d", -s)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}
