// Package local runs a workload's containers as processes of this machine, each in a cgroup of its own whose CPU quota
// and memory limit the kernel enforces. It stands in for a kubelet: probes, restarts with back-off, graceful stops.
//
// What it does not do: CPU and memory requests place nothing here and are not enforced, and a child process that runs
// out of memory dies alone, where a kubelet on cgroup version 2 ends its whole container; either fails a trial.
package local
