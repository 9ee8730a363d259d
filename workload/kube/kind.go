package kube

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// kind is a kind of workload object.
type kind struct {
	// Short is what kubectl calls it for short, Name its kind.
	Short, Name string
	Resource    schema.GroupVersionResource
	// Revisions is the resource that holds its earlier Pod templates, each owned by it.
	Revisions schema.GroupVersionResource
	// OnEveryNode is true where the nodes decide on the number of Pods, not spec.replicas.
	OnEveryNode bool
}

func (k kind) group() string { return k.Resource.Group }

// The kinds that can be tuned.
var (
	apps        = schema.GroupVersion{Group: "apps", Version: "v1"}
	deployment  = kind{"deploy", "Deployment", apps.WithResource("deployments"), apps.WithResource("replicasets"), false}
	statefulSet = kind{"sts", "StatefulSet", apps.WithResource("statefulsets"), apps.WithResource("controllerrevisions"), false}
	daemonSet   = kind{"ds", "DaemonSet", apps.WithResource("daemonsets"), apps.WithResource("controllerrevisions"), true}
	rollout     = kind{"rollout", "Rollout", schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "rollouts"},
		apps.WithResource("replicasets"), false}
)

// kinds is every name of each kind.
func kinds() map[string]kind {
	return map[string]kind{
		"deploy": deployment, "deployment": deployment, "deployments": deployment,
		"sts": statefulSet, "statefulset": statefulSet, "statefulsets": statefulSet,
		"ds": daemonSet, "daemonset": daemonSet, "daemonsets": daemonSet,
		"rollout": rollout, "rollouts": rollout,
	}
}

// Target names one workload object.
type Target struct {
	kind
	Namespace string
	// Object is its name.
	Object string
}

// ParseTarget reads a name such as deploy/web.
func ParseTarget(namespace, text string) (Target, error) {
	word, name, ok := strings.Cut(text, "/")
	k, known := kinds()[strings.ToLower(word)]
	if !ok || !known || name == "" {
		return Target{}, fmt.Errorf("%q names no workload; allowed: NAME after one of %s", text,
			strings.Join(slices.Sorted(maps.Keys(kinds())), "/, ")+"/")
	}
	return Target{kind: k, Namespace: namespace, Object: name}, nil
}

// String is its name as kubectl takes it, without the namespace.
func (t Target) String() string { return t.Short + "/" + t.Object }

// lease is the name of the Lease that keeps two runs off t.
func (t Target) lease() string { return "plimsoll-" + t.Short + "-" + t.Object }
