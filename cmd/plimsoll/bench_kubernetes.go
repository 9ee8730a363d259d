package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/plimsoll/plimsoll/cluster"
	kubelets "github.com/plimsoll/plimsoll/observer/kube"
	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/trial"
	"github.com/plimsoll/plimsoll/tuner"
	"github.com/plimsoll/plimsoll/workload/kube"
)

// clusterOptions are the flags of commands that change a workload in a cluster.
type clusterOptions struct {
	kubectl *genericclioptions.ConfigFlags
	// Yes answers the plan; DryRun is "server" or empty; Apply leaves the derived values in place.
	Yes, Apply bool
	DryRun     string
	// OnCopy tunes a copy that serves nobody.
	OnCopy bool
	// InPlace allows CPU changes on running Pods.
	InPlace bool
	// Image holds this version of plimsoll, for the Pods that it makes.
	Image   string
	load    loadPlaceOptions
	metrics metricsOptions
	beside  besideOptions
	// RestoreTimeout is how long putting back may take, and how long an API server that does not answer is waited for.
	RestoreTimeout time.Duration
	// first are the settings of the first trial, for the plan; by default those that a search begins with.
	first func(tuner.Goal) tuner.Settings
}

// defaultRestoreTime is several times what a rollout of a few replicas takes.
const defaultRestoreTime = 5 * time.Minute

func (o *clusterOptions) register(f *pflag.FlagSet) {
	f.BoolVarP(&o.Yes, "yes", "y", false, "kubernetes: do what the plan says without asking")
	f.StringVar(&o.DryRun, "dry-run", "", `kubernetes: "server" lets the cluster check the first changes, prints them and stops`)
	f.BoolVar(&o.InPlace, "in-place", true, "kubernetes: change CPU on the running Pods where the cluster and the Pods allow it")
	f.BoolVar(&o.OnCopy, "on-copy", false, "kubernetes: test a copy of the Deployment that no Service selects, and delete it at the end")
	f.StringVar(&o.Image, "image", defaultImage(), "kubernetes: image with this version of plimsoll, for the Pods that it makes")
	f.Lookup("image").DefValue = cluster.DefaultRepository + ":VERSION" // the help is the same for every build
	o.load.register(f)
	o.metrics.register(f)
	o.first = func(g tuner.Goal) tuner.Settings { return tuner.Decide(g, nil).Settings }
	o.registerRestore(f)
}

// registerRestore adds the flags that restore has too, kubectl's among them.
func (o *clusterOptions) registerRestore(f *pflag.FlagSet) {
	f.DurationVar(&o.RestoreTimeout, "restore-timeout", defaultRestoreTime,
		"kubernetes: how long putting back may take; an API server that refuses every change for so long ends a search, too")
	o.kubectl = cluster.Flags()
	o.kubectl.AddFlags(f)
	sameHelp(f)
}

// sameHelp makes the help of kubectl's flags the same for everybody: one default is a path of the user's own.
func sameHelp(f *pflag.FlagSet) { f.Lookup("cache-dir").DefValue = "$HOME/.kube/cache" }

func (o clusterOptions) validate() error {
	if o.DryRun != "" && o.DryRun != "server" {
		return usage(fmt.Errorf("--dry-run: %q given; allowed: server", o.DryRun))
	}
	if o.OnCopy && o.Apply {
		return usage(errors.New("--apply and --on-copy exclude each other: a copy is deleted at the end; apply the patch of the report instead"))
	}
	return errors.Join(o.validateRestore(), o.metrics.validate(), o.beside.validate(o.Apply))
}

// validateRestore looks at the flags that registerRestore adds, and no others: restore has only those.
func (o clusterOptions) validateRestore() error {
	if o.RestoreTimeout <= 0 {
		return usage(errors.New("--restore-timeout must be above 0"))
	}
	return nil
}

// readerMargin is how long a reader that nobody ended outlives the budget: the last trial may end later.
const readerMargin = time.Hour

// errPlanned ends a command that was only to show what it would do.
var errPlanned = exitError{Code: exitOK}

// openKubernetes makes the bench for an object in a cluster: it shows the plan, asks, and takes the workload over.
func (a *app) openKubernetes(ctx context.Context, file scenarios.File, o clusterOptions) (*bench, error) {
	if o.kubectl == nil {
		return nil, usage(errors.New("a workload in a cluster is for tune and check"))
	}
	if err := o.validate(); err != nil {
		return nil, err
	}
	client, err := cluster.New(o.kubectl)
	if err != nil {
		return nil, usage(err)
	}
	k, err := kube.Open(ctx, client, file, kube.Options{Resize: o.InPlace, OnCopy: o.OnCopy, Patience: o.RestoreTimeout, Notice: a.notice})
	if err != nil {
		return nil, usage(err)
	}
	file = k.File()
	goal, err := tuner.NewGoal(file).Within(k.Ranges(ctx)...)
	if err != nil {
		return nil, usage(err)
	}
	if err := a.confirm(ctx, k, goal, o); err != nil {
		return nil, err
	}
	t := k.Target()
	job := readerJob{o.Image, goal.Tuning.MaxTime + readerMargin, agentLabels(t)}
	watch, endMetrics, err := o.metrics.watchers(ctx, client, job, kubelets.Filter{Namespace: t.Namespace, Prefixes: []string{t.Object + "-"}}, a.notice)
	if err != nil {
		return nil, usage(err)
	}
	load, from, err := loadPlace(file.Traffic, o.load.From, o.load.job(ctx, client, t, o.Image, a.notice))
	if err != nil {
		return nil, err
	}
	a.notice("load: " + from)
	if text := tooShort(file.Scenarios); text != "" {
		a.notice(text)
	}
	runner := &trial.Runner{Workload: k, File: file, Goal: goal, Watch: watch, Load: load}
	began := time.Now()
	b := &bench{
		file:   file,
		goal:   goal,
		runner: runner,
		clock:  func() time.Duration { return time.Since(began) },
		watch:  func(v *view) { runner.Progress = v.progress },
		close: func() error {
			defer endMetrics() // first what matters
			return closeKubernetes(k, o.RestoreTimeout)
		},
	}
	if o.Apply {
		b.keep = k.Keep
	}
	b.around = a.around(ctx, client, k.Target())
	if o.beside.wanted() && !o.OnCopy {
		b.beside = besideTrial{client: client, workload: k, goal: goal, load: load, options: o.beside, notice: a.notice,
			toURL: file.Traffic.URL != "" && o.load.From != loadFromJob}.run
	}
	if err := k.Begin(ctx); err != nil {
		return nil, errors.Join(err, b.close())
	}
	// The Lease is held: whatever Jobs are there are those of a run that is dead.
	if err := cluster.RemoveAgents(ctx, client, o.load.in(t.Namespace), agentLabels(t)); err != nil {
		a.notice(err.Error())
	}
	return b, nil
}

// notice tells a person something beside the result.
func (a *app) notice(text string) { printLines(a.Err, text) }

// closeKubernetes puts the workload back, whether or not the run was interrupted.
func closeKubernetes(k *kube.Kube, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := k.Close(ctx); err != nil {
		t := k.Target()
		return exitError{exitNotRestored, fmt.Errorf("it is not confirmed that %s in namespace %s is as it was: %w\n  run: plimsoll restore %s -n %s",
			t, t.Namespace, err, t, t.Namespace)}
	}
	return nil
}
