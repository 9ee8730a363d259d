package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

// app is what every command gets: its streams, its environment and the tool's own settings.
type app struct {
	streams
	lookupEnv func(string) (string, bool)
	settings  settings
}

// run is the whole program as a function: it runs the command in args and returns the exit code.
func run(ctx context.Context, args []string, s streams, lookupEnv func(string) (string, bool)) int {
	s = s.muted(lookupEnv)
	a := &app{streams: s, lookupEnv: lookupEnv}
	root := a.rootCommand()
	root.SetArgs(append([]string{}, args...)) // nil would mean os.Args
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	err := root.ExecuteContext(ctx)
	if text := textOf(err); text != "" {
		printLines(s.Err, "plimsoll: "+text)
	}
	return int(codeOf(err))
}

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:         "plimsoll",
		Annotations: map[string]string{cobra.CommandDisplayNameAnnotation: calledAs(os.Args[0])},
		Short:       "Find CPU and memory limits by testing them under load",
		Long: `Plimsoll answers "what should the requests and limits be?" with values that were themselves tested.
It loads a service, watches OOM kills, CPU throttling and usage, changes one limit per trial,
and ends with limits that passed a soak, the evidence for each, and the failure seen just below.

Start here:
  plimsoll demo                              see it work on a bundled service, about four minutes
  plimsoll init http://127.0.0.1:8080 > scenarios.yaml
  plimsoll validate -f scenarios.yaml        find every mistake in the file, start nothing
  plimsoll tune -f scenarios.yaml            derive the limits; reports land in plimsoll-report/

Exit codes: 0 derived and verified · 1 SLO missed, infeasible or budget spent · 2 bad usage or file ·
3 not measured (inconclusive, too noisy, interrupted) · 4 restore not confirmed.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usage(fmt.Errorf("%w; see %q", err, c.CommandPath()+" --help"))
	})
	a.settings.register(root)
	root.PersistentPreRunE = func(c *cobra.Command, _ []string) error { return a.settings.load(c, a.lookupEnv) }
	root.AddCommand(a.tuneCommand(), a.checkCommand(), a.compareCommand(), a.scanCommand(), a.compatCommand(), a.demoCommand(),
		a.loadCommand(), a.initCommand(), a.validateCommand(), a.restoreCommand(), a.reportCommand(), a.versionCommand(),
		a.agentCommand(), a.preflightCommand())
	for _, c := range append(root.Commands(), root) {
		c.Args = usageArgs(c.Args)
	}
	return root
}

// calledAs is what a person types to call the program: as a plugin of kubectl it has another name
// (https://krew.sigs.k8s.io/docs/developer-guide/develop/best-practices/).
func calledAs(path string) string {
	if rest, plugin := strings.CutPrefix(filepath.Base(path), "kubectl-"); plugin {
		return "kubectl " + rest
	}
	return "plimsoll"
}

// usageArgs makes a wrong number of arguments a usage error, with the place to look.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return usage(fmt.Errorf("%w; see %q", err, c.CommandPath()+" --help"))
		}
		return nil
	}
}
