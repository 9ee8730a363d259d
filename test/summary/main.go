// Summary reads `go test -json` on standard input and prints what a person wants to see of it: the ordinary line of
// every package ("ok", "FAIL"), the whole output of what failed, and at the end the counts and every reason for a skip.
// It exits 1 where anything failed.
package main

import (
	"fmt"
	"os"
)

func main() {
	run := newRun()
	if err := run.read(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "summary:", err)
		os.Exit(1)
	}
	run.print(os.Stdout)
	if run.failed() {
		os.Exit(1)
	}
}
