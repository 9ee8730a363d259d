package reports

import (
	"fmt"
	"strings"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

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

// saved says what the derived limits free over all replicas; empty where before or after is not known or not set.
func saved(r Run) string {
	result, _ := r.ended()
	freed, taken := []string{}, []string{}
	for _, resource := range []tuner.Resource{tuner.CPU, tuner.Memory} {
		sum, known := int64(0), len(result.Settings) > 0
		for _, before := range r.Goal.Before {
			after, ok := result.Settings.Of(before.Container)
			was, is := settingOf(before, resource, "request"), settingOf(after, resource, "request")
			known = known && ok && was > 0 && is > 0
			sum += (was - is) * int64(r.Goal.Replicas)
		}
		switch {
		case known && sum > 0:
			freed = append(freed, quantity(resource, sum))
		case known && sum < 0:
			taken = append(taken, quantity(resource, -sum))
		}
	}
	var parts []string
	if len(freed) > 0 {
		parts = append(parts, "frees "+strings.Join(freed, " and "))
	}
	if len(taken) > 0 {
		parts = append(parts, "takes "+strings.Join(taken, " and ")+" more")
	}
	if len(parts) == 0 {
		return ""
	}
	return fmt.Sprintf("Against the requests before, this %s over %s.", strings.Join(parts, " and "), replicas(r.Goal.Replicas))
}

// quantity is "1.44 cores" or "832Mi of memory".
func quantity(r tuner.Resource, value int64) string {
	if r == tuner.CPU {
		return significant(scenarios.MilliCPU(value).Cores()) + " cores"
	}
	return memory(scenarios.Bytes(value)) + " of memory"
}

func replicas(n int) string {
	if n == 1 {
		return "1 replica"
	}
	return fmt.Sprintf("%d replicas", n)
}
