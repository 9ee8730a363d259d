package reports

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/tuner"
)

// Answer is one line of the answer: one request or limit of one container, before and after. Every format shows these.
type Answer struct {
	Container string         `json:"container"`
	Resource  tuner.Resource `json:"resource"`
	// Setting is "request" or "limit".
	Setting string `json:"setting"`
	// Before is the value in the file or on the object, in millicores or bytes; 0 is "not set".
	Before int64 `json:"before"`
	// Derived is the value to use from now on, 0 is "not set"; nil where nothing was verified.
	Derived *int64 `json:"derived"`
	// Searched is true where this limit was moved in the search; a request follows its limit.
	Searched bool `json:"searched"`
	// Trials are the numbers of those that bear on it, ascending; empty where none does.
	Trials []int `json:"trials"`
	// Below is the failure seen just below the derived limit; nil for a request, and where none was seen.
	Below *tuner.Below `json:"failure_below"`
	// Reason in words; empty where there is none.
	Reason string `json:"reason"`
	// Confidence that this limit is enough, 0–1; nil where it cannot be stated.
	Confidence *float64 `json:"confidence_ratio"`
}

// Answers returns four lines for each container in the order of the goal: CPU request and limit, memory request and
// limit.
func Answers(r Run) []Answer {
	result, _ := r.ended()
	var all []Answer
	for _, before := range r.Goal.Before {
		derived, ok := result.Settings.Of(before.Container)
		for _, resource := range []tuner.Resource{tuner.CPU, tuner.Memory} {
			for _, setting := range []string{"request", "limit"} {
				a := Answer{Container: before.Container, Resource: resource, Setting: setting, Trials: []int{}}
				a.Before = settingOf(before, resource, setting)
				if ok {
					a.Derived = new(settingOf(derived, resource, setting))
				}
				a.support(r.Goal, result)
				all = append(all, a)
			}
		}
	}
	return all
}

// support adds the evidence for a.
func (a *Answer) support(goal tuner.Goal, result tuner.Result) {
	limit := tuner.Limit{Container: a.Container, Resource: a.Resource}
	a.Searched = slices.ContainsFunc(goal.Limits, func(s tuner.Searched) bool { return s.Limit == limit })
	e, _ := evidence(result, limit)
	a.Trials, a.Reason = append(a.Trials, e.Trials...), e.RequestReason
	if a.Setting == "limit" {
		a.Below, a.Reason, a.Confidence = e.Below, e.LimitReason, e.Confidence
	}
}

// settingOf picks one of the four settings of a container.
func settingOf(c tuner.ContainerSettings, r tuner.Resource, setting string) int64 {
	switch {
	case r == tuner.CPU && setting == "request":
		return int64(c.CPURequest)
	case r == tuner.CPU:
		return int64(c.CPULimit)
	case setting == "request":
		return int64(c.MemoryRequest)
	}
	return int64(c.MemoryLimit)
}

// before and derived print the values; derived is "unknown" where nothing was verified.
func (a Answer) before() string { return amount(a.Resource, a.Before) }

func (a Answer) derived() string {
	if a.Derived == nil {
		return unknown
	}
	return amount(a.Resource, *a.Derived)
}

// name is "CPU request".
func (a Answer) name() string { return resourceName(a.Resource) + " " + a.Setting }

// change is the derived value against the one before: "−75 %", "+20 %", "same"; empty where there is nothing to compare.
func (a Answer) change() string {
	if a.Derived == nil || a.Before == 0 || *a.Derived == 0 {
		return ""
	}
	ratio := float64(*a.Derived)/float64(a.Before) - 1
	switch {
	case ratio == 0:
		return "same"
	case ratio < 0:
		return "−" + percent(-ratio)
	}
	return "+" + percent(ratio)
}

// evidence is the trials in words: "trials 2, 4–6".
func (a Answer) evidence() string {
	switch {
	case len(a.Trials) == 0 && !a.Searched:
		return "not searched"
	case len(a.Trials) == 0:
		return "no trial"
	case len(a.Trials) == 1:
		return "trial " + ranges(a.Trials)
	}
	return "trials " + ranges(a.Trials)
}

// below is the failure just below the derived limit: "88Mi: OOM-killed (trial 4)".
func (a Answer) below() string {
	if a.Below == nil {
		return ""
	}
	return fmt.Sprintf("%s: %s (trial %d)", about(a.Resource, a.Below.Value), named(modes, a.Below.Mode), a.Below.Trial)
}

// ranges prints ascending numbers: 1, 3, 4, 5 is "1, 3–5".
func ranges(numbers []int) string {
	var parts []string
	for i := 0; i < len(numbers); {
		j := i
		for j+1 < len(numbers) && numbers[j+1] == numbers[j]+1 {
			j++
		}
		part := strconv.Itoa(numbers[i])
		switch {
		case j == i+1:
			part += ", " + strconv.Itoa(numbers[j])
		case j > i+1:
			part += "–" + strconv.Itoa(numbers[j])
		}
		parts = append(parts, part)
		i = j + 1
	}
	return strings.Join(parts, ", ")
}
