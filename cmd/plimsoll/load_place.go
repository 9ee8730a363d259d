package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/plimsoll/plimsoll/cluster"
	"github.com/plimsoll/plimsoll/loadgen"
	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/workload/kube"
)

// loadPlaceOptions are the flags that say where the load of a workload in a cluster comes from.
type loadPlaceOptions struct {
	// From is auto, here or job.
	From string
	// Namespace of the Job; empty: that of the workload.
	Namespace string
}

func (o *loadPlaceOptions) register(f *pflag.FlagSet) {
	f.StringVar(&o.From, "load-from", loadFromAuto, `kubernetes: where the load comes from: job (a Pod in the cluster), here (this machine must reach the Pods, or
traffic.url), or auto: here for a traffic.url and inside the cluster, otherwise job`)
	o.registerNamespace(f)
}

// registerNamespace adds the flag that restore has too.
func (o *loadPlaceOptions) registerNamespace(f *pflag.FlagSet) {
	f.StringVar(&o.Namespace, "load-namespace", "", "kubernetes: namespace of the load's Job (default: that of the workload)")
}

// in is the namespace of the Job.
func (o loadPlaceOptions) in(workload string) string {
	if o.Namespace != "" {
		return o.Namespace
	}
	return workload
}

// labelWorkload says on Jobs for which workload they are.
const labelWorkload = "plimsoll.dev/workload"

func agentLabels(t kube.Target) map[string]string {
	name := t.Short + "-" + t.Object
	return map[string]string{labelWorkload: strings.TrimRight(name[:min(len(name), 63)], "-.")}
}

// removeAgents deletes the Jobs of a run on t that is dead. Whoever may not is told: they end by their deadline.
func (o loadPlaceOptions) removeAgents(ctx context.Context, client *cluster.Client, t kube.Target, say func(string)) error {
	err := cluster.RemoveAgents(ctx, client, t.Namespace, agentLabels(t))
	if o.in(t.Namespace) != t.Namespace {
		err = errors.Join(err, cluster.RemoveAgents(ctx, client, o.in(t.Namespace), agentLabels(t)))
	}
	if apierrors.IsForbidden(err) {
		say("the Jobs of an earlier run, if there are any, end by themselves: " + err.Error())
		return nil
	}
	return err
}

// job is the Job that a load on t runs in, where it runs in one.
func (o loadPlaceOptions) job(ctx context.Context, client *cluster.Client, t kube.Target, image string, notice func(string)) *cluster.LoadJob {
	avoid, err := client.Selector(ctx, t.Namespace, t.String())
	if err != nil {
		notice("the load may land on a node of the workload: " + err.Error())
	}
	return &cluster.LoadJob{
		Client: client, Namespace: o.in(t.Namespace), Image: image, Version: version(),
		Avoid: avoid, AvoidNamespace: t.Namespace, Labels: agentLabels(t),
	}
}

// runLoad runs a plan somewhere.
type runLoad func(context.Context, loadgen.Plan) (loadgen.Result, error)

// Where the load of a Kubernetes workload comes from, as --load-from takes it.
const (
	loadFromAuto = "auto"
	loadFromHere = "here"
	loadFromJob  = "job"
)

// loadPlace is where the load of a Kubernetes workload comes from, and in words: a URL that the file gives is loaded from
// here; inside the cluster its Pods are reached directly; otherwise it is a Job in the cluster. It is never a
// port-forward: that is one connection to one Pod, through the API server. The error is for a place that is none.
func loadPlace(traffic scenarios.Traffic, from string, job *cluster.LoadJob) (runLoad, string, error) {
	switch {
	case from != loadFromAuto && from != loadFromHere && from != loadFromJob:
		return nil, "", usage(fmt.Errorf("--load-from: %q given; allowed: auto, here, job", from))
	case traffic.URL != "" && from != loadFromJob:
		return func(ctx context.Context, plan loadgen.Plan) (loadgen.Result, error) {
			plan.Addresses = nil
			return loadgen.Run(ctx, plan)
		}, "from here to " + traffic.URL, nil
	case from == loadFromHere, from == loadFromAuto && job.Client.Inside():
		return loadgen.Run, "from here to the Pods' own addresses", nil
	}
	return job.Run, "from a Job in namespace " + job.Namespace + ", image " + job.Image, nil
}
