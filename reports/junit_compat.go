package reports

import (
	"strings"

	"github.com/plimsoll/plimsoll/tuner/compat"
)

// compatCases are one case for each rule: a failure where it found an error, skipped where it could not be checked.
func compatCases(class string, c Compat) []testCase {
	var cases []testCase
	for _, rule := range compat.Rules() {
		t := testCase{Class: class, Name: rule.ID + ": " + rule.Title, Time: seconds(0)}
		var errors, others, unchecked []string
		for _, f := range c.Findings {
			text := Clean(f.Object.String() + ", " + f.Field + ": " + f.Value + ": " + f.Why + "; " + f.Fix)
			switch {
			case f.Rule != rule.ID:
			case f.Severity == compat.Error:
				errors = append(errors, text)
			default:
				others = append(others, string(f.Severity)+": "+text)
			}
		}
		for _, u := range c.Unchecked {
			if u.Rule == rule.ID {
				unchecked = append(unchecked, Clean(strings.TrimSpace(string(u.Kind)+" "+u.Why)))
			}
		}
		t.Output = strings.Join(others, "\n")
		switch {
		case len(errors) > 0:
			t.Failure = &problem{Message: errors[0], Type: rule.ID, Text: strings.Join(errors, "\n")}
		case len(others) == 0 && len(unchecked) > 0:
			t.Skipped = &problem{Message: strings.Join(unchecked, "; ")}
		}
		cases = append(cases, t)
	}
	return cases
}
