package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/plimsoll/plimsoll/cluster"
	"github.com/plimsoll/plimsoll/cluster/preflight"
	kubelets "github.com/plimsoll/plimsoll/observer/kube"
	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/trial"
	"github.com/plimsoll/plimsoll/tuner"
	"github.com/plimsoll/plimsoll/workload/kube"
)

// readerMargin is how long a reader that nobody ended outlives the budget: the last trial may end later.
const readerMargin = time.Hour

// errPlanned ends a command that was only to show what it would do.
var errPlanned = exitError{Code: exitOK}

// clusterRun is a run on a workload in a cluster that is about to begin: nothing is touched yet.
type clusterRun struct {
	app *app
	clusterOptions
	client   *cluster.Client
	workload *kube.Kube
	goal     tuner.Goal
	// counters is where they will come from, and countersWhy what was passed over for it.
	counters, countersWhy string
	// missing is what the result will lack.
	missing []preflight.Missing
}

// openKubernetes makes the bench for an object in a cluster: it asks what the run may do there, shows the plan, asks, and
// takes the workload over.
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
	if file.Workload.Namespace == "" {
		file.Workload.Namespace = client.Namespace
	}
	r := &clusterRun{app: a, clusterOptions: o, client: client}
	if err := r.look(ctx, file); err != nil {
		return nil, err
	}
	if err := a.confirm(ctx, r); err != nil {
		return nil, err
	}
	b, err := r.bench(ctx)
	if err != nil {
		return nil, err
	}
	return b, r.takeOver(ctx, b)
}

// look reads what there is, and finds out what the run may do and see; it changes nothing.
func (r *clusterRun) look(ctx context.Context, file scenarios.File) (err error) {
	r.counters, r.countersWhy = r.metrics.choose(ctx, r.client, file.Workload.Namespace)
	if r.missing, err = r.ready(ctx, file); err != nil {
		return err
	}
	r.workload, err = kube.Open(ctx, r.client, file,
		kube.Options{Resize: r.InPlace, OnCopy: r.OnCopy, Patience: r.RestoreTimeout, Notice: r.app.notice})
	if err != nil {
		return usage(err)
	}
	if r.goal, err = tuner.NewGoal(r.workload.File()).Within(r.workload.Ranges(ctx)...); err != nil {
		return usage(err)
	}
	return nil
}

// bench is the bench of the run, with what watches and what loads. Whoever gets it closes it.
func (r *clusterRun) bench(ctx context.Context) (*bench, error) {
	t, file := r.workload.Target(), r.workload.File()
	load, from, err := loadPlace(file.Traffic, r.load.From, r.load.job(ctx, r.client, t, r.Image, r.app.notice))
	if err != nil {
		return nil, err
	}
	r.app.notice("load: " + from)
	if text := tooShort(file.Scenarios); text != "" {
		r.app.notice(text)
	}
	watch, endMetrics, err := r.watchers(readerJob{r.Image, r.goal.Tuning.MaxTime + readerMargin, agentLabels(t)},
		kubelets.Filter{Namespace: t.Namespace, Prefixes: []string{t.Object + "-"}})
	if err != nil {
		return nil, usage(err)
	}
	runner := &trial.Runner{Workload: r.workload, File: file, Goal: r.goal, Watch: watch, Load: load}
	began := time.Now()
	b := &bench{
		file:     file,
		goal:     r.goal,
		runner:   runner,
		clock:    func() time.Duration { return time.Since(began) },
		watch:    func(v *view) { runner.Progress = v.progress },
		around:   r.app.around(ctx, r.client, t),
		warnings: warningsOf(r.missing),
		close: func() error {
			defer endMetrics() // first what matters
			return closeKubernetes(r.workload, r.RestoreTimeout)
		},
	}
	if r.Apply {
		b.keep = r.workload.Keep
	}
	if r.beside.wanted() && !r.OnCopy {
		b.beside = besideTrial{client: r.client, workload: r.workload, goal: r.goal, load: load, options: r.beside, notice: r.app.notice,
			toURL: file.Traffic.URL != "" && r.load.From != loadFromJob}.run
	}
	return b, nil
}

// takeOver begins the run on the workload; where that fails everything is put back, and the bench closed.
func (r *clusterRun) takeOver(ctx context.Context, b *bench) error {
	if err := r.workload.Begin(ctx); err != nil {
		return errors.Join(err, b.close())
	}
	ctx, cancel := context.WithTimeout(ctx, r.RestoreTimeout)
	defer cancel()
	// The Lease is held: whatever Jobs are there are those of a run that is dead.
	if err := r.load.removeAgents(ctx, r.client, r.workload.Target(), r.app.notice); err != nil {
		r.app.notice(err.Error()) // they end by their deadline
	}
	return nil
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
