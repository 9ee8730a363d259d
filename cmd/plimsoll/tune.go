package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll/plimsoll/runlog"
	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// tuneOptions are the flags of tune. Zero values of Start, Trials and Time leave the file's own in force.
type tuneOptions struct {
	File              string
	Resume, Overwrite bool
	Start, From       string
	Trials            int
	Time              time.Duration
	outputs           outputs
	Cluster           clusterOptions
}

func (a *app) tuneCommand() *cobra.Command {
	var o tuneOptions
	c := &cobra.Command{
		Use:   "tune -f scenarios.yaml",
		Short: "Derive CPU and memory limits: one limit changed per trial, confirmed by a soak",
		Long: `Runs trials until the limits converge. Each trial puts the workload under a load shape of the file with the
limits in force, watches OOM kills, throttling and usage, and changes at most one limit for the next.
The last trial is a soak on fresh replicas at exactly the limits that are printed. Where an HPA, a VPA or KEDA acts on
a workload in a cluster, one more trial runs beside them, and they must leave the limits alone and follow the load
(docs/compat.md).

Every trial is saved, as it ends, in plimsoll-report/run.plimsoll: after a crash or Ctrl-C,
"plimsoll tune --resume" goes on where it stopped.`,
		Example: `  plimsoll tune -f scenarios.yaml
  plimsoll tune -f scenarios.yaml --start current      begin with the limits in the file
  plimsoll tune -f scenarios.yaml --resume             go on after a crash
  plimsoll tune -f scenarios.yaml --from old.json      is an earlier result still right?`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.tune(c.Context(), o) },
	}
	o.register(c)
	o.Cluster.register(c.Flags())
	c.Flags().BoolVar(&o.Cluster.Apply, "apply", false, "kubernetes: leave the derived values in place at the end; everything else is put back")
	o.Cluster.beside.register(c.Flags())
	return c
}

func (o *tuneOptions) register(c *cobra.Command) {
	f := c.Flags()
	f.StringVarP(&o.File, "file", "f", "scenarios.yaml", "the scenario file")
	f.BoolVar(&o.Resume, "resume", false, "go on with the run log in the report directory")
	f.BoolVar(&o.Overwrite, "overwrite", false, "begin anew although the report directory holds a run log")
	f.StringVar(&o.Start, "start", "", "conservative, current or relaxed (default: as in the file)")
	f.StringVar(&o.From, "from", "", "report.json of an earlier search to begin with: two trials where nothing changed")
	f.IntVar(&o.Trials, "max-trials", 0, "budget in trials (default: as in the file)")
	f.DurationVar(&o.Time, "max-time", 0, "budget in time (default: as in the file)")
	o.outputs.register(c, formatNames())
}

// apply puts the flags over the file's tuning section.
func (o tuneOptions) apply(t *scenarios.Tuning) error {
	switch {
	case o.Resume && o.Overwrite:
		return usage(errors.New("--resume and --overwrite exclude each other"))
	case o.Resume && (o.Start != "" || o.From != ""):
		return usage(errors.New("--resume goes on from where the search began; leave out --start and --from, or begin anew with --overwrite"))
	}
	switch s := scenarios.Start(o.Start); s {
	case "":
	case scenarios.Conservative, scenarios.Current, scenarios.Relaxed:
		t.Start = s
	default:
		return usage(fmt.Errorf("--start: %q given; allowed: conservative, current, relaxed", o.Start))
	}
	if o.Trials < 0 || o.Time < 0 {
		return usage(errors.New("--max-trials and --max-time must be above 0"))
	}
	if err := o.outputs.validate(); err != nil {
		return err
	}
	if o.Trials > 0 {
		t.MaxTrials = o.Trials
	}
	if o.Time > 0 {
		t.MaxTime = o.Time
	}
	return nil
}

// tune reads the file and runs the search over its own kind of workload.
func (a *app) tune(ctx context.Context, o tuneOptions) error {
	file, text, err := a.readFile(o.File)
	if err != nil {
		return err
	}
	if err := o.apply(&file.Tuning); err != nil {
		return err
	}
	bench, err := a.open(ctx, file, o.Cluster)
	if err != nil {
		return err
	}
	return a.search(ctx, o, text, bench)
}

// search runs the tuner over bench, saves every trial as it ends and writes the reports.
func (a *app) search(ctx context.Context, o tuneOptions, text []byte, b *bench) (err error) {
	putBack := sync.OnceValue(b.close)
	defer func() { err = errors.Join(err, putBack()) }()
	if o.From != "" {
		if b.goal.Earlier, err = earlierResult(o.From, b); err != nil {
			return err
		}
	}
	log, contents, err := a.openLog(o, newHeader(text, b))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	view := newView(a, contents.Header.Goal)
	b.watch(view)
	view.begin(contents)
	trials, last, searchErr := tuner.Search(ctx, contents.Header.Goal, contents.Trials, b.runner, b.clock,
		func(t tuner.Trial) error { return view.record(log, t) })
	if last.Result == nil {
		last = tuner.Abandon(contents.Header.Goal, trials, why(ctx, searchErr))
	}
	last.Result.Warnings = append(last.Result.Warnings, b.warnings...)
	if err := log.AppendResult(last); err != nil {
		searchErr = errors.Join(searchErr, err)
	}
	view.erase()
	again := len(trials) > len(contents.Trials)
	contents.Trials, contents.Result = trials, &last
	together := exitOK
	if searchErr == nil {
		together, searchErr = a.together(ctx, b, log, &contents, again, view)
	}
	if last.Result.Verified && b.keep != nil && together == exitOK {
		b.keep(last.Result.Settings)
	}
	_ = putBack() // before the reports, which may wait: the deferred call returns the same error

	err = a.deliver(reportRun(contents), o.outputs.of(o.File)) // one that fails does not change what the search came to
	if searchErr != nil {
		return errors.Join(exitError{exitNotMeasured, searchErr}, err)
	}
	if code := cmp.Or(outcomeCode(last.Result.Outcome), together); code != exitOK {
		return errors.Join(err, exitError{Code: code})
	}
	return err
}

// why says, for the report, why a search ended without a result of its own.
func why(ctx context.Context, err error) string {
	if ctx.Err() != nil {
		return "interrupted"
	}
	return err.Error()
}

// openLog makes the run log, or goes on with the one that is there when asked to. An existing log is never overwritten
// without --overwrite.
func (a *app) openLog(o tuneOptions, header runlog.Header) (*runlog.Log, runlog.Contents, error) {
	path := a.logPath()
	if o.Resume {
		return a.resumeLog(o, path, header)
	}
	create := runlog.Create
	if o.Overwrite {
		create = runlog.Overwrite
	}
	log, err := create(path, header)
	switch {
	case errors.Is(err, runlog.ErrExists):
		err = usage(fmt.Errorf(
			"%s is there already; --resume goes on with it, --overwrite begins anew, --report-dir chooses another place", path))
	case errors.Is(err, runlog.ErrLocked), errors.Is(err, os.ErrPermission):
		err = usage(fmt.Errorf("%w; --report-dir chooses another place", err))
	}
	return log, runlog.Contents{Header: header}, err
}

// resumeLog opens the log at path to go on with it. The budget is that of the log unless a flag gives another.
func (a *app) resumeLog(o tuneOptions, path string, header runlog.Header) (*runlog.Log, runlog.Contents, error) {
	log, contents, err := runlog.Resume(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, contents, usage(fmt.Errorf("--resume: there is no %s to go on with", path))
	case errors.Is(err, runlog.ErrEmpty):
		return nil, contents, usage(fmt.Errorf("--resume: %w; --overwrite begins anew", err))
	case err != nil:
		return nil, contents, usage(fmt.Errorf("--resume: %w", err))
	}
	if contents.Repair != nil {
		a.notice(fmt.Sprintf("%s: %v", path, *contents.Repair))
	}
	if contents.Header.FileSHA256 != header.FileSHA256 || contents.Header.Simulated != header.Simulated {
		return nil, contents, errors.Join(log.Close(), usage(fmt.Errorf(
			"--resume: the scenario file or the kind of workload has changed since %s was begun; use --overwrite to begin anew", path)))
	}
	if was, is := contents.Header.Machine, header.Machine; !contents.Header.Simulated && was != is {
		return nil, contents, errors.Join(log.Close(), usage(fmt.Errorf(
			"--resume: %s was begun on another machine (%s, %d cores, %s) and its trials say nothing of this one; use --overwrite to begin anew",
			path, was.CPU, was.Cores, was.Kernel)))
	}
	contents.Header.Goal.ResumedAt = len(contents.Trials)
	if o.Trials > 0 {
		contents.Header.Goal.Tuning.MaxTrials = o.Trials
	}
	if o.Time > 0 {
		contents.Header.Goal.Tuning.MaxTime = o.Time
	}
	return log, contents, nil
}

func (a *app) logPath() string { return filepath.Join(a.settings.ReportDir, "run.plimsoll") }
