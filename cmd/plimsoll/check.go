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
beyond the noise of both; 3 when that could not be measured, a baseline from another kind of machine included.
A request or limit of more than twice what was used is a finding that fails only with --fail-on too-large.

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

// validate refuses what can't be run, before anything is started.
func (o checkOptions) validate(goal tuner.Goal) error {
	for _, rule := range o.FailOn {
		if rule != string(tuner.RuleTooLarge) {
			return usage(fmt.Errorf("--fail-on: %q given; allowed: %s", rule, tuner.RuleTooLarge))
		}
	}
	if least := tuner.CheckTime(goal); o.Time <= least {
		return usage(fmt.Errorf("--max-time: %v given; the two trials of this file alone load the workload for %v", o.Time, least))
	}
	return nil
}

func (a *app) check(ctx context.Context, o checkOptions) error {
	if err := o.outputs.validate(); err != nil {
		return err
	}
	file, text, err := a.readFile(o.File)
	if err != nil {
		return err
	}
	b, err := a.open(ctx, file, o.Cluster)
	if err != nil {
		return err
	}
	header := newHeader(text, b)
	run, err := a.runCheck(ctx, o, b, header)
	if err = errors.Join(err, b.close()); err != nil {
		return err
	}
	err = a.deliver(run, o.outputs.of(o.File))
	switch run.Check.Judgement {
	case tuner.Pass:
		return err
	case tuner.Fail:
		return errors.Join(err, exitError{Code: exitMissed})
	}
	return errors.Join(err, exitError{Code: exitNotMeasured})
}

// runCheck runs the trials within their time and concludes.
func (a *app) runCheck(ctx context.Context, o checkOptions, b *bench, header runlog.Header) (reports.Run, error) {
	if err := o.validate(b.goal); err != nil {
		return reports.Run{}, err
	}
	goal := tuner.CheckGoal{Goal: b.goal, FailOnTooLarge: len(o.FailOn) > 0, MaxTime: o.Time}
	if o.Baseline != "" {
		baseline, err := readBaseline(o.Baseline, b, o.OtherMachine)
		if err != nil {
			return reports.Run{}, err
		}
		goal.Baseline = baseline
	}
	if err := os.MkdirAll(a.settings.ReportDir, 0o755); err != nil {
		return reports.Run{}, usage(fmt.Errorf("--report-dir: %w", err))
	}
	if !b.simulated {
		limited, cancel := context.WithTimeout(ctx, o.Time)
		defer cancel()
		ctx = limited
	}
	view := newView(a, b.goal)
	b.watch(view)
	view.beginCheck(header)
	trials, err := tuner.RunCheck(ctx, goal, b.runner, b.clock, view.recordCheck)
	view.erase()
	if err != nil {
		return reports.Run{}, exitError{exitNotMeasured, err}
	}
	check := tuner.ConcludeCheck(goal, trials)
	run := reportRun(runlog.Contents{Header: header, Trials: trials})
	run.Check = &check
	return run, nil
}
