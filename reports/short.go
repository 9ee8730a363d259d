package reports

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Name writes the workload as kind and name, as `kubectl -o name` does.
func Name(w io.Writer, r Run) error {
	name := r.File.Workload.Object
	if name == "" {
		name = fmt.Sprintf("%s/%s", r.File.Workload.Kind, r.File.Workload.Name)
	}
	_, err := fmt.Fprintln(w, Clean(name))
	return err
}

// Wide writes the trials, one line each, and then what Text does.
func Wide(w io.Writer, r Run, style Style) error {
	if err := Trials(w, r, style); err != nil {
		return err
	}
	if _, err := io.WriteString(w, "\n"); err != nil {
		return err
	}
	return Text(w, r, style)
}

// CSV writes the answer as comma-separated values for a spreadsheet: millicores and bytes. A text that a spreadsheet
// would take for a formula gets a ' before it.
func CSV(w io.Writer, r Run) error {
	c := csv.NewWriter(w)
	rows := [][]string{{"container", "setting", "before", "derived", "evidence", "failed_just_below"}}
	for _, a := range Answers(r) {
		derived := ""
		if a.Derived != nil {
			derived = strconv.FormatInt(*a.Derived, 10)
		}
		rows = append(rows, []string{cell(a.Container), a.name(), strconv.FormatInt(a.Before, 10), derived, cell(a.evidence()), cell(a.below())})
	}
	return c.WriteAll(rows)
}

// cell is text that no spreadsheet runs: https://owasp.org/www-community/attacks/CSV_Injection
func cell(text string) string {
	text = Clean(text)
	if strings.HasPrefix(text, "'") || strings.ContainsAny(firstOf(text), "=+-@\t\r") {
		return "'" + text
	}
	return text
}

func firstOf(text string) string {
	if text == "" {
		return ""
	}
	return text[:1]
}
