package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll/plimsoll/reports"
	"github.com/plimsoll/plimsoll/runlog"
	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// checkOptions are the flags of check.
type checkOptions struct {
	File, Baseline string
	FailOn         []string
	OtherMachine   bool
	Time           time.Duration
	outputs        outputs
	Cluster        clusterOptions
}

func (a *app) checkCommand() *cobra.Command {
	var o checkOptions
	c := &cobra.Command{
		Use:   "check -f scenarios.yaml [--baseline report.json]",
		Short: "Do the limits in the file still hold? Two to four trials, compared with a baseline",
		Long: `Loads the workload at the requests and limits of its file: a soak on fresh replicas, the short scenario, and both
once more where the first two do not decide. It changes no limit.

Exits 1 when an SLO is missed, a container is killed, memory grows without end, or a figure is worse than the baseline
beyond the noise of both; 3 when that could not be measured, a baseline from another kind of machine or under another load,
an interruption and too little time included. The smallest changes that could have been shown are in its notes.
A request or limit of more than twice what was used, start-up included, is a finding that fails only with --fail-on too-large.

The baseline is the report.json of an earlier check or tune. A check without one runs all four trials; commit its
report.json as the baseline of the next.`,
		Example: `  plimsoll check -f scenarios.yaml                                   make a baseline
  plimsoll check -f scenarios.yaml --baseline baseline.json          the stage before production
  plimsoll check -f scenarios.yaml --baseline baseline.json --fail-on too-large`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.check(c.Context(), o) },
	}
	f := c.Flags()
	f.StringVarP(&o.File, "file", "f", "scenarios.yaml", "the scenario file")
	f.StringVar(&o.Baseline, "baseline", "", "report.json of an earlier check or tune to compare with")
	f.StringSliceVar(&o.FailOn, "fail-on", nil, "findings that fail the check besides errors: too-large")
	f.BoolVar(&o.OtherMachine, "allow-other-machine", false, "compare although the baseline was measured on another kind of machine")
	f.DurationVar(&o.Time, "max-time", 10*time.Minute, "time for all trials together")
	o.outputs.register(c, checkFormats())
	o.Cluster.register(f)
	o.Cluster.first = func(g tuner.Goal) tuner.Settings { return g.Before }
	return c
}

// prepareCheck does all that needs no workload, so that nothing is touched where it fails. It returns the baseline; nil where none
// is given.
func (a *app) prepareCheck(o checkOptions, file scenarios.File) (*savedReport, error) {
	goal := tuner.NewGoal(file)
	for _, rule := range o.FailOn {
		if rule != string(tuner.RuleTooLarge) {
			return nil, usage(fmt.Errorf("--fail-on: %q given; allowed: %s", rule, tuner.RuleTooLarge))
		}
	}
	if least := tuner.CheckTime(goal); o.Time <= least {
		return nil, usage(fmt.Errorf("--max-time: %v given; the two trials of this file alone load the workload for %v", o.Time, least))
	}
	baseline, err := o.readBaseline(file, goal)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(a.settings.ReportDir, 0o755); err != nil {
		return nil, usage(fmt.Errorf("--report-dir: %w", err))
	}
	return baseline, nil
}

// readBaseline reads the baseline; nil where none is given.
func (o checkOptions) readBaseline(file scenarios.File, goal tuner.Goal) (*savedReport, error) {
	if o.Baseline == "" {
		return nil, nil
	}
	if file.Workload.Kind == scenarios.Kubernetes {
		goal.Replicas = 0 // the object tells
	}
	baseline, err := readReport(o.Baseline)
	if err != nil {
		return nil, fmt.Errorf("--baseline: %w", err)
	}
	return &baseline, baseline.measures(o.Baseline, goal, file.Workload.Kind == scenarios.Simulated)
}

func (a *app) check(ctx context.Context, o checkOptions) error {
	if err := o.outputs.validate(); err != nil {
		return err
	}
	file, text, err := a.readFile(o.File)
	if err != nil {
		return err
	}
	baseline, err := a.prepareCheck(o, file)
	if err != nil {
		return err
	}
	b, err := a.open(ctx, file, o.Cluster)
	if err != nil {
		return err
	}
	run, err := a.runCheck(ctx, o, baseline, b, newHeader(text, b))
	err = errors.Join(err, b.close())
	if run.Check == nil {
		return err
	}
	// What was measured is told, whatever broke.
	return errors.Join(judged(run.Check.Judgement), err, a.deliver(run, o.outputs.of(o.File)))
}

// judged is the exit code of a check as an error; nil where it passed.
func judged(j tuner.Judgement) error {
	switch j {
	case tuner.Pass:
		return nil
	case tuner.Fail:
		return exitError{Code: exitMissed}
	}
	return exitError{Code: exitNotMeasured}
}

// runCheck runs the trials within their time and concludes, even where an error ended them. Without a conclusion nothing was
// run.
func (a *app) runCheck(ctx context.Context, o checkOptions, baseline *savedReport, b *bench, header runlog.Header) (reports.Run, error) {
	goal := tuner.CheckGoal{Goal: b.goal, FailOnTooLarge: len(o.FailOn) > 0, MaxTime: o.Time}
	if baseline != nil {
		if err := baseline.fits(o.Baseline, b, header, o.OtherMachine); err != nil {
			return reports.Run{}, err
		}
		goal.Baseline = tuner.BaselineTrials(baseline.Result, baseline.Trials)
	}
	if !b.simulated {
		limited, cancel := context.WithTimeoutCause(ctx, o.Time, fmt.Errorf("the %v of --max-time were over", o.Time))
		defer cancel()
		ctx = limited
	}
	view := newView(a, b.goal)
	b.watch(view)
	view.beginCheck(header)
	trials, stopped := tuner.RunCheck(ctx, goal, b.runner, b.clock, view.recordCheck)
	view.erase()
	check := tuner.ConcludeCheck(goal, trials, stopped)
	check.Notes = append(check.Notes, b.warnings...)
	run := reportRun(runlog.Contents{Header: header, Trials: trials})
	run.Check = &check
	return run, stopped
}
