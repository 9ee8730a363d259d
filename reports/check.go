package reports

import (
	"fmt"
	"io"
	"strings"

	"charm.land/lipgloss/v2"
	"charm.land/lipgloss/v2/table"

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

// Differences writes how two reports differ, as benchstat does: before, after, the change with its noise, p and n.
func Differences(w io.Writer, all []tuner.Difference, style Style) error {
	_, err := io.WriteString(w, differenceTable(all, style)+"\n"+
		fmt.Sprintf("~ is a difference within the noise. The noise is that beyond which all figures together fall with a probability of %s where nothing changed.\n", percent(tuner.Alpha)))
	return err
}

// differenceRows are the cells of the table of differences.
func differenceRows(all []tuner.Difference) [][]string {
	var rows [][]string
	for _, d := range all {
		rows = append(rows, []string{differenceName(d), d.Text(d.Before), d.Text(d.After), differenceChange(d), "±" + d.NoiseText(),
			pText(d.P), fmt.Sprintf("%d+%d", d.BeforeTrials, d.AfterTrials)})
	}
	return rows
}

// differenceHead names the columns of differenceRows.
func differenceHead() []string {
	return []string{"Figure", "Before", "After", "Change", "Noise", "p", "n"}
}

// pText is a probability as benchstat prints it.
func pText(p float64) string {
	if p < 0.0005 {
		return "< 0.001"
	}
	return fmt.Sprintf("%.3f", p)
}

func differenceName(d tuner.Difference) string {
	if d.Container == "" {
		return d.Metric
	}
	return Clean(d.Container) + " " + d.Metric
}

// differenceChange is the proven change with its sign and direction, and "~" for one that is not.
func differenceChange(d tuner.Difference) string {
	if !d.Worse && !d.Better {
		return "~"
	}
	sign, word := "+", "better"
	if d.Change < 0 {
		sign = "−"
	}
	if d.Worse {
		word = "worse"
	}
	return sign + d.ChangeText() + " " + word
}

func differenceTable(all []tuner.Difference, style Style) string {
	t := table.New().Border(lipgloss.HiddenBorder()).BorderTop(false).BorderBottom(false).BorderLeft(false).
		BorderRight(false).BorderHeader(false).Wrap(false).StyleFunc(func(_, column int) lipgloss.Style {
		cell := lipgloss.NewStyle().PaddingRight(1)
		if column > 0 {
			cell = cell.Align(lipgloss.Right)
		}
		return cell
	})
	head := differenceHead()
	for i := range head {
		head[i] = style.apply(Faint, strings.ToUpper(head[i]))
	}
	t.Headers(head...)
	for i, row := range differenceRows(all) {
		switch {
		case all[i].Worse:
			row[3] = style.apply(Bad, row[3])
		case all[i].Better:
			row[3] = style.apply(Good, row[3])
		}
		t.Row(row...)
	}
	return trimRight(t.Render())
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
		b.WriteString("\n| " + strings.Join(differenceHead(), " | ") + " |\n|---|--:|--:|--:|--:|--:|--:|\n")
		for _, row := range differenceRows(c.Differences) {
			for i := range row {
				row[i] = markdown(row[i])
			}
			b.WriteString("| " + strings.Join(row, " | ") + " |\n")
		}
	}
	for _, note := range c.Notes {
		fmt.Fprintf(b, "\n%s\n", markdown(note))
	}
}

// checkCases are one case for each difference, failed where it is a regression, and one for each other finding.
func checkCases(class string, c tuner.Check) []testCase {
	var cases []testCase
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
