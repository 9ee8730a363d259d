package kube

import (
	"context"
	"fmt"

	"github.com/plimsoll/plimsoll/cluster"
	"github.com/plimsoll/plimsoll/scenarios"
)

// Describe is the workload section of a scenario file for t: its containers, native sidecars first, its replicas, and the
// first port that a container names, 0 where none does. It changes nothing.
func Describe(ctx context.Context, c *cluster.Client, t Target) (scenarios.Workload, error) {
	o, err := storeOf(c, t.Resource, t.Namespace).read(ctx, t.Object)
	if err != nil {
		return scenarios.Workload{}, fmt.Errorf("read %s in namespace %s: %w", t, t.Namespace, err)
	}
	template, err := o.template()
	if err != nil {
		return scenarios.Workload{}, err
	}
	w := scenarios.Workload{Kind: scenarios.Kubernetes, Object: t.String(), Namespace: t.Namespace, Replicas: int(o.number(1, "spec", "replicas"))}
	if t.OnEveryNode {
		w.Replicas = int(o.number(1, "status", "desiredNumberScheduled"))
	}
	w.Replicas = max(w.Replicas, 1)
	for _, x := range long(template.Spec) {
		w.Containers = append(w.Containers, scenarios.Container{Name: x.Name, Resources: resourcesOf(x.Resources), Tune: true})
		for _, p := range x.Ports {
			if w.Port == 0 {
				w.Port = int(p.ContainerPort)
			}
		}
	}
	return w, nil
}
