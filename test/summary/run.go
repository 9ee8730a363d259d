package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// event is one line of `go test -json`; see `go doc test2json` and `go help buildjson`.
type event struct {
	Action     string
	Package    string
	ImportPath string // of a build event
	Test       string // empty: the event is the package's
	Output     string
	// FailedBuild names the package whose build failure this package's failure is.
	FailedBuild string
}

// skip is one skipped test.
type skip struct{ test, reason string }

// run is what came of all packages so far.
type run struct {
	// output of every test in progress, by package and test; dropped when it ends well.
	output map[string][]string
	// passed and lost count tests and subtests; lost also counts what failed outside a test: a build, a package.
	passed, lost int
	// broken packages are those with a test that failed.
	broken map[string]bool
	skips  []skip
}

func newRun() *run { return &run{output: map[string][]string{}, broken: map[string]bool{}} }

func (r *run) failed() bool { return r.lost > 0 }

// read takes events from in to its end and prints package lines and failures to out as they come. A line that is no
// event is printed as it is. The error is in's.
func (r *run) read(in io.Reader, out io.Writer) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		var e event
		if line != "" && json.Unmarshal([]byte(line), &e) != nil {
			fmt.Fprint(out, line)
		}
		r.add(e, out)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading test events: %w", err)
		}
	}
}

func (r *run) add(e event, out io.Writer) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "build-output":
		fmt.Fprint(out, e.Output)
	case "build-fail":
		r.lost++
	case "output":
		if e.Test == "" && isResult(e.Output) {
			fmt.Fprint(out, e.Output)
			return
		}
		if !strings.HasPrefix(e.Output, "=== ") {
			r.output[key] = append(r.output[key], e.Output)
		}
	case "pass", "skip", "fail":
		r.end(e, key, out)
		delete(r.output, key)
	}
}

// end counts what a test or a package came to, and prints the output of one that failed.
func (r *run) end(e event, key string, out io.Writer) {
	switch {
	case e.Action == "fail":
		if e.Test != "" || (!r.broken[e.Package] && e.FailedBuild == "") {
			r.lost++
		}
		r.broken[e.Package] = true
		fmt.Fprint(out, strings.Join(r.output[key], ""))
	case e.Test == "":
	case e.Action == "skip":
		r.skips = append(r.skips, skip{e.Test, reason(r.output[key])})
	default:
		r.passed++
	}
}

// isResult tells the line of a package ("ok  	path	0.1s", "FAIL	path", "?   	path	[no test files]") from the
// output of its tests.
func isResult(line string) bool {
	return strings.HasPrefix(line, "ok  \t") || strings.HasPrefix(line, "FAIL\t") || strings.HasPrefix(line, "?   \t")
}

// reason is what t.Skip was told: the lines "    file_test.go:12: reason" and those that follow it, indented deeper.
func reason(output []string) string {
	var words []string
	for _, line := range output {
		text := strings.TrimSpace(line)
		if text == "" || strings.HasPrefix(text, "--- ") {
			continue
		}
		if file, rest, ok := strings.Cut(text, ": "); ok && strings.Contains(file, ".go:") {
			text = rest
		}
		words = append(words, text)
	}
	if len(words) == 0 {
		return "no reason given"
	}
	return strings.Join(words, " ")
}

// print writes the counts and every reason for a skip with the tests it kept from running.
func (r *run) print(out io.Writer) {
	fmt.Fprintf(out, "\n%d passed, %d failed, %d skipped\n", r.passed, r.lost, len(r.skips))
	tests := map[string][]string{}
	var reasons []string
	for _, s := range r.skips {
		if !slices.Contains(reasons, s.reason) {
			reasons = append(reasons, s.reason)
		}
		tests[s.reason] = append(tests[s.reason], s.test)
	}
	slices.Sort(reasons)
	for _, reason := range reasons {
		fmt.Fprintf(out, "skipped: %s\n         (%s)\n", reason, strings.Join(tests[reason], ", "))
	}
}
