package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/plimsoll/plimsoll/cluster/preflight"
	"github.com/plimsoll/plimsoll/reports"
)

// writePreflight writes a report as tables. Whatever a cluster says is cleaned before it reaches a terminal.
func writePreflight(out io.Writer, r preflight.Report) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(cells ...string) {
		for i := range cells {
			cells[i] = reports.Clean(cells[i])
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	row("server " + r.Server)
	fmt.Fprintln(w)
	row("MODE", "NEEDED", "ACCESS")
	for _, m := range preflight.Modes() {
		row(string(m), neededText(r, m), accessText(r, m))
	}
	fmt.Fprintln(w)
	row("METRICS FROM", "ANSWERS", "NEWEST SAMPLE", "WHAT")
	for _, s := range r.Sources {
		row(s.Name, yesNo(s.Answers), sampleText(s), s.Detail)
	}
	if len(r.Nodes) > 0 {
		fmt.Fprintln(w)
		row("NODE", "STATE", "KUBELET", "CGROUP", "KERNEL", "RUNTIME", "CPU", "MEMORY")
	}
	for _, n := range r.Nodes {
		row(n.Name, n.Condition, n.Kubelet, orUnknown(n.Cgroup), n.Kernel, n.Runtime, n.CPU, n.Memory)
	}
	list(row, "BOUNDS OF THE NAMESPACE", r.Bounds)
	list(row, "WHAT ACTS ON IT", r.Acting)
	list(row, "NOT KNOWN", r.Unknown)
	var missing []string
	for _, m := range r.Missing() {
		what := m.What
		if m.Blocks {
			what = "NEEDED: " + what
		}
		missing = append(missing, what+"\n    "+m.Fix)
	}
	if len(missing) == 0 {
		missing = []string{"nothing"}
	}
	fmt.Fprintln(w)
	fmt.Fprintln(w, "MISSING FROM THE RESULT")
	for _, m := range missing {
		for line := range strings.SplitSeq(m, "\n") {
			fmt.Fprintln(w, "  "+reports.Clean(line))
		}
	}
	return w.Flush()
}

func list(row func(...string), title string, entries []string) {
	if len(entries) == 0 {
		return
	}
	row("")
	row(title)
	for _, e := range entries {
		row("  " + e)
	}
}

func neededText(r preflight.Report, m preflight.Mode) string {
	for _, n := range r.Needed {
		if n == m {
			return "yes"
		}
	}
	return "no"
}

// accessText sums up the rules of one mode.
func accessText(r preflight.Report, m preflight.Mode) string {
	var denied []string
	unknown := ""
	for _, a := range r.Access {
		if a.Mode == m {
			denied = append(denied, a.Denied...)
			unknown += a.Unknown
		}
	}
	switch {
	case unknown != "":
		return "could not be asked: " + unknown
	case len(denied) == 0:
		return "granted"
	}
	return "not granted: " + strings.Join(denied, ", ")
}

func sampleText(s preflight.Source) string {
	if s.Newest == nil {
		return "none"
	}
	text := s.Newest.Round(time.Second).String() + " old"
	if s.Window != nil {
		text += fmt.Sprintf(" (over %v)", s.Window.Round(time.Second))
	}
	return text
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func orUnknown(text string) string {
	if text == "" {
		return "not known"
	}
	return text
}
