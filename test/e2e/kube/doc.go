// Package kube tests whole runs of the built program against a real cluster (test/kube says which). Each test is a fault
// or a behaviour that a user of Kubernetes meets.
package kube
