// Package job is what the driver of the VM tells its guest, and the lines the guest answers with on the serial console.
package job

import (
	"fmt"
	"strings"
	"time"
)

// PlanFile is where the guest finds the jobs, a JSON array in the order they run in.
const PlanFile = "/plan.json"

// Job is one program that the guest runs.
type Job struct {
	Name string `json:"name"`
	// Command is the program, an absolute path in the guest, and its arguments.
	Command []string `json:"command"`
	// Dir to run in.
	Dir string   `json:"dir"`
	Env []string `json:"env"`
	// User is 0 for root in a session's cgroup, or the id of an ordinary user in a cgroup delegated to it.
	User int `json:"user"`
	// Timeout after which the job is killed and has failed.
	Timeout time.Duration `json:"timeout_ns"`
}

// mark begins every line that is the guest's own word and no job's output.
const mark = "@@plimsoll "

// Done is the last line of a guest that came to its end.
const Done = mark + "done"

// Begin is the line before the output of a job.
func Begin(name string) string { return mark + "begin " + name }

// ParseBegin reads a line of Begin; ok is false for any other line.
func ParseBegin(line string) (name string, ok bool) { return strings.CutPrefix(line, mark+"begin ") }

// End is the line after the output of a job; code is its exit code, -1 where it was killed or never started.
func End(name string, code int, took time.Duration) string {
	return fmt.Sprintf("%send %s %d %d", mark, name, code, took.Milliseconds())
}

// ParseEnd reads a line of End; ok is false for any other line.
func ParseEnd(line string) (name string, code int, took time.Duration, ok bool) {
	rest, found := strings.CutPrefix(line, mark+"end ")
	if !found {
		return "", 0, 0, false
	}
	var ms int64
	if _, err := fmt.Sscanf(rest, "%s %d %d", &name, &code, &ms); err != nil {
		return "", 0, 0, false
	}
	return name, code, time.Duration(ms) * time.Millisecond, true
}
