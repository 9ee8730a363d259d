// Package preflight says, before anything is touched, what a run in a cluster may do and see, and what will be missing
// from its result: what access is granted for each mode, which metric sources answer and how fresh they are, what the
// nodes are.
package preflight

import (
	"fmt"
	"strings"
)

// Mode is a way of working that has its own access; the ClusterRole plimsoll-MODE in deploy/rbac.yaml grants it.
type Mode string

// The modes.
const (
	Read   Mode = "read"   // compat and scan: look, change nothing
	Nodes  Mode = "nodes"  // what Read cannot see from within one namespace
	Tune   Mode = "tune"   // tune by rollouts
	Copy   Mode = "copy"   // tune a copy of a Deployment
	Resize Mode = "resize" // change CPU on running Pods
	VPA    Mode = "vpa"    // compare with a VPA that is made for it
	Load   Mode = "load"   // run the load in a Job
	Reader Mode = "reader" // read the kubelets' counters in a Job
	Proxy  Mode = "proxy"  // read them through the API server instead
)

// Modes are all of them, in the order of a table.
func Modes() []Mode { return []Mode{Read, Nodes, Tune, Copy, Resize, VPA, Load, Reader, Proxy} }

// Rule is what one mode needs of some resources of one API group.
type Rule struct {
	Group     string
	Resources []string // with "/subresource"
	Verbs     []string
	// Cluster is true for resources that are in no namespace.
	Cluster bool
	// Gives says what is missing from the result without it.
	Gives string
	// Optional is true where the mode works without it, and the result is the poorer for it.
	Optional bool
	// name of the one object that is asked about; empty: any.
	name string
}

// String is the rule as it stands in a Role.
func (r Rule) String() string {
	return fmt.Sprintf("- {apiGroups: [%q], resources: [%s], verbs: [%s]}", r.Group, strings.Join(r.Resources, ", "), strings.Join(r.Verbs, ", "))
}

// Rules are what a mode needs: no more than it uses. deploy/rbac.yaml says the same, and a test holds the two together.
// Reader and Proxy differ in who reads: Reader's nodes/metrics is for the ServiceAccount of its Pod, and not for the user.
func Rules(m Mode) []Rule {
	look, follow := []string{"get", "list"}, []string{"get", "list", "watch"}
	switch m {
	case Read:
		return []Rule{
			{Group: "apps", Resources: []string{"deployments", "statefulsets", "daemonsets", "replicasets"}, Verbs: look, Gives: "the workload itself"},
			{Group: "argoproj.io", Resources: []string{"rollouts"}, Verbs: look, Gives: "Argo Rollouts", Optional: true},
			{Resources: []string{"pods"}, Verbs: look, Gives: "what the Pods run with"},
			{Resources: []string{"limitranges", "resourcequotas"}, Verbs: look, Gives: "the bounds that the namespace sets"},
			{Group: "autoscaling", Resources: []string{"horizontalpodautoscalers"}, Verbs: look, Gives: "conflicts with an HPA"},
			{Group: "autoscaling.k8s.io", Resources: []string{"verticalpodautoscalers"}, Verbs: look, Gives: "conflicts with a VPA", Optional: true},
			{Group: "keda.sh", Resources: []string{"scaledobjects"}, Verbs: look, Gives: "conflicts with KEDA", Optional: true},
			{Group: "policy", Resources: []string{"poddisruptionbudgets"}, Verbs: look, Gives: "what a disruption budget holds up", Optional: true},
		}
	case Nodes:
		return []Rule{
			{Resources: []string{"nodes"}, Verbs: follow, Cluster: true, Gives: "sizes and versions of the nodes, and whether one is short of memory", Optional: true},
			{Group: "admissionregistration.k8s.io", Resources: []string{"mutatingwebhookconfigurations"}, Verbs: look, Cluster: true,
				Gives: "webhooks that change Pods", Optional: true},
		}
	case Tune:
		return tuneRules(follow)
	case Copy:
		return []Rule{{Group: "apps", Resources: []string{"deployments"}, Verbs: []string{"create", "delete"}, Gives: "a copy that serves nobody, and its end"}}
	case Resize:
		return []Rule{{Resources: []string{"pods/resize"}, Verbs: []string{"patch"}, Gives: "CPU changes without a restart, so short trials"}}
	case VPA:
		return []Rule{{Group: "autoscaling.k8s.io", Resources: []string{"verticalpodautoscalers"}, Verbs: []string{"create", "delete"},
			Gives: "what a VPA would recommend, where there is none", Optional: true}}
	case Load, Reader:
		return agentRules(m)
	case Proxy:
		return []Rule{{Resources: []string{"nodes/proxy"}, Verbs: []string{"get"}, Cluster: true, Optional: true,
			Gives: "throttling and memory peaks without a reader Pod; it lets its holder run commands in every container of the node"}}
	}
	return nil
}

func tuneRules(follow []string) []Rule {
	return []Rule{
		{Group: "apps", Resources: []string{"deployments", "statefulsets", "daemonsets"}, Verbs: append(follow, "patch"), Gives: "limits to try"},
		{Group: "argoproj.io", Resources: []string{"rollouts"}, Verbs: append(follow, "patch"), Gives: "limits of Argo Rollouts to try", Optional: true},
		{Group: "apps", Resources: []string{"replicasets", "controllerrevisions"}, Verbs: []string{"get", "list", "patch", "delete"},
			Gives: "a rollout history without Plimsoll's own revisions"},
		{Resources: []string{"pods"}, Verbs: follow, Gives: "readiness, restarts and OOM kills"},
		{Resources: []string{"pods"}, Verbs: []string{"create"}, Gives: "refusals of Pods before anything is changed (only tried, never made)", Optional: true},
		{Resources: []string{"pods"}, Verbs: []string{"delete"}, Gives: "a way past a Pod of a StatefulSet that is stuck", Optional: true},
		{Resources: []string{"events"}, Verbs: []string{"list", "watch"}, Gives: "why Pods were refused, killed or not scheduled, in the cluster's own words"},
		{Resources: []string{"services"}, Verbs: []string{"list"}, Gives: "a warning that the workload serves others", Optional: true},
		{Resources: []string{"limitranges", "resourcequotas"}, Verbs: []string{"list"}, Gives: "the bounds that the namespace sets", Optional: true},
		{Group: "autoscaling", Resources: []string{"horizontalpodautoscalers"}, Verbs: []string{"get", "list", "patch"}, Gives: "an HPA that holds still during the search"},
		{Group: "autoscaling.k8s.io", Resources: []string{"verticalpodautoscalers"}, Verbs: []string{"get", "list", "patch"},
			Gives: "a VPA that holds still during the search", Optional: true},
		{Group: "keda.sh", Resources: []string{"scaledobjects"}, Verbs: []string{"get", "list", "patch"}, Gives: "KEDA that holds still during the search", Optional: true},
		{Group: "coordination.k8s.io", Resources: []string{"leases"}, Verbs: []string{"get", "list", "create", "update", "delete"}, Gives: "two runs kept apart"},
		{Group: "metrics.k8s.io", Resources: []string{"pods"}, Verbs: []string{"get", "list"}, Gives: "usage as metrics-server sees it", Optional: true},
	}
}

// agentRules are what it takes to run an agent: the load, or the reader.
func agentRules(m Mode) []Rule {
	gives := "a load from within the cluster"
	if m == Reader {
		gives = "throttling, peaks and pressure from the kubelets"
	}
	rules := []Rule{
		{Group: "batch", Resources: []string{"jobs"}, Verbs: []string{"create", "list", "delete"}, Gives: gives},
		{Resources: []string{"pods"}, Verbs: []string{"get", "list"}, Gives: gives},
		{Resources: []string{"pods/log"}, Verbs: []string{"get"}, Gives: gives},
		{Resources: []string{"events"}, Verbs: []string{"list"}, Gives: "why its Pod was refused, in the cluster's own words", Optional: true},
	}
	if m == Load {
		return append(rules, Rule{Resources: []string{"secrets"}, Verbs: []string{"create"}, Gives: "the plan, which may hold secrets, in the load's Pod"})
	}
	return append(rules, Rule{Resources: []string{"serviceaccounts"}, Verbs: []string{"get"}, Gives: "whether the reader's ServiceAccount is there", Optional: true})
}
