// Package observer reads what containers use and what kills them: counters to rates, and the classification of OOM
// kills. Its sub-packages fetch: cgroup/ from this machine's kernel, kube/ from a kubelet.
package observer
