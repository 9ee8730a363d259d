// Package proof holds tests of the kernel itself: that a cgroup of version 2 enforces a memory limit and a CPU quota
// and counts both as Plimsoll expects. They run in the VM of `make test-v2`, and wherever a cgroup of version 2 with
// both controllers can be made.
package proof
