package reports

// findingView is one finding of a check.
type findingView struct {
	Rule, Text string
	Error      bool
	Trials     []link
}

// addCheck puts the answer of a check on the page, in the place of the answer of a search.
func (p *page) addCheck(r Run) {
	p.Why, p.Answers = r.Check.Why, nil
	p.Cards = nil
	for _, f := range r.Check.Findings {
		p.Findings = append(p.Findings, findingView{string(f.Rule), f.Text, f.Error, links(r, f.Trials)})
	}
	p.Differences = grid{Head: differenceHead(), Rows: differenceRows(r.Check.Differences)}
	p.Warnings = append(p.Warnings, r.Check.Notes...)
}
