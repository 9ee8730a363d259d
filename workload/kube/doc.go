// Package kube is a workload in a Kubernetes cluster: a Deployment, StatefulSet, DaemonSet or Argo Rollout whose Pod
// template it changes, whose Pods it watches, and which it puts back.
//
// What an object held before is written on the object itself, in the same patch as the change: a Record in an annotation.
// Whoever finds it there, this run, the next one or "plimsoll restore", can put the object back from it alone. A field is
// put back only where it still holds what Plimsoll wrote last: what somebody else changed is theirs, and is said.
package kube
