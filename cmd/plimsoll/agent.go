package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plimsoll/plimsoll/cluster"
)

// agentCommand holds what plimsoll runs in Pods that it makes itself; nobody else calls it.
func (a *app) agentCommand() *cobra.Command {
	c := &cobra.Command{
		Use:    "agent",
		Short:  "What runs in the Pods that plimsoll makes",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE:   func(*cobra.Command, []string) error { return usage(errors.New("agent: which one? load, read")) },
	}
	c.AddCommand(a.agentLoadCommand(), a.agentReadCommand())
	return c
}

func (a *app) agentLoadCommand() *cobra.Command {
	agent := cluster.LoadAgent{Version: version(), Out: unmuted(a.Out)}
	c := &cobra.Command{
		Use:   "load",
		Short: "Run the load of a plan and write its rows and its result to standard output",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return agent.Run(c.Context()) },
	}
	c.Flags().StringVar(&agent.Plan, "plan", "", "file with the plan")
	c.Flags().StringVar(&agent.Scratch, "scratch", "", "directory for the files that the plan carries")
	return c
}

// defaultImage is the image of this version. A tag may not hold the + that a version of a changed module has.
func defaultImage() string {
	return cluster.DefaultRepository + ":" + strings.ReplaceAll(version(), "+", "-")
}
