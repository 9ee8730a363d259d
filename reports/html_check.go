package reports

import "github.com/plimsoll/plimsoll/tuner"

// findingView is one finding of a check.
type findingView struct {
	Rule, Text string
	Error      bool
	Trials     []link
}

// addCheck puts the answer of a check on the page, in the place of the answer of a search.
func (p *page) addCheck(r Run) {
	p.Why, p.Answers, p.Cards, p.Checked = r.Check.Why, nil, nil, true
	if r.Check.Judgement == tuner.Fail { // the findings say why
		p.Why = ""
	}
	p.Deciding = links(r, restsOn(r))
	for _, f := range r.Check.Findings {
		p.Findings = append(p.Findings, findingView{string(f.Rule), f.Text, f.Error, links(r, f.Trials)})
	}
	for _, t := range tuner.Comparable(r.Trials) {
		p.Compared = append(p.Compared, link{t.Number, tone(t.Verdict)})
	}
	p.Differences = differenceGrid(r.Check.Differences)
	p.Warnings = append(p.Warnings, r.Check.Notes...)
}
