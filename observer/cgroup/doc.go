// Package cgroup reads one container's counters from the kernel's cgroup files, version 1 and 2. What a kernel does not
// tell, because a file or a field is missing or unreadable, is nil in the sample: never 0.
//
// Files: https://docs.kernel.org/admin-guide/cgroup-v2.html and
// https://docs.kernel.org/admin-guide/cgroup-v1/memory.html
package cgroup
