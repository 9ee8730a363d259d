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
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		m.CPU = cpuModel(text)
	}
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		if kib, err := strconv.ParseInt(strings.TrimSuffix(procField(text, "MemTotal"), " kB"), 10, 64); err == nil {
			m.Memory = scenarios.Bytes(kib) * scenarios.KiB
		}
	}
	switch {
	case exists("/sys/fs/cgroup/cgroup.controllers"):
		m.Cgroup = 2
	case exists("/sys/fs/cgroup/memory"):
		m.Cgroup = 1
	}
	return m
}

// cpuModel is the model of the first processor of a /proc/cpuinfo: its name, or on arm64, which has none, the numbers that
// the architecture gives it. "" where there is neither.
// Source: arch/arm64/kernel/cpuinfo.c of Linux, c_show.
func cpuModel(text []byte) string {
	if name := procField(text, "model name"); name != "" {
		return name
	}
	implementer, part := procField(text, "CPU implementer"), procField(text, "CPU part")
	if implementer == "" || part == "" {
		return ""
	}
	return "ARM implementer " + implementer + " part " + part
}

// procField returns the value of the first "name : value" line of a file under /proc; "" where there is none.
func procField(text []byte, name string) string {
	for line := range bytes.Lines(text) {
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
