package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plimsoll/plimsoll/reports"
	"github.com/plimsoll/plimsoll/tuner"
)

func (a *app) compareCommand() *cobra.Command {
	var format string
	var otherMachine bool
	c := &cobra.Command{
		Use:   "compare before.json after.json",
		Short: "How two reports differ, with the noise of both taken into account",
		Long: `Compares the trials of two report.json at the settings each ended with, as "plimsoll check --baseline" does, without
running anything. A change within the noise shows as ~. Exits 1 where a figure is worse beyond the noise, 3 where the two
were measured on different kinds of machine, under different loads, or have no scenario in common.`,
		Example: "  plimsoll compare baseline.json plimsoll-report/report.json",
		Args:    cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			return a.compare(args[0], args[1], format, otherMachine)
		},
	}
	c.Flags().StringVarP(&format, "output", "o", "table", strings.Join(slices.Sorted(maps.Keys(a.compareFormats())), ", "))
	c.Flags().BoolVar(&otherMachine, "allow-other-machine", false, "compare although they were measured on different kinds of machine")
	return c
}

func (a *app) compare(before, after, format string, otherMachine bool) error {
	write, ok := a.compareFormats()[format]
	if !ok {
		return usage(fmt.Errorf("--output: %q given; allowed: %s", format, strings.Join(slices.Sorted(maps.Keys(a.compareFormats())), ", ")))
	}
	old, err := readReport(before)
	if err != nil {
		return err
	}
	now, err := readReport(after)
	if err != nil {
		return err
	}
	switch {
	case old.Simulated != now.Simulated:
		return usage(errors.New("one of the two was simulated and the other measured"))
	case tuner.OtherLoad(old.Goal, now.Goal) != "":
		return exitError{exitNotMeasured, fmt.Errorf("the two were measured under different loads: %s", tuner.OtherLoad(old.Goal, now.Goal))}
	case !old.Simulated && !otherMachine && otherKind(old.Machine, now.Machine) != "":
		return exitError{exitNotMeasured, fmt.Errorf("the two were measured on different kinds of machine: %s; --allow-other-machine compares them",
			otherKind(old.Machine, now.Machine))}
	}
	was, is := tuner.BaselineTrials(old.Result, old.Trials), tuner.BaselineTrials(now.Result, now.Trials)
	gone, notes := tuner.Uncompared(was, is)
	all := tuner.Compare(was, is)
	if len(all) == 0 {
		return exitError{exitNotMeasured, errors.New("the two have no scenario in common that both ran whole")}
	}
	if err := write(a.Out, all); err != nil {
		return err
	}
	for _, note := range notes {
		fmt.Fprintf(a.Err, "note: %s\n", reports.Clean(note))
	}
	switch {
	case slices.ContainsFunc(all, func(d tuner.Difference) bool { return d.Worse }):
		return exitError{Code: exitMissed}
	case len(gone) > 0:
		return exitError{exitNotMeasured, fmt.Errorf("container %s of %s is gone, and its figures with it", strings.Join(gone, ", "), before)}
	}
	return nil
}

// compareFormats are the kinds of output by name.
func (a *app) compareFormats() map[string]func(io.Writer, []tuner.Difference) error {
	return map[string]func(io.Writer, []tuner.Difference) error{
		"table": func(w io.Writer, all []tuner.Difference) error { return printed(a, w, all, reports.Differences) },
		"json":  reports.DifferencesJSON, "yaml": reports.DifferencesYAML, "markdown": reports.DifferencesMarkdown,
	}
}
