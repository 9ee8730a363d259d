package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/plimsoll/plimsoll/cluster"
	"github.com/plimsoll/plimsoll/workload/kube"
)

func (a *app) restoreCommand() *cobra.Command {
	var o clusterOptions
	var everywhere bool
	c := &cobra.Command{
		Use:   "restore [deploy/NAME ...]",
		Short: "Put back workloads that a killed run left changed in a cluster",
		Long: `Puts back what a run of tune changed and could not put back itself: it was killed, or its machine was lost.
What each object was like is written on the object; nothing else is needed. What somebody else changed since is left to
them, and shown. The Jobs of that run, its load and its reader, are deleted. A run that is alive is left alone.

Without a name: everything in the namespace that bears traces of a run. The next tune of a workload restores it too.`,
		Example: `  plimsoll restore deploy/web -n shop
  plimsoll restore -A`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error { return a.restore(c.Context(), o, everywhere, args) },
	}
	o.registerRestore(c.Flags())
	o.load.registerNamespace(c.Flags())
	c.Flags().BoolVarP(&everywhere, "all-namespaces", "A", false, "look in all namespaces")
	return c
}

func (a *app) restore(ctx context.Context, o clusterOptions, everywhere bool, args []string) error {
	if err := o.validateRestore(); err != nil {
		return err
	}
	client, err := cluster.New(o.kubectl)
	if err != nil {
		return usage(err)
	}
	ctx, cancel := context.WithTimeout(ctx, o.RestoreTimeout)
	defer cancel()
	namespace := client.Namespace
	if everywhere {
		namespace = ""
	}
	var targets []kube.Target
	for _, name := range args {
		t, err := kube.ParseTarget(client.Namespace, name)
		if err != nil {
			return usage(err)
		}
		targets = append(targets, t)
	}
	if len(args) == 0 {
		if targets, err = kube.Leftovers(ctx, client, namespace); err != nil {
			return exitError{exitNotRestored, err}
		}
	}
	say := func(text string) { printLines(a.Out, text) }
	if len(targets) == 0 {
		say("nothing to put back")
	}
	also := func(ctx context.Context, t kube.Target) error { return o.load.removeAgents(ctx, client, t, say) }
	if err := kube.RestoreAll(ctx, client, targets, say, also); err != nil {
		return exitError{exitNotRestored, fmt.Errorf("not put back: %w\n  run again: plimsoll restore", err)}
	}
	return nil
}
