package restore

import (
	"fmt"
	"strings"
)

// ending is what was seen of one process and of the namespace right after it.
type ending struct {
	// code is its exit code, −1 where it was killed.
	code int
	said string
	// wrong are the differences to what should be there, and the fields that are still owned.
	wrong []string
}

// exitNotRestored is the exit code that says so (docs: "restore not confirmed").
const exitNotRestored = 4

// command is what a person is told to run then.
const command = "plimsoll restore"

// clean is true where everything is as it should be.
func (e ending) clean() bool { return len(e.wrong) == 0 }

// judgeRun returns what a search did wrong that was not killed. returns is true where the API server did answer again,
// so that the search has to put everything back by itself.
func judgeRun(e ending, returns bool) []string {
	var bad []string
	switch {
	case strings.Contains(e.said, "panic:") || strings.Contains(e.said, "goroutine 1 ["):
		bad = append(bad, "it panicked")
	case e.code < 0 || e.code > exitNotRestored:
		bad = append(bad, fmt.Sprintf("it ended with exit code %d", e.code))
	case e.code != exitNotRestored && !e.clean():
		bad = append(bad, fmt.Sprintf("it ended with exit code %d, and not everything is put back", e.code))
	case e.code == exitNotRestored && returns && e.clean():
		bad = append(bad, "it ended with exit code 4, and everything is put back")
	case e.code == exitNotRestored && returns:
		bad = append(bad, "it did not put everything back although the API server answered again")
	}
	if e.code == exitNotRestored && !strings.Contains(e.said, command) {
		bad = append(bad, "it ended with exit code 4 and does not name the command to run")
	}
	return append(bad, describe(e, bad)...)
}

// judgeHeal returns what the process did wrong that had to put back what another left.
func judgeHeal(e ending, restoring bool) []string {
	var bad []string
	switch {
	case strings.Contains(e.said, "panic:"):
		bad = append(bad, "putting back panicked")
	case restoring && e.code != 0:
		bad = append(bad, fmt.Sprintf("plimsoll restore ended with exit code %d", e.code))
	case e.code < 0 || e.code == 2 || e.code >= exitNotRestored:
		bad = append(bad, fmt.Sprintf("the next run ended with exit code %d", e.code))
	}
	if !e.clean() {
		bad = append(bad, "not everything is put back")
	}
	return append(bad, describe(e, bad)...)
}

// describe are the details, where something is bad.
func describe(e ending, bad []string) []string {
	if len(bad) == 0 {
		return nil
	}
	return append(append([]string(nil), e.wrong...), "it said:\n"+e.said)
}
