package loadgen

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/plimsoll/plimsoll/scenarios"
)

// readOwnUse reads the counters now. One that can't be read stays unknown.
func readOwnUse() ownUse {
	u := ownUse{at: time.Now()}
	var usage unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &usage) == nil {
		u.cpu = time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
		u.peak = scenarios.Bytes(usage.Maxrss) * scenarios.KiB
	}
	if groups, err := os.ReadFile("/proc/self/cgroup"); err == nil {
		u.periods, u.throttled = readThrottling(cpuStatFiles(string(groups)))
	}
	u.runDelay = readRunDelay("/proc/self/task")
	return u
}

// cpuStatFiles lists where the cpu.stat of a process may be, from its /proc/self/cgroup: version 1 first, since where
// both are mounted the cpu controller is on one of them only. In a container with a cgroup namespace the path is the
// one under the mount; without one it is the host's, of which only the mount's own root is seen.
func cpuStatFiles(groups string) []string {
	var files []string
	for line := range strings.Lines(groups) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		controllers, path := strings.Split(parts[1], ","), parts[2]
		for _, c := range controllers {
			if c == "cpu" {
				root := "/sys/fs/cgroup/cpu"
				files = append([]string{filepath.Join(root, path, "cpu.stat"), filepath.Join(root, "cpu.stat")}, files...)
			}
		}
		if parts[0] == "0" {
			files = append(files, filepath.Join("/sys/fs/cgroup", path, "cpu.stat"), "/sys/fs/cgroup/cpu.stat")
		}
	}
	return files
}

// readThrottling reads nr_periods and nr_throttled of the first of files that is there. Both are nil where no file
// gives them: a cgroup without a CPU quota counts no periods.
func readThrottling(files []string) (periods, throttled *int64) {
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		return counterIn(text, "nr_periods"), counterIn(text, "nr_throttled")
	}
	return nil, nil
}

// counterIn finds "name value" on a line of its own; nil where it is not there.
func counterIn(text []byte, name string) *int64 {
	for line := range bytes.Lines(text) {
		fields := bytes.Fields(line)
		if len(fields) == 2 && string(fields[0]) == name {
			if n, err := strconv.ParseInt(string(fields[1]), 10, 64); err == nil {
				return &n
			}
		}
	}
	return nil
}

// readRunDelay sums the second figure of each thread's schedstat, the time spent waiting on a run queue in ns
// (kernel.org, Documentation/scheduler/sched-stats.rst). Threads that ended are not in it. nil where there is none.
func readRunDelay(tasks string) *time.Duration {
	files, err := filepath.Glob(filepath.Join(tasks, "*", "schedstat"))
	if err != nil || len(files) == 0 {
		return nil
	}
	sum := time.Duration(0)
	for _, file := range files {
		text, err := os.ReadFile(file)
		fields := bytes.Fields(text)
		if err != nil || len(fields) < 2 {
			continue // the thread ended in between
		}
		if n, err := strconv.ParseInt(string(fields[1]), 10, 64); err == nil {
			sum += time.Duration(n)
		}
	}
	return &sum
}
