package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/plimsoll/plimsoll/cluster"
	"github.com/plimsoll/plimsoll/cluster/glance"
	"github.com/plimsoll/plimsoll/reports"
	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner/scan"
)

// scanOptions are the flags of scan.
type scanOptions struct {
	kubectl       *genericclioptions.ConfigFlags
	AllNamespaces bool
	Output        string
}

// scanTime is how long a scan may take.
const scanTime = 2 * time.Minute

func (a *app) scanCommand() *cobra.Command {
	o := scanOptions{kubectl: cluster.Flags()}
	c := &cobra.Command{
		Use:   "scan [-n NAMESPACE | -A]",
		Short: "A cluster at a glance, read-only: what is set aside and not used, and what is in danger",
		Long: `Reads Pods, their usage from metrics-server and their throttling from the kubelets, once, and changes nothing. Ranks the
workloads by requests that are not used, times the replicas, and by danger: OOM-killed, near the memory limit, throttled,
without limits or requests. One reading is no load test, and it says what it can't know and what to run next.

It needs to list Pods; what else it may not read is named and left unknown.`,
		Example: `  plimsoll scan -n shop
  plimsoll scan -A -o markdown`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.scan(c.Context(), o) },
	}
	o.kubectl.AddFlags(c.Flags())
	c.Flags().BoolVarP(&o.AllNamespaces, "all-namespaces", "A", false, "all namespaces")
	c.Flags().StringVarP(&o.Output, "output", "o", "table", strings.Join(slices.Sorted(maps.Keys(a.scanFormats())), ", "))
	return c
}

func (a *app) scanFormats() map[string]func(io.Writer, scan.Ranking) error {
	return map[string]func(io.Writer, scan.Ranking) error{
		"table": func(w io.Writer, r scan.Ranking) error { return printed(a, w, r, reports.Scan) },
		"wide":  func(w io.Writer, r scan.Ranking) error { return printed(a, w, r, reports.ScanWide) },
		"json":  reports.ScanJSON, "yaml": reports.ScanYAML, "name": reports.ScanName,
		"markdown": reports.ScanMarkdown, "html": reports.ScanHTML,
	}
}

func (a *app) scan(ctx context.Context, o scanOptions) error {
	write, ok := a.scanFormats()[o.Output]
	if !ok {
		return usage(fmt.Errorf("--output: %q given; allowed: %s", o.Output, strings.Join(slices.Sorted(maps.Keys(a.scanFormats())), ", ")))
	}
	c, err := cluster.New(o.kubectl)
	if err != nil {
		return usage(err)
	}
	ctx, cancel := context.WithTimeout(ctx, scanTime)
	defer cancel()
	namespace := c.Namespace
	if o.AllNamespaces {
		namespace = ""
	}
	reading, err := glance.Read(ctx, c, namespace)
	if err != nil {
		return err
	}
	reading.At = time.Now().UTC()
	return write(a.Out, scan.Rank(reading, scenarios.DefaultPrices()))
}
