package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/plimsoll/plimsoll/cluster"
	"github.com/plimsoll/plimsoll/cluster/preflight"
	"github.com/plimsoll/plimsoll/cluster/snapshot"
	"github.com/plimsoll/plimsoll/scenarios"
)

// preflightOptions are the flags of preflight.
type preflightOptions struct {
	File, Output string
	load         loadPlaceOptions
	kubectl      *genericclioptions.ConfigFlags
}

func (a *app) preflightCommand() *cobra.Command {
	o := preflightOptions{kubectl: cluster.Flags()}
	c := &cobra.Command{
		Use:   "preflight [deploy/NAME | -f scenarios.yaml]",
		Short: "What may a run do and see in this cluster, and what will be missing from its result?",
		Long: `Asks the cluster, and changes nothing: which access is granted for each way of working, which metric sources answer
and how old their samples are, what the nodes are, which quotas and LimitRanges bound the workload, and which
autoscalers, GitOps controllers and webhooks act on it. For everything that is missing it says what the result will
lack, and the exact RBAC rule that would bring it. deploy/rbac.yaml holds these rules, a ClusterRole for each mode.

Exit codes: 0 a run can do all it needs · 1 it cannot, see "missing" · 2 bad usage or a bad file ·
3 the cluster does not answer.`,
		Example: `  plimsoll preflight deploy/web -n shop
  plimsoll preflight -f scenarios.yaml -o json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return a.preflight(c.Context(), o, args) },
	}
	f := c.Flags()
	f.StringVarP(&o.File, "file", "f", "", "scenario file of a kubernetes workload")
	f.StringVarP(&o.Output, "output", "o", "table", "table or json")
	o.load.register(f)
	o.kubectl.AddFlags(f)
	sameHelp(f)
	return c
}

func (a *app) preflight(ctx context.Context, o preflightOptions, args []string) error {
	if o.Output != "table" && o.Output != "json" {
		return usage(fmt.Errorf("output: %q given; allowed: table, json", o.Output))
	}
	workload, url, err := a.preflightTarget(o, args)
	if err != nil {
		return usage(err)
	}
	client, err := cluster.New(o.kubectl)
	if err != nil {
		return usage(err)
	}
	if workload.Namespace == "" {
		workload.Namespace = client.Namespace
	}
	report, err := runPreflight(ctx, client, workload, url, o.load)
	if err != nil {
		return exitError{exitNotMeasured, err}
	}
	if o.Output == "json" {
		text, err := json.MarshalIndent(struct {
			preflight.Report
			Missing []preflight.Missing `json:"missing"`
		}{report, report.Missing()}, "", "  ")
		if err != nil {
			return fmt.Errorf("encode the report: %w", err)
		}
		_, err = a.Out.Write(append(text, '\n'))
		return errors.Join(err, preflightError(report))
	}
	return errors.Join(writePreflight(a.Out, report), preflightError(report))
}

// preflightTarget is the workload that is asked about, which may be unnamed, and the URL that its load goes to.
func (a *app) preflightTarget(o preflightOptions, args []string) (scenarios.Workload, string, error) {
	if o.File == "" {
		w := scenarios.Workload{Kind: scenarios.Kubernetes}
		if len(args) == 1 {
			w.Object = args[0]
		}
		return w, "", nil
	}
	file, _, err := a.readFile(o.File)
	switch {
	case err != nil:
		return scenarios.Workload{}, "", err
	case len(args) == 1:
		return scenarios.Workload{}, "", errors.New("a file and a workload are given; one is needed")
	case file.Workload.Kind != scenarios.Kubernetes:
		return scenarios.Workload{}, "", fmt.Errorf("%s: a %s workload lives in no cluster", o.File, file.Workload.Kind)
	}
	return file.Workload, file.Traffic.URL, nil
}

// runPreflight asks what a run on workload needs. The error is for a cluster that does not answer, and for a workload
// that is not there.
func runPreflight(ctx context.Context, client *cluster.Client, workload scenarios.Workload, url string, load loadPlaceOptions) (preflight.Report, error) {
	report, err := preflight.Run(ctx, client, load.question(client, workload, url))
	if err != nil || workload.Object == "" {
		return report, err
	}
	around, err := snapshot.Read(ctx, client, workload.Namespace, workload.Object)
	if err != nil {
		return report, err
	}
	report.Around(around)
	return report, nil
}

// question is what a run asks that loads a workload, at url where that is not empty.
func (o loadPlaceOptions) question(client *cluster.Client, w scenarios.Workload, url string) preflight.Question {
	q := preflight.Question{
		Namespace: w.Namespace, LoadNamespace: o.in(w.Namespace), ReaderAccount: cluster.ReaderAccount,
		Needed: []preflight.Mode{preflight.Tune}, Now: time.Now(),
	}
	if o.From == loadFromJob || o.From == loadFromAuto && url == "" && !client.Inside() {
		q.Needed = append(q.Needed, preflight.Load)
	}
	if kind, name, named := strings.Cut(w.Object, "/"); named {
		if resource, err := client.Mapper.ResourceFor(schema.GroupVersionResource{Resource: kind}); err == nil {
			q.Resource, q.Name = resource.Resource, name
		}
	}
	return q
}

// preflightError is the exit code of a report.
func preflightError(r preflight.Report) error {
	if r.Ready() {
		return nil
	}
	return exitError{Code: exitMissed}
}
