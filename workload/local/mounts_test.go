package local

import (
	"os"
	"path/filepath"
	"testing"
)

// Each folder of testdata holds the mountinfo and cgroup file of a process on the kind of machine it is named for.
func TestHierarchies(t *testing.T) {
	for _, test := range []struct {
		machine              string
		unified              hierarchy
		cpu, cpuacct, memory hierarchy
	}{
		{machine: "v2-systemd-user-scope", unified: hierarchy{"/sys/fs/cgroup",
			"/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice/run-r1f2.scope"}},
		{machine: "v2-container-own-namespace", unified: hierarchy{"/sys/fs/cgroup", "/sys/fs/cgroup"}},
		{machine: "v1-systemd-hybrid",
			unified: hierarchy{"/sys/fs/cgroup/unified", "/sys/fs/cgroup/unified/user.slice/user-0.slice/session-3.scope"},
			cpu:     hierarchy{"/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/cpu,cpuacct/user.slice"},
			cpuacct: hierarchy{"/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/cpu,cpuacct/user.slice"},
			memory:  hierarchy{"/sys/fs/cgroup/memory", "/sys/fs/cgroup/memory/user.slice/user-0.slice/session-3.scope"}},
		{machine: "v1-docker-host-namespace",
			cpu:     hierarchy{"/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/cpu,cpuacct"},
			cpuacct: hierarchy{"/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/cpu,cpuacct"},
			memory:  hierarchy{"/sys/fs/cgroup/memory", "/sys/fs/cgroup/memory"}},
		{machine: "no-cgroups"},
	} {
		t.Run(test.machine, func(t *testing.T) {
			unified, v1 := hierarchies(recorded(t, test.machine, "mountinfo"), recorded(t, test.machine, "cgroup"))
			if unified != test.unified {
				t.Errorf("unified: %+v, want %+v", unified, test.unified)
			}
			for controller, want := range map[string]hierarchy{"cpu": test.cpu, "cpuacct": test.cpuacct, "memory": test.memory} {
				if v1[controller] != want {
					t.Errorf("%s: %+v, want %+v", controller, v1[controller], want)
				}
			}
		})
	}
}

func recorded(t *testing.T, machine, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", machine, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func FuzzHierarchies(f *testing.F) {
	f.Add("35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n", "4:memory:/a\n0::/b\n")
	f.Add("1 2 3 - cgroup2\n", "::\n")
	f.Fuzz(func(t *testing.T, mountinfo, self string) {
		unified, v1 := hierarchies(mountinfo, self)
		if unified.root == "" && unified.own != "" {
			t.Errorf("a cgroup without a mount: %+v", unified)
		}
		for controller, h := range v1 {
			if h.root == "" && h.own != "" {
				t.Errorf("%s: a cgroup without a mount: %+v", controller, h)
			}
		}
	})
}
