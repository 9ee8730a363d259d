package reports

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/plimsoll/plimsoll/tuner"
)

// differenceLegend explains a table of differences.
func differenceLegend() []string {
	return []string{"~ is a difference within the noise.", fmt.Sprintf(
		"The noise is the smallest change that these trials can show: where nothing changed, all figures together go beyond it for the worse with a probability of %s, and for the better likewise.", percent(tuner.Alpha))}
}

// Differences writes how two reports differ, as benchstat does: before, after, the change with its noise, p and n.
func Differences(w io.Writer, all []tuner.Difference, style Style) error {
	_, err := io.WriteString(w, differenceTable(all, style)+"\n"+strings.Join(differenceLegend(), "\n")+"\n")
	return err
}

// DifferencesJSON writes the differences as a JSON array, in base units.
func DifferencesJSON(w io.Writer, all []tuner.Difference) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(all)
}

// DifferencesYAML writes what DifferencesJSON does, under the same names, as YAML.
func DifferencesYAML(w io.Writer, all []tuner.Difference) error {
	var b bytes.Buffer
	if err := DifferencesJSON(&b, all); err != nil {
		return err
	}
	return asYAML(w, b.Bytes())
}

// DifferencesMarkdown writes the table for a merge request.
func DifferencesMarkdown(w io.Writer, all []tuner.Difference) error {
	var b strings.Builder
	differencesMarkdown(&b, all)
	_, err := io.WriteString(w, b.String()+"\n"+markdown(strings.Join(differenceLegend(), " "))+"\n")
	return err
}

func differencesMarkdown(b *strings.Builder, all []tuner.Difference) {
	b.WriteString("| " + strings.Join(differenceHead(), " | ") + " |\n|---|--:|--:|--:|--:|--:|--:|\n")
	for _, row := range differenceRows(all) {
		for i := range row {
			row[i] = markdown(row[i])
		}
		b.WriteString("| " + strings.Join(row, " | ") + " |\n")
	}
}

// differenceRows are the cells of the table of differences.
func differenceRows(all []tuner.Difference) [][]string {
	var rows [][]string
	for _, d := range all {
		rows = append(rows, []string{differenceName(d), d.Text(d.Before), d.AfterText(), differenceChange(d), "±" + d.NoiseText(),
			pText(d.P), fmt.Sprintf("%d+%d", d.BeforeTrials, d.AfterTrials)})
	}
	return rows
}

// differenceGrid is the table of differences.
func differenceGrid(all []tuner.Difference) grid {
	return grid{Head: differenceHead(), Rows: differenceRows(all), Amounts: true}
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
		return Clean(d.Metric)
	}
	return Clean(d.Container) + " " + Clean(d.Metric)
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
	if d.AtLeast {
		sign = "≥ " + sign
	}
	return sign + d.ChangeText() + " " + word
}

func differenceTable(all []tuner.Difference, style Style) string {
	g := differenceGrid(all)
	for i, row := range g.Rows {
		switch {
		case all[i].Worse:
			row[3] = style.apply(Bad, row[3])
		case all[i].Better:
			row[3] = style.apply(Good, row[3])
		}
	}
	return terminalTable(g, style)
}
