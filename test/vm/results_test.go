package main

import (
	"strings"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/test/vm/job"
)

// console is what a guest says when its only job exits with code.
func console(code int, last string) string {
	return "[    0.1] kernel\r\n" + strings.Join([]string{job.Begin("a/as-0"), "=== RUN TestA", "--- PASS: TestA",
		job.End("a/as-0", code, time.Second), last}, "\r\n")
}

func TestResults(t *testing.T) {
	for _, c := range []struct {
		name, console      string
		complete, failsNot bool
	}{
		{"passed", console(0, job.Done), true, true},
		{"failed", console(1, job.Done), true, false},
		{"panicked after the last job", console(0, "Kernel panic"), false, true},
		{"died within a job", job.Begin("a/as-0") + "\n--- PASS", false, false},
		{"said nothing", "", false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := follow(strings.NewReader(c.console), func() {})
			var out strings.Builder
			if err := r.print(&out); r.complete != c.complete || (err == nil) != c.failsNot {
				t.Errorf("complete %v, %v, want %v and failure %v\n%s", r.complete, err, c.complete, !c.failsNot, out.String())
			}
		})
	}
}
