package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/loadgen"
)

// notMeasured is plimsoll's exit code for a run that it calls invalid.
const notMeasured = 3

// runPlimsoll runs the built program, as a user would. A run that it calls invalid itself is used like any other, and
// told: leaving it out would leave out just the runs with the most lag.
func runPlimsoll(ctx context.Context, scratch string, j job) (used, loadgen.Result, error) {
	file := filepath.Join(scratch, "result.json")
	args := []string{"load", "--duration", j.length.String(), "--connections", strconv.Itoa(j.connections), "-o", file}
	if j.rate > 0 {
		args = append(args, "--rate", rate(j))
	} else {
		args = append(args, "--closed")
	}
	var result loadgen.Result
	u, err := run(ctx, []int{notMeasured}, filepath.Join("bin", "plimsoll"), append(args, j.url)...)
	if err != nil {
		return u, result, err
	}
	return u, result, readJSON(file, &result)
}

// doubts says how many of the runs plimsoll itself called invalid, and why the last; empty where none.
type doubts struct {
	runs, invalid int
	why           string
}

func (d *doubts) add(r loadgen.Result) {
	d.runs++
	if len(r.Invalid) > 0 {
		d.invalid++
		d.why = strings.Join(r.Invalid, "; ")
	}
}

func (d *doubts) String() string {
	if d.invalid == 0 {
		return ""
	}
	return fmt.Sprintf("plimsoll called %d of %d runs invalid: %s", d.invalid, d.runs, d.why)
}

func runPlimsollCost(ctx context.Context, scratch string, j job) (cost, error) {
	u, result, err := runPlimsoll(ctx, scratch, j)
	if err != nil {
		return cost{}, err
	}
	return checked(u, result.Outcomes[loadgen.OK], j)
}
