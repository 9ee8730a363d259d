package reports

import "strings"

// card is the answer for one limit.
type card struct {
	Container, Name      string
	Value, Was, Change   string
	Request              string
	Below                string
	BelowTrial           *link
	Evidence             []link
	Reason, Confidence   string
	Searched, Determined bool
}

// answerRow is one line of the full table.
type answerRow struct {
	Container, Name, Before, Derived, Change, Below, Reason string
	Evidence                                                []link
}

// links leads to trials, in order.
func links(r Run, numbers []int) []link {
	var all []link
	for _, n := range numbers {
		if t, ok := r.trial(n); ok {
			all = append(all, link{n, tone(t.Verdict)})
		}
	}
	return all
}

// cards are the limits that were searched, each with its request.
func cards(r Run) []card {
	answers := Answers(r)
	var all []card
	for i, a := range answers {
		if a.Setting != "limit" || !a.Searched {
			continue
		}
		request := answers[i-1]
		c := card{Container: a.Container, Name: a.name(), Value: a.derived(), Was: a.before(), Change: a.change(),
			Request: request.derived(), Evidence: links(r, a.Trials), Reason: a.Reason, Determined: a.Derived != nil}
		if a.Below != nil {
			c.Below = about(a.Resource, a.Below.Value) + ": " + named(modes, a.Below.Mode)
			if t, ok := r.trial(a.Below.Trial); ok {
				c.BelowTrial = &link{a.Below.Trial, tone(t.Verdict)}
			}
		}
		if a.Confidence != nil {
			c.Confidence = percent(*a.Confidence)
		}
		all = append(all, c)
	}
	return all
}

func answerRows(r Run) []answerRow {
	var all []answerRow
	for _, a := range Answers(r) {
		all = append(all, answerRow{a.Container, a.name(), a.before(), a.derived(), a.change(), a.below(), a.Reason, links(r, a.Trials)})
	}
	return all
}

// applications are the patch and the command that put the derived settings in force, to be copied; none where nothing was
// derived or where a model was measured.
func applications(r Run) []fact {
	var patch strings.Builder
	if r.Simulated || Patch(&patch, r) != nil {
		return nil
	}
	all := []fact{{Label: "Strategic-merge patch", Value: patch.String()}}
	if command, err := Kubectl(r); err == nil {
		all = append(all, fact{Label: "The same as one command", Value: command})
	}
	return all
}
