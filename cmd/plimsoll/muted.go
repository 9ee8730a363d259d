package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/plimsoll/plimsoll/reports"
)

// printLines prints text that may hold what others wrote, an error of an API server or a file: each line of it with whatever
// would act on a terminal made visible, tabs as spaces.
func printLines(w io.Writer, text string) {
	for line := range strings.Lines(text) {
		line = strings.ReplaceAll(strings.TrimRight(line, "\r\n"), "\t", "    ")
		fmt.Fprintln(w, reports.Clean(line))
	}
}

// muted are the streams of a job of GitHub Actions, where whatever is printed may be a command to its runner; anywhere else
// they are s as they are.
func (s streams) muted(lookupEnv func(string) (string, bool)) streams {
	if in, _ := lookupEnv("GITHUB_ACTIONS"); in == "true" {
		s.Out, s.Err = &mute{to: s.Out, blank: true}, &mute{to: s.Err, blank: true}
	}
	return s
}

// unmuted is the writer below a muted one, for what is meant as a command and for what is no text.
func unmuted(w io.Writer) io.Writer {
	if m, ok := w.(*mute); ok {
		return m.to
	}
	return w
}

// mute is a writer that breaks what GitHub's runner would take for a command by one space in it: "::" where nothing but
// white space is before it in its line, and "##[" anywhere
// (https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs). A line ends at \n or \r.
type mute struct {
	to io.Writer
	// blank is true while the line has nothing but white space, colon after the first ":" of such a line.
	blank, colon bool
	// hashes is how many "#" stand directly before.
	hashes int
}

// Write writes text, broken where need be. The count is of the bytes of text, as io.Writer asks.
func (m *mute) Write(text []byte) (int, error) {
	var b strings.Builder
	for _, c := range text {
		if m.colon && c == ':' || m.hashes >= 2 && c == '[' {
			b.WriteByte(' ')
		}
		b.WriteByte(c)
		m.after(c)
	}
	if _, err := io.WriteString(m.to, b.String()); err != nil {
		return 0, err
	}
	return len(text), nil
}

// after goes on by one byte. Bytes above ASCII count as white space, since some of them are.
func (m *mute) after(c byte) {
	m.colon = m.blank && c == ':'
	switch {
	case c == '\n' || c == '\r':
		m.blank = true
	case c > ' ' && c < 0x7f:
		m.blank = false
	}
	if c == '#' {
		m.hashes++
	} else {
		m.hashes = 0
	}
}
