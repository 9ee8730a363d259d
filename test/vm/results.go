package main

import (
	"fmt"
	"io"
	"time"

	"github.com/plimsoll/plimsoll/test/vm/job"
)

// results are what the guest has said so far.
type results struct {
	// begun counts the jobs that started.
	begun int
	ended []result
	// complete is true where the guest came to its end.
	complete bool
}

// result is what one job came to; code is 0 where it passed.
type result struct {
	name string
	code int
	took time.Duration
}

// add takes a line and tells whether it was the guest's own word.
func (r *results) add(line string) bool {
	if name, ok := job.ParseBegin(line); ok {
		r.begun++
		fmt.Println("==", name)
		return true
	}
	if name, code, took, ok := job.ParseEnd(line); ok {
		r.ended = append(r.ended, result{name, code, took})
		return true
	}
	if line == job.Done {
		r.complete = true
		return true
	}
	return false
}

// print writes one line for each job. The error is for a job that failed or did not end.
func (r *results) print(out io.Writer) error {
	failed := r.begun - len(r.ended)
	for _, e := range r.ended {
		word := "ok  "
		if e.code != 0 {
			word = "FAIL"
			failed++
		}
		fmt.Fprintf(out, "%s  %-32s %6.1f s\n", word, e.name, e.took.Seconds())
	}
	if failed > 0 || r.begun == 0 {
		return fmt.Errorf("%d of %d jobs failed in the VM", failed, r.begun)
	}
	return nil
}
