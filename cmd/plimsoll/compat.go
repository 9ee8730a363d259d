package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/plimsoll/plimsoll/cluster"
	"github.com/plimsoll/plimsoll/cluster/snapshot"
	"github.com/plimsoll/plimsoll/reports"
	"github.com/plimsoll/plimsoll/runlog"
	"github.com/plimsoll/plimsoll/tuner/compat"
	"github.com/plimsoll/plimsoll/workload/kube"
)

// compatOptions are the flags of compat.
type compatOptions struct {
	// Files, directories and "-" for standard input; none means a live cluster.
	Files  []string
	Output string
	// Run is the log of a search whose derived settings are judged; empty: those that the workload has.
	Run string
	// Hits is the name of hits per second in the custom-metrics API.
	Hits string
	// WithVPA makes a VPA in Off mode where there is none, and waits for its recommendation for Wait at most.
	WithVPA bool
	Wait    time.Duration
	Flags   *genericclioptions.ConfigFlags
}

// compatOutputs are the formats, the first is the default.
func compatOutputs() []string { return []string{"table", "wide", "json", "yaml", "markdown", "name"} }

func (a *app) compatCommand() *cobra.Command {
	o := compatOptions{Flags: cluster.Flags()}
	o.Flags.CacheDir = nil // its default is the user's own
	c := &cobra.Command{
		Use:   "compat [deploy/NAME] [-f FILE]",
		Short: "Will the settings live in peace with the HPA, VPA, KEDA, budgets, ranges and quotas?",
		Long: `Reads a workload and all that may act on it, once, and checks 22 rules (docs/compat.md): each finding with its
arithmetic, and its mend as YAML that is ready to apply (-o yaml, json or markdown). Nothing is changed, but that
--with-vpa makes a VPA for the time of the comparison.

With -f it reads manifests instead of a cluster: files, directories, or - for the output of kustomize or Helm. It can
then gate a pull request. What only a cluster has (Pods, nodes, webhooks, its version) is said to be unchecked.

With --run it judges the settings that a search derived, and suggests the autoscalers that fit them.

Exit codes: 0 no finding of severity error · 1 at least one · 2 bad usage or a bad file ·
3 what matters could not be read, and nothing else was found.`,
		Example: `  plimsoll compat deploy/web -n shop
  helm template chart | plimsoll compat -f - -o markdown
  plimsoll compat deploy/web --run plimsoll-report/run.plimsoll -o yaml`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return a.compat(c.Context(), o, args) },
	}
	f := c.Flags()
	f.StringArrayVarP(&o.Files, "filename", "f", nil, "file, directory or - (standard input) with manifests; may be given more than once")
	f.StringVarP(&o.Output, "output", "o", compatOutputs()[0], strings.Join(compatOutputs(), ", "))
	f.StringVar(&o.Run, "run", "", "log of a search (run.plimsoll) whose derived settings are judged")
	f.StringVar(&o.Hits, "hits-metric", compat.HitsMetric, "with --run: the name that the custom-metrics adapter gives to hits per second of a Pod")
	f.BoolVar(&o.WithVPA, "with-vpa", false, `with --run, on a cluster: where no VPA exists make one in Off mode, put what it recommends beside what was
tested, and delete it (after a kill -9 by plimsoll restore)`)
	f.DurationVar(&o.Wait, "vpa-wait", 3*time.Minute, "with --with-vpa: how long its recommendation is waited for")
	o.Flags.AddFlags(f)
	return c
}

func (a *app) compat(ctx context.Context, o compatOptions, args []string) error {
	if !slices.Contains(compatOutputs(), o.Output) {
		return usage(fmt.Errorf("output: %q given; allowed: %s", o.Output, strings.Join(compatOutputs(), ", ")))
	}
	if len(args) == 0 && len(o.Files) == 0 {
		return usage(errors.New(`nothing to look at; name a workload ("deploy/web") or give manifests with -f`))
	}
	if o.WithVPA && (o.Run == "" || len(o.Files) > 0) {
		return usage(errors.New("--with-vpa compares what a search derived with a VPA of the cluster: it needs --run, and no -f"))
	}
	measured, err := measuredBy(o.Run)
	if err != nil {
		return err
	}
	snapshots, err := a.snapshots(ctx, o, args)
	if err != nil {
		return err
	}
	all := make([]reports.Compat, 0, len(snapshots))
	for _, s := range snapshots {
		all = append(all, reports.Compat{Report: compat.Evaluate(s, measured), Combination: compat.Combine(s, measured, o.Hits)})
	}
	var withVPA error
	if o.WithVPA && all[0].Combination != nil {
		all[0].Combination.Compared, withVPA = a.compareWithVPA(ctx, o, args[0], snapshots[0], measured)
	}
	if err := a.writeFindings(o.Output, all); err != nil {
		return errors.Join(withVPA, err)
	}
	return errors.Join(withVPA, compatError(all))
}

// measuredBy reads what a search derived; nil without a log. A search that derived nothing is an error: there would be
// nothing to judge.
func measuredBy(path string) (*compat.Measured, error) {
	if path == "" {
		return nil, nil
	}
	contents, err := runlog.Open(path)
	if err != nil {
		return nil, usage(err)
	}
	if contents.Result == nil || contents.Result.Result == nil {
		return nil, usage(fmt.Errorf("%s: the search has not ended; go on with \"plimsoll tune --resume\"", path))
	}
	m := compat.FromTrials(contents.Header.File, contents.Trials, *contents.Result.Result)
	if m == nil {
		return nil, usage(fmt.Errorf("%s: the search derived no settings", path))
	}
	return m, nil
}

// around is what may act on a workload, as JSON for the run log; nil, with a notice, where it can't be read.
func (a *app) around(ctx context.Context, c *cluster.Client, t kube.Target) []byte {
	s, err := snapshot.Read(ctx, c, t.Namespace, t.String())
	if err == nil {
		var text []byte
		if text, err = json.Marshal(s); err == nil {
			return text
		}
	}
	a.notice("autoscalers, budgets and quotas are not checked: " + err.Error())
	return nil
}

// compatOf judges what was around the workload of a run; nil where that is not known.
func compatOf(c runlog.Contents) *reports.Compat {
	var s compat.Snapshot
	if len(c.Header.Around) == 0 || json.Unmarshal(c.Header.Around, &s) != nil {
		return nil
	}
	var m *compat.Measured
	if c.Result != nil && c.Result.Result != nil {
		m = compat.FromTrials(c.Header.File, c.Trials, *c.Result.Result)
	}
	all := reports.Compat{Report: compat.Evaluate(s, m), Combination: compat.Combine(s, m, compat.HitsMetric)}
	var together compat.Coexistence
	if len(c.Beside) > 0 && json.Unmarshal(c.Beside, &together) == nil {
		all.Coexistence = &together
	}
	return &all
}

// snapshots are those of the manifests, else that of the live workload.
func (a *app) snapshots(ctx context.Context, o compatOptions, args []string) ([]compat.Snapshot, error) {
	if len(o.Files) == 0 {
		client, err := cluster.New(o.Flags)
		if err != nil {
			return nil, usage(err)
		}
		s, err := snapshot.Read(ctx, client, client.Namespace, args[0])
		return []compat.Snapshot{s}, err
	}
	var objects []unstructured.Unstructured
	for _, name := range o.Files {
		some, err := a.manifests(name)
		if err != nil {
			return nil, usage(err)
		}
		objects = append(objects, some...)
	}
	all, err := snapshot.FromObjects(objects)
	if err != nil {
		return nil, usage(fmt.Errorf("%s: %w", strings.Join(o.Files, ", "), err))
	}
	if len(args) == 0 {
		return all, nil
	}
	wanted := slices.DeleteFunc(all, func(s compat.Snapshot) bool { return !named(s.Workload.Ref, args[0]) })
	if len(wanted) == 0 {
		return nil, usage(fmt.Errorf("%s: no %q in %s", strings.Join(o.Files, ", "), args[0], plural(len(objects), "object")))
	}
	return wanted, nil
}

// named says whether text means r, as kubectl takes it: web, deploy/web, deployments/web.
func named(r compat.Ref, text string) bool {
	kind, name, ok := strings.Cut(text, "/")
	if !ok {
		return text == r.Name
	}
	short := map[string]string{"deploy": "deployment", "sts": "statefulset", "ds": "daemonset", "rs": "replicaset", "ro": "rollout"}
	kind = strings.ToLower(kind)
	if long := short[kind]; long != "" {
		kind = long
	}
	return name == r.Name && strings.TrimSuffix(kind, "s") == strings.TrimSuffix(strings.ToLower(r.Kind), "s")
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// manifests reads a file, every .yaml, .yml and .json of a directory in the order of their names, or standard input.
func (a *app) manifests(name string) ([]unstructured.Unstructured, error) {
	if name == "-" {
		text, err := io.ReadAll(a.In)
		if err != nil {
			return nil, fmt.Errorf("standard input: %w", err)
		}
		return snapshot.Documents("standard input", text)
	}
	names, err := manifestFiles(name)
	if err != nil {
		return nil, err
	}
	var all []unstructured.Unstructured
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		some, err := snapshot.Documents(name, text)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// manifestFiles is name itself, or the manifests in it where it is a directory; those in directories below are not, as
// with kubectl.
func manifestFiles(name string) ([]string, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{name}, nil
	}
	entries, err := fs.ReadDir(os.DirFS(name), ".")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() && slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(e.Name())) {
			names = append(names, filepath.Join(name, e.Name()))
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s: no .yaml, .yml or .json file in it", name)
	}
	return names, nil
}

func (a *app) writeFindings(format string, all []reports.Compat) error {
	switch format {
	case "json":
		return reports.FindingsJSON(a.Out, all)
	case "yaml":
		return reports.FindingsYAML(a.Out, all)
	case "markdown":
		return reports.FindingsMarkdown(a.Out, all)
	case "name":
		return reports.FindingsNames(a.Out, all)
	}
	return reports.FindingsText(a.Out, all, format == "wide", newTerminal(a.Out, a.settings, a.lookupEnv).style)
}

// compatError is the exit code of what was found: errors dominate what could not be read.
func compatError(all []reports.Compat) error {
	doubtful := false
	for _, c := range all {
		if c.Worst() == compat.Error {
			return exitError{exitMissed, nil}
		}
		doubtful = doubtful || c.Doubtful()
	}
	if doubtful {
		return exitError{exitNotMeasured, errors.New("not everything that matters could be read; see \"not wholly checked\"")}
	}
	return nil
}
