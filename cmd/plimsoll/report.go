package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/plimsoll/plimsoll/reports"
	"github.com/plimsoll/plimsoll/runlog"
)

func (a *app) reportCommand() *cobra.Command {
	var o outputs
	c := &cobra.Command{
		Use:   "report [run.plimsoll]",
		Short: "Render the reports of a saved run again, without running anything",
		Long: `Reads a run log, prints the table and writes report.html and report.json beside it.
A log that a crash left unfinished is reported as far as it goes.`,
		Example: `  plimsoll report plimsoll-report/run.plimsoll
  plimsoll report -o markdown -o junit=junit.xml
  plimsoll report -o patch > patch.yaml`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := o.validate(); err != nil {
				return err
			}
			path := a.logPath()
			if len(args) == 1 {
				path = args[0]
				a.settings.ReportDir = filepath.Dir(path)
			}
			contents, err := runlog.Open(path)
			if err != nil {
				return usage(err)
			}
			if contents.Repair != nil {
				a.notice(fmt.Sprintf("%s: read without its last %d bytes: %s", path, contents.Repair.Dropped, contents.Repair.Reason))
			}
			return a.deliver(reportRun(contents), o)
		},
	}
	o.register(c, formatNames())
	return c
}

func reportRun(c runlog.Contents) reports.Run {
	h := c.Header
	return reports.Run{
		Version: h.Plimsoll, RunID: h.RunID, Started: h.Started, Simulated: h.Simulated, Machine: reports.Machine(h.Machine),
		File: h.File, Goal: h.Goal, Trials: c.Trials, Result: c.Result, Compat: compatOf(c),
	}
}

// writeWhole renders into a file beside path and renames it: a reader never sees half a report.
func writeWhole(path string, run reports.Run, render func(io.Writer, reports.Run) error) error {
	var b bytes.Buffer
	if err := render(&b, run); err != nil {
		return fmt.Errorf("render %s: %w", path, err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = f.Write(b.Bytes())
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name()) //nolint:errcheck // the write has failed already, and that is what is reported
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
