package reports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/tuner"
)

// checked are the headlines of a check.
var checked = map[tuner.Judgement]string{
	tuner.Pass:         "The limits hold",
	tuner.Fail:         "The check failed",
	tuner.Inconclusive: "The check could not be measured",
}

// checkText is the end of a check for a terminal, after the headline: findings, differences, notes.
func checkText(b *strings.Builder, c tuner.Check, style Style) {
	if c.Judgement != tuner.Fail { // where it failed, the findings say why
		b.WriteString(Clean(c.Why) + "\n")
	}
	for _, f := range c.Findings {
		role, word := Doubt, "warning: "
		if f.Error {
			role, word = Bad, "error: "
		}
		b.WriteString(style.apply(role, word) + finding(f) + "\n")
	}
	if len(c.Differences) > 0 {
		b.WriteString("\n" + differenceTable(c.Differences, style) + "\n")
	}
	for _, note := range c.Notes {
		b.WriteString(style.apply(Faint, "note: ") + Clean(note) + "\n")
	}
}

// finding is one finding in a line: "regression: p99 response time 18 % worse … (trials 1–4)".
func finding(f tuner.CheckFinding) string {
	return fmt.Sprintf("%s: %s (%s)", f.Rule, Clean(f.Text), (Answer{Trials: f.Trials, Searched: true}).evidence())
}

// checkMarkdown is the body of a summary of a check.
func checkMarkdown(b *strings.Builder, c tuner.Check) {
	fmt.Fprintf(b, "%s\n", markdown(c.Why))
	for _, f := range c.Findings {
		mark := "Warning"
		if f.Error {
			mark = "Error"
		}
		fmt.Fprintf(b, "\n> **%s:** %s\n", mark, markdown(finding(f)))
	}
	if len(c.Differences) > 0 {
		b.WriteString("\n")
		differencesMarkdown(b, c.Differences)
	}
	for _, note := range c.Notes {
		fmt.Fprintf(b, "\n%s\n", markdown(note))
	}
}

// checkCases are one case for each finding, one for each rule that found nothing, and one for each difference, failed where
// it is a regression. A rule that could not be judged is skipped.
func checkCases(class string, c tuner.Check) []testCase {
	var cases []testCase
	for _, rule := range checkRules() {
		if slices.ContainsFunc(c.Findings, func(f tuner.CheckFinding) bool { return f.Rule == rule }) {
			continue
		}
		one := testCase{Class: class + ".rule", Name: string(rule), Time: seconds(0), Output: "nothing found"}
		switch {
		case rule == tuner.RuleRegression && len(c.Differences) == 0:
			one.Output, one.Skipped = "", &problem{Message: "nothing to compare with"}
		case c.Judgement == tuner.Inconclusive:
			one.Output, one.Skipped = "", &problem{Message: Clean(c.Why)}
		}
		cases = append(cases, one)
	}
	for _, f := range c.Findings {
		if f.Rule == tuner.RuleRegression {
			continue // among the differences
		}
		one := testCase{Class: class + ".rule", Name: string(f.Rule), Time: seconds(0), Output: finding(f)}
		if f.Container != "" {
			one.Name += ": " + Clean(f.Container)
		}
		if f.Error {
			one.Output, one.Failure = "", &problem{Message: finding(f), Type: string(f.Rule)}
		}
		cases = append(cases, one)
	}
	for _, d := range c.Differences {
		one := testCase{Class: class + ".baseline", Name: differenceName(d), Time: seconds(0), Output: Clean(d.String())}
		if d.Worse {
			one.Output, one.Failure = "", &problem{Message: Clean(d.String()), Type: string(tuner.RuleRegression)}
		}
		cases = append(cases, one)
	}
	return cases
}
