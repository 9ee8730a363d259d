package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/plimsoll/plimsoll/cluster"
	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/workload/kube"
)

func (a *app) initCommand() *cobra.Command {
	var out string
	kubectl := cluster.Flags()
	c := &cobra.Command{
		Use:   "init URL | init deploy/NAME | init -- COMMAND [ARGUMENT ...]",
		Short: "Write a commented scenario file for a workload in a cluster, a command or a URL",
		Long: `Writes a scenario file to start from, with every choice explained beside it.

For a command, plimsoll runs it under limits of its own; it gets the port to listen on in the variable PORT.
For a workload in a cluster (deploy/NAME, sts/NAME, ds/NAME, rollout/NAME) it reads the object, and changes nothing.
For a URL, plimsoll only sends the load: "plimsoll load" judges the SLOs, limits are not changed.`,
		Example: `  plimsoll init -- bin/myservice --listen 127.0.0.1:'${PORT}' > scenarios.yaml
  plimsoll init deploy/web -n shop > scenarios.yaml
  plimsoll init http://127.0.0.1:8080/ -o scenarios.yaml`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			text, err := a.initText(c.Context(), kubectl, c.ArgsLenAtDash() == 0, args)
			if err != nil {
				return usage(err)
			}
			return a.writeNew(out, text)
		},
	}
	c.Flags().StringVarP(&out, "output", "o", "-", "file to write, never overwritten; - is standard output")
	kubectl.AddFlags(c.Flags())
	sameHelp(c.Flags())
	return c
}

func (a *app) initText(ctx context.Context, kubectl *genericclioptions.ConfigFlags, isCommand bool, args []string) ([]byte, error) {
	switch {
	case isCommand:
		return scenarios.InitCommand(args), nil
	case len(args) == 1 && strings.Contains(args[0], "://"):
		if err := scenarios.CheckURL(args[0]); err != nil {
			return nil, err
		}
		return scenarios.InitURL(args[0]), nil
	case len(args) == 1 && strings.Contains(args[0], "/"):
		return initObject(ctx, kubectl, args[0])
	}
	return nil, fmt.Errorf("init: %q given; allowed: a URL such as http://127.0.0.1:8080, an object such as deploy/web, or -- and a command", strings.Join(args, " "))
}

// initObject reads the object from its cluster.
func initObject(ctx context.Context, kubectl *genericclioptions.ConfigFlags, name string) ([]byte, error) {
	client, err := cluster.New(kubectl)
	if err != nil {
		return nil, err
	}
	target, err := kube.ParseTarget(client.Namespace, name)
	if err != nil {
		return nil, err
	}
	w, err := kube.Describe(ctx, client, target)
	if err != nil {
		return nil, err
	}
	return scenarios.InitObject(w), nil
}

// writeNew writes text to a file that must not be there yet, or to standard output.
func (a *app) writeNew(path string, text []byte) error {
	if path == "-" {
		_, err := a.Out.Write(text)
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return usage(fmt.Errorf("write the scenario file: %w", err))
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}
