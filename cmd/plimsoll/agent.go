package main

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plimsoll/plimsoll/cluster"
	"github.com/plimsoll/plimsoll/loadgen"
	"github.com/plimsoll/plimsoll/scenarios"
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
	agent := cluster.LoadAgent{Version: version(), Out: a.Out}
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

// runLoad runs a plan somewhere.
type runLoad func(context.Context, loadgen.Plan) (loadgen.Result, error)

// loadPlace is where the load of a Kubernetes workload comes from, and in words: a URL that the file gives is loaded from
// here; inside the cluster its Pods are reached directly; otherwise it is a Job in the cluster. It is never a
// port-forward: that is one connection to one Pod, through the API server.
func loadPlace(traffic scenarios.Traffic, job *cluster.LoadJob) (runLoad, string) {
	switch {
	case traffic.URL != "":
		return func(ctx context.Context, plan loadgen.Plan) (loadgen.Result, error) {
			plan.Addresses = nil
			return loadgen.Run(ctx, plan)
		}, "from this machine to " + traffic.URL
	case job.Client.Inside():
		return loadgen.Run, "from this Pod to the Pods' own addresses"
	}
	return job.Run, "from a Job in namespace " + job.Namespace + ", image " + job.Image
}
