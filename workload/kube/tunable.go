package kube

import (
	"errors"
	"fmt"
	"slices"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// tunable says why the limits of an object can't be searched.
func tunable(t Target, o object) error {
	var errs []error
	no := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s: "+format, append([]any{t}, args...)...))
	}
	if keeper := keptBy(o); keeper != "" {
		no("%s manages it and would undo a trial; stop that for the time of the search, or tune a copy (--on-copy)", keeper)
	}
	if o.GetDeletionTimestamp() != nil {
		no("it is being deleted")
	}
	if paused, _ := (place{"spec", "paused"}).at(o.Object).(bool); paused {
		no("its rollouts are paused (spec.paused), so that no change would reach a Pod; resume them first")
	}
	if o.text("spec", "updateStrategy", "type") == "OnDelete" {
		no("its updateStrategy is OnDelete, so that no change would reach a Pod; set RollingUpdate")
	}
	if n := o.number(0, "spec", "updateStrategy", "rollingUpdate", "partition"); n > 0 {
		no("its partition of %d keeps Pods on the old template; set it to 0", n)
	}
	if ref := o.text("spec", "workloadRef", "name"); ref != "" {
		no("its Pod template is that of %s %s (spec.workloadRef); a Rollout with a template of its own can be tuned", o.text("spec", "workloadRef", "kind"), ref)
	}
	return errors.Join(errs...)
}

// keptBy names what keeps an object as it is declared somewhere else; "" where nothing is known to.
func keptBy(o object) string {
	if owner := meta.GetControllerOf(&o); owner != nil {
		return fmt.Sprintf("its owner, %s %s,", owner.Kind, owner.Name)
	}
	marks := map[string]string{
		"argocd.argoproj.io/tracking-id": "Argo CD", "argocd.argoproj.io/instance": "Argo CD",
		"kustomize.toolkit.fluxcd.io/name": "Flux", "helm.toolkit.fluxcd.io/name": "Flux",
	}
	for _, on := range []map[string]string{o.GetLabels(), o.GetAnnotations()} {
		for name := range on {
			if who, ok := marks[name]; ok {
				return who
			}
		}
	}
	managers := map[string]string{"argocd-controller": "Argo CD", "argocd-application-controller": "Argo CD",
		"kustomize-controller": "Flux", "helm-controller": "Flux"}
	at := slices.IndexFunc(o.GetManagedFields(), func(m meta.ManagedFieldsEntry) bool { return managers[m.Manager] != "" })
	if at >= 0 {
		return managers[o.GetManagedFields()[at].Manager]
	}
	return ""
}
