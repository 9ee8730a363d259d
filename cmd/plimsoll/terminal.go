package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
	"golang.org/x/term"

	"github.com/plimsoll/plimsoll/reports"
)

// terminal shows progress: one live line that is drawn over, and lines that stay. Where the output is no terminal there
// is no live line, only a heartbeat now and then.
type terminal struct {
	out   io.Writer
	color bool
	// width of the terminal in columns; 0 where the output is none.
	width int
	quiet bool
	// drawn is true while a live line is on the screen; beat is when the last line was written without a terminal.
	drawn bool
	beat  time.Time
}

// heartbeat is how often a line is written during a long trial where there is no terminal to draw on.
const heartbeat = 30 * time.Second

// newTerminal looks at what out is. NO_COLOR and the --color flag are already folded into s.Color.
func newTerminal(out io.Writer, s settings, lookupEnv func(string) (string, bool)) *terminal {
	t := &terminal{out: out, quiet: s.Quiet}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		if kind, _ := lookupEnv("TERM"); kind != "dumb" {
			t.width, _, _ = term.GetSize(int(f.Fd()))
			t.color = s.Color != "never"
		}
	}
	t.color = t.color || s.Color == "always"
	return t
}

// live draws line over the last live line. now decides whether a heartbeat is due where there is no terminal.
func (t *terminal) live(now time.Time, line string) {
	switch {
	case t.quiet:
	case t.width > 0:
		fmt.Fprintf(t.out, "\r\x1b[2K%s", ansi.Truncate(line, t.width-1, "…"))
		t.drawn = true
	case t.beat.IsZero():
		t.beat = now
	case now.Sub(t.beat) >= heartbeat:
		fmt.Fprintln(t.out, line)
		t.beat = now
	}
}

// keep writes lines that stay, over the live line.
func (t *terminal) keep(lines ...string) {
	if t.quiet {
		return
	}
	t.erase()
	fmt.Fprintln(t.out, t.wrap(strings.Join(lines, "\n")))
	t.beat = time.Time{}
}

// hanging is how far what is left of a line that was too long is indented.
const hanging = "     "

// wrap breaks lines that are wider than the terminal between words. Where the output is no terminal they stay whole.
func (t *terminal) wrap(text string) string {
	if t.width <= 4*len(hanging) {
		return text
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if ansi.StringWidth(line) > t.width {
			lines[i] = strings.ReplaceAll(ansi.Wordwrap(line, t.width-len(hanging), ""), "\n", "\n"+hanging)
		}
	}
	return strings.Join(lines, "\n")
}

// erase takes the live line off the screen, where there is one.
func (t *terminal) erase() {
	if t.drawn {
		fmt.Fprint(t.out, "\r\x1b[2K")
		t.drawn = false
	}
}

// style colours text by its role where colours are on. Meaning never rests on colour alone: the words stay.
func (t *terminal) style(role reports.Role, text string) string {
	if !t.color {
		return text
	}
	style := lipgloss.NewStyle()
	switch role {
	case reports.Good:
		style = style.Foreground(lipgloss.Green)
	case reports.Bad:
		style = style.Foreground(lipgloss.Red)
	case reports.Doubt:
		style = style.Foreground(lipgloss.Yellow)
	case reports.Strong:
		style = style.Bold(true)
	case reports.Faint:
		style = style.Faint(true)
	}
	return style.Render(text)
}
