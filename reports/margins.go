package reports

import (
	"fmt"
	"io"
	"strings"

	"github.com/plimsoll/plimsoll/tuner"
)

// Margins writes one line for each SLO: met, missed or not known, with the measured value. unjudged are SLOs that
// nothing was observed for.
func Margins(w io.Writer, margins []tuner.Margin, unjudged []string) error {
	var b strings.Builder
	for _, m := range margins {
		value := unknown
		if m.Value != nil {
			value = margin(m, *m.Value)
			if m.AtLeast {
				value = "≥ " + value
			}
		}
		word := "unknown"
		switch {
		case m.Met != nil && *m.Met:
			word = "met"
		case m.Met != nil:
			word = "missed"
		}
		why := ""
		if m.Unknown != "" {
			why = " (" + Clean(m.Unknown) + ")"
		}
		fmt.Fprintf(&b, "%-8s %s: %s%s\n", word, Clean(m.Name), value, why)
	}
	for _, slo := range unjudged {
		fmt.Fprintf(&b, "%-8s %s: a load alone does not observe it\n", "unjudged", Clean(slo))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
