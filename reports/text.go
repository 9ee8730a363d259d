package reports

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"charm.land/lipgloss/v2"
	"charm.land/lipgloss/v2/table"

	"github.com/plimsoll/plimsoll/tuner"
)

// Role says what a piece of terminal text means, so that a Style can colour it.
type Role int

// The roles.
const (
	Good   Role = iota // passed, derived
	Bad                // failed
	Doubt              // doubtful, simulated, warnings
	Strong             // headlines
	Faint              // what may be skipped
)

// Style dresses up text for a terminal; it must not change its width. nil leaves it as it is.
type Style func(role Role, text string) string

func (s Style) apply(role Role, text string) string {
	if s == nil || text == "" {
		return text
	}
	return s(role, text)
}

// Text writes the end of a search for a terminal: headline, table, saving, advice, warnings. Nothing in it can act on the terminal.
func Text(w io.Writer, r Run, style Style) error {
	var b strings.Builder
	if r.Simulated {
		b.WriteString(style.apply(Doubt, simulatedText) + "\n\n")
	}
	result, ended := r.ended()
	b.WriteString(style.apply(Strong, headline(r)) + fmt.Sprintf(" · %s in %s\n", trials(len(r.Trials)), duration(r.elapsed())))
	if r.Check != nil {
		checkText(&b, *r.Check, style)
		_, err := io.WriteString(w, b.String())
		return err
	}
	if ended && result.Why != "" {
		b.WriteString(Clean(result.Why) + "\n")
	}
	b.WriteString("\n" + answerTable(Answers(r), style) + "\n")
	if text := saved(r); text != "" {
		b.WriteString("\n" + Clean(text) + "\n")
	}
	for _, text := range advices(r) {
		b.WriteString(style.apply(Doubt, "advice: ") + text + "\n")
	}
	if r.Compat != nil {
		b.WriteString("\n")
		compatText(&b, *r.Compat, style)
	}
	for _, warning := range warnings(r) {
		b.WriteString(style.apply(Doubt, "warning: ") + Clean(warning) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// simulatedText is in every report of a simulated run.
const simulatedText = "SIMULATED: a model was measured, not a real service. Do not use these limits."

// trials is "1 trial" or "8 trials".
func trials(n int) string {
	if n == 1 {
		return "1 trial"
	}
	return fmt.Sprintf("%d trials", n)
}

// unconfirmed is the warning beside limits that passed no confirming soak.
const unconfirmed = "not confirmed: no soak on fresh replicas passed at exactly these values"

// warnings of the step that ended the search and of its result.
func warnings(r Run) []string {
	result, ok := r.ended()
	if !ok {
		return nil
	}
	all := append(append([]string{}, r.Result.Warnings...), result.Warnings...)
	if result.Settings != nil && !result.Verified {
		all = append(all, unconfirmed)
	}
	if r.Compat != nil && r.Compat.Coexistence != nil && r.Compat.Coexistence.Judgement != tuner.Pass {
		all = append(all, TogetherLine(*r.Compat.Coexistence, nil))
	}
	return all
}

// answerTable is the table container × setting: before, derived, evidence, the failure just below.
func answerTable(answers []Answer, style Style) string {
	g := grid{Head: []string{"Container", "Setting", "Before", "Derived", "Change", "Evidence", "Failed just below"}}
	container := ""
	for i, a := range answers {
		name := Clean(a.Container)
		if i > 0 && a.Container == container {
			name = ""
		}
		container = a.Container
		derived := style.apply(Good, a.derived())
		if a.Derived == nil {
			derived = style.apply(Doubt, a.derived())
		}
		g.Rows = append(g.Rows, []string{style.apply(Strong, name), a.name(), a.before(), derived, a.change(), a.evidence(), style.apply(Bad, a.below())})
	}
	return terminalTable(g, style, 2, 3, 4)
}

// terminalTable is a table for a terminal; the columns in right stand to the right too. Lines of a cell become rows.
func terminalTable(g grid, style Style, right ...int) string {
	t := table.New().Border(lipgloss.HiddenBorder()).BorderTop(false).BorderBottom(false).BorderLeft(false).
		BorderRight(false).BorderHeader(false).Wrap(false).StyleFunc(func(_, column int) lipgloss.Style {
		cell := lipgloss.NewStyle().PaddingRight(1)
		if g.Amounts && column > 0 || slices.Contains(right, column) {
			cell = cell.Align(lipgloss.Right)
		}
		return cell
	})
	var head []string
	for _, h := range g.Head {
		head = append(head, style.apply(Faint, strings.ToUpper(h)))
	}
	for _, row := range g.Rows {
		t.Rows(linesOf(row)...)
	}
	return trimRight(t.Headers(head...).Render())
}

// linesOf are the rows that a row of cells with several lines takes.
func linesOf(row []string) [][]string {
	var rows [][]string
	for column, cell := range row {
		for i, line := range strings.Split(cell, "\n") {
			if i == len(rows) {
				rows = append(rows, make([]string, len(row)))
			}
			rows[i][column] = line
		}
	}
	return rows
}

// trimRight takes the spaces off the end of every line.
func trimRight(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

// TrialLine is the one line kept for a finished trial: what was changed, the verdict, why, and the next step; next is
// nil where it is not known yet.
func TrialLine(trial tuner.Trial, next *tuner.Step, style Style) string {
	role := map[tuner.Judgement]Role{tuner.Pass: Good, tuner.Fail: Bad}
	verdict, ok := role[trial.Verdict.Judgement]
	if !ok {
		verdict = Doubt
	}
	line := fmt.Sprintf("%3d  %-34s %s  %s", trial.Number, what(trial.Step),
		style.apply(verdict, fmt.Sprintf("%-8s", judgement(trial.Verdict))), Clean(trial.Verdict.Why))
	switch {
	case next == nil:
	case next.Result != nil:
		line += style.apply(Faint, "  → done")
	default:
		line += style.apply(Faint, "  → next: "+what(*next))
	}
	return line
}

// Trials writes one TrialLine for each trial of a run.
func Trials(w io.Writer, r Run, style Style) error {
	for i, trial := range r.Trials {
		next := r.Result
		if i+1 < len(r.Trials) && r.Check == nil { // a check does not search
			next = &r.Trials[i+1].Step
		}
		if _, err := io.WriteString(w, TrialLine(trial, next, style)+"\n"); err != nil {
			return err
		}
	}
	return nil
}
