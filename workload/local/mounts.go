package local

import (
	"path"
	"strings"
)

// hierarchy is one mounted cgroup hierarchy as this process sees it.
type hierarchy struct {
	// root is where it is mounted; own is this process's own cgroup below it, an absolute path.
	root, own string
}

// hierarchies finds what this process can reach of the cgroup file systems: the unified hierarchy of version 2 and, by
// controller, those of version 1. A missing one is the zero hierarchy. mountinfo and self are the contents of
// /proc/self/mountinfo and /proc/self/cgroup.
func hierarchies(mountinfo, self string) (unified hierarchy, v1 map[string]hierarchy) {
	own := ownPaths(self)
	v1 = map[string]hierarchy{}
	for line := range strings.Lines(mountinfo) {
		m, ok := parseMount(line)
		switch {
		case ok && m.kind == "cgroup2" && unified.root == "":
			unified = hierarchy{root: m.point, own: below(m, own[""])}
		case ok && m.kind == "cgroup":
			for _, controller := range m.controllers {
				if _, seen := v1[controller]; !seen {
					v1[controller] = hierarchy{root: m.point, own: below(m, own[controller])}
				}
			}
		}
	}
	return unified, v1
}

// mount is one cgroup line of mountinfo: which part of the hierarchy (root) is visible where (point).
type mount struct {
	root, point, kind string
	controllers       []string
}

// parseMount reads a line of /proc/self/mountinfo (man 5 proc):
//
//	35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
func parseMount(line string) (m mount, ok bool) {
	before, after, found := strings.Cut(line, " - ")
	left, right := strings.Fields(before), strings.Fields(after)
	if !found || len(left) < 5 || len(right) < 3 {
		return mount{}, false
	}
	return mount{root: unescape(left[3]), point: unescape(left[4]), kind: right[0],
		controllers: strings.Split(right[2], ",")}, true
}

// unescape undoes the octal escapes of mountinfo.
func unescape(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}

// ownPaths maps each controller (and "" for version 2) to this process's cgroup, from /proc/self/cgroup:
//
//	4:memory:/user.slice
//	0::/user.slice/user-1000.slice
func ownPaths(self string) map[string]string {
	own := map[string]string{}
	for line := range strings.Lines(self) {
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(parts) != 3 {
			continue
		}
		for _, controller := range strings.Split(parts[1], ",") {
			own[controller] = parts[2]
		}
	}
	return own
}

// below is where the cgroup at own is visible: own is relative to the hierarchy, of which only the part below m.root is
// mounted. A cgroup outside that part is not visible; the mount's own folder is the nearest then.
func below(m mount, own string) string {
	if own == "" || strings.Contains(own, "..") {
		return m.point
	}
	rest, inside := strings.CutPrefix(own, m.root)
	if !inside {
		return m.point
	}
	return path.Join(m.point, rest)
}
