// Package e2e tests whole runs of the built program: on a local workload whose limits the kernel enforces. Where no
// cgroup can be written it skips and says why.
package e2e
