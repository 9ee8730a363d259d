package preflight

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	authorization "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"

	"github.com/plimsoll/plimsoll/cluster"
)

// Access is whether what a rule asks for is granted.
type Access struct {
	Mode Mode `json:"mode"`
	// Namespace it was asked for; empty for rules of the whole cluster.
	Namespace string `json:"namespace,omitempty"`
	// Rule as it stands in a Role; Gives is what the result lacks without it.
	Rule  string `json:"rule"`
	Gives string `json:"gives"`
	// Required is false where the mode works without it.
	Required bool `json:"required"`
	// Denied are the accesses that are not granted, as "verb resource"; empty: all are.
	Denied []string `json:"denied,omitempty"`
	// Missing is the rule that would grant what is denied; empty where nothing is.
	Missing string `json:"missing_rule,omitempty"`
	// Unknown says why it could not be asked; empty where it could.
	Unknown string `json:"unknown,omitempty"`
	// Absent is true where the cluster has no such API group: then there is nothing to be granted.
	Absent bool `json:"absent,omitempty"`
}

// Granted tells whether all of it is.
func (a Access) Granted() bool { return len(a.Denied) == 0 && a.Unknown == "" }

// workloads are the resources of which a run changes one object.
var workloads = []string{"deployments", "statefulsets", "daemonsets", "rollouts"}

// about narrows rules to the workload that is asked about: a role need not grant the other kinds, nor, where it names the
// workload in resourceNames, its like.
func about(rules []Rule, q Question) []Rule {
	if q.Resource == "" {
		return rules
	}
	var all []Rule
	for _, r := range rules {
		r.Resources = slices.DeleteFunc(slices.Clone(r.Resources), func(name string) bool {
			return slices.Contains(workloads, name) && name != q.Resource
		})
		if slices.Contains(r.Resources, q.Resource) && slices.Contains(r.Verbs, "patch") {
			patch := r
			patch.Resources, patch.Verbs, patch.name, patch.Optional = []string{q.Resource}, []string{"patch"}, q.Name, false
			r.Verbs = slices.DeleteFunc(slices.Clone(r.Verbs), func(verb string) bool { return verb == "patch" })
			all = append(all, patch)
		}
		if len(r.Resources) > 0 {
			all = append(all, r)
		}
	}
	return all
}

// ask asks the cluster for every verb of the rules of a mode, in namespace.
func ask(ctx context.Context, c *cluster.Client, rules []Rule, m Mode, namespace string, groups map[string]bool) []Access {
	all := make([]Access, len(rules))
	var asking sync.WaitGroup
	for i, rule := range rules {
		a := &all[i]
		*a = Access{Mode: m, Rule: rule.String(), Gives: rule.Gives, Required: !rule.Optional}
		if !rule.Cluster {
			a.Namespace = namespace
		}
		if a.Absent = groups != nil && !groups[rule.Group]; !a.Absent {
			asking.Go(func() { askRule(ctx, c, rule, a) })
		}
	}
	asking.Wait()
	return all
}

// askRule fills in what of one rule is denied.
func askRule(ctx context.Context, c *cluster.Client, rule Rule, a *Access) {
	missing := rule
	missing.Resources, missing.Verbs = nil, nil
	for _, resource := range rule.Resources {
		name, sub, _ := strings.Cut(resource, "/")
		for _, verb := range rule.Verbs {
			review, err := c.Typed.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, &authorization.SelfSubjectAccessReview{
				Spec: authorization.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorization.ResourceAttributes{
					Namespace: a.Namespace, Group: rule.Group, Resource: name, Subresource: sub, Verb: verb, Name: rule.name,
				}},
			}, metav1.CreateOptions{})
			switch {
			case err != nil:
				a.Unknown = err.Error()
				return
			case !review.Status.Allowed:
				a.Denied = append(a.Denied, verb+" "+resource)
				missing.Resources = unite(missing.Resources, resource)
				missing.Verbs = unite(missing.Verbs, verb)
			}
		}
	}
	if len(a.Denied) > 0 {
		a.Missing = missing.String()
	}
}

func unite(all []string, one string) []string {
	if slices.Contains(all, one) {
		return all
	}
	return append(all, one)
}

// apiGroups are those that the cluster serves now, whatever a cache on this machine says; nil where it does not say.
func apiGroups(d discovery.DiscoveryInterface) (map[string]bool, error) {
	if cached, is := d.(discovery.CachedDiscoveryInterface); is {
		cached.Invalidate()
	}
	list, err := d.ServerGroups()
	if err != nil {
		return nil, fmt.Errorf("ask which APIs there are: %w", err)
	}
	groups := map[string]bool{"": true}
	for _, g := range list.Groups {
		groups[g.Name] = true
	}
	return groups, nil
}
