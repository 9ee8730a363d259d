package main

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"github.com/plimsoll/plimsoll/reports"
)

// Lines that are too long break between words, in colour too; tables that fit, and what is no terminal, stay as they are.
func TestWrap(t *testing.T) {
	narrow, red := &terminal{width: 40}, &terminal{width: 40, color: true}
	long := "error: regression: p99 response time 18 % worse, beyond the noise"
	table := "FIGURE    BEFORE   AFTER\np99       105 ms  124 ms"
	for text, want := range map[string]string{
		table:                                    table,
		"  \n" + long:                            "  \nerror: regression: p99 response\n" + hanging + "time 18 % worse, beyond the noise",
		"a\n\nb\n":                               "a\n\nb\n",
		"nobreakatall" + strings.Repeat("x", 40): "nobreakatall" + strings.Repeat("x", 40),
	} {
		if got := narrow.wrap(text); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		if got := (&terminal{}).wrap(text); got != text {
			t.Errorf("no terminal: %q", got)
		}
	}
	coloured := red.wrap(red.style(reports.Bad, "error: ") + strings.TrimPrefix(long, "error: "))
	if ansi.Strip(coloured) != narrow.wrap(long) || coloured == ansi.Strip(coloured) {
		t.Errorf("%q", coloured)
	}
}
