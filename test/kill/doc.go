// Package kill kills plimsoll with SIGKILL at random instants of a search on a local workload, and checks what a user
// relies on then: after the next start of plimsoll no process and no cgroup of the killed run is left, no finished
// trial is lost, and the search goes on. `make kill` does it 200 times, `make test` 20 times.
package kill
