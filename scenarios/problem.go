package scenarios

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing that is wrong with a scenario file, or with a data file it names.
type Problem struct {
	File string
	// Line and Column count from 1, Column in characters; both 0 where a whole file is meant.
	Line, Column int
	// Path of the value, such as traffic.hits[0].timeout; empty for the file as a whole.
	Path string
	// Text says what was given and what is allowed.
	Text string
}

func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
		if p.Column > 0 {
			fmt.Fprintf(&b, ":%d", p.Column)
		}
	}
	b.WriteString(": ")
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	b.WriteString(p.Text)
	return b.String()
}

// Errors are all problems of a scenario file, at least one, ordered by their position in it; those of data files follow.
type Errors []Problem

// Error gives one problem a line.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, p := range e {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// sorted orders the problems of the scenario file itself by position, then those of other files.
func (e Errors) sorted(file string) Errors {
	slices.SortStableFunc(e, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(foreign(a, file), foreign(b, file)), cmp.Compare(a.File, b.File),
			cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Path, b.Path),
		)
	})
	return e
}

func foreign(p Problem, file string) int {
	if p.File == file {
		return 0
	}
	return 1
}
