package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plimsoll/plimsoll/scenarios"
)

func (a *app) initCommand() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "init URL | init -- COMMAND [ARGUMENT ...]",
		Short: "Write a commented scenario file for a URL or a command",
		Long: `Writes a scenario file to start from, with every choice explained beside it.

For a command, plimsoll runs it under limits of its own; it gets the port to listen on in the variable PORT.
For a URL, plimsoll only sends the load: "plimsoll load" judges the SLOs, limits are not changed.`,
		Example: `  plimsoll init -- bin/myservice --listen 127.0.0.1:'${PORT}' > scenarios.yaml
  plimsoll init http://127.0.0.1:8080/ -o scenarios.yaml`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			text, err := initText(c.ArgsLenAtDash() == 0, args)
			if err != nil {
				return usage(err)
			}
			return a.writeNew(out, text)
		},
	}
	c.Flags().StringVarP(&out, "output", "o", "-", "file to write, never overwritten; - is standard output")
	return c
}

func initText(isCommand bool, args []string) ([]byte, error) {
	switch {
	case isCommand:
		return scenarios.InitCommand(args), nil
	case len(args) == 1 && strings.Contains(args[0], "://"):
		if err := scenarios.CheckURL(args[0]); err != nil {
			return nil, err
		}
		return scenarios.InitURL(args[0]), nil
	}
	return nil, fmt.Errorf("init: %q given; allowed: a URL such as http://127.0.0.1:8080, or -- and a command", strings.Join(args, " "))
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
