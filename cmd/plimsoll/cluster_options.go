package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/plimsoll/plimsoll/cluster"
	"github.com/plimsoll/plimsoll/tuner"
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
