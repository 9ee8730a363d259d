package runlog

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/scenarios"
)

// ThisMachine tells what figures measured here depend on. What can't be read stays empty: not known.
func ThisMachine() Machine {
	m := Machine{OS: runtime.GOOS, Arch: runtime.GOARCH, Cores: runtime.NumCPU()}
	if b, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel = strings.TrimSpace(string(b))
	}
	m.CPU = procField("/proc/cpuinfo", "model name")
	if kib, err := strconv.ParseInt(strings.TrimSuffix(procField("/proc/meminfo", "MemTotal"), " kB"), 10, 64); err == nil {
		m.Memory = scenarios.Bytes(kib) * scenarios.KiB
	}
	switch {
	case exists("/sys/fs/cgroup/cgroup.controllers"):
		m.Cgroup = 2
	case exists("/sys/fs/cgroup/memory"):
		m.Cgroup = 1
	}
	return m
}

// procField returns the value of the first "name : value" line of a file under /proc; "" where there is none.
func procField(path, name string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	for line := range bytes.Lines(b) {
		key, value, ok := strings.Cut(string(line), ":")
		if ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
