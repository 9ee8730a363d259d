package cgroup

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/plimsoll/plimsoll/observer"
)

// Read takes one sample of the container at c. The error is that c names no cgroup, or that its folder is gone;
// single counters that cannot be read are nil in the sample instead.
func Read(c observer.Cgroup) (observer.Sample, error) {
	switch c.Version {
	case 1:
		return readV1(c)
	case 2:
		return readV2(c.Unified)
	}
	return observer.Sample{}, fmt.Errorf("read counters: no cgroup (version %d)", c.Version)
}

func readV1(c observer.Cgroup) (observer.Sample, error) {
	for _, folder := range []string{c.CPU, c.CPUAcct, c.Memory} {
		if _, err := os.Stat(folder); err != nil {
			return observer.Sample{}, fmt.Errorf("read counters: %w", err)
		}
	}
	cpu := fields(content(c.CPU, "cpu.stat"))
	memory := fields(content(c.Memory, "memory.stat"))
	usage := number(content(c.Memory, "memory.usage_in_bytes"))
	s := observer.Sample{
		At:            time.Now(),
		CPU:           duration(number(content(c.CPUAcct, "cpuacct.usage")), time.Nanosecond),
		ThrottledTime: duration(field(cpu, "throttled_time"), time.Nanosecond),
		Usage:         size(usage),
		WorkingSet:    workingSet(usage, field(memory, "total_inactive_file")),
		Anon:          size(field(memory, "total_rss")),
		File:          size(field(memory, "total_cache")),
		MappedFile:    size(field(memory, "total_mapped_file")),
		Peak:          size(number(content(c.Memory, "memory.max_usage_in_bytes"))),
		OOMKills:      field(fields(content(c.Memory, "memory.oom_control")), "oom_kill"),
		LimitHits:     number(content(c.Memory, "memory.failcnt")),
		Refaults:      field(memory, "total_workingset_refault_file", "total_workingset_refault"),
		CPULimit:      quotaV1(content(c.CPU, "cpu.cfs_quota_us"), content(c.CPU, "cpu.cfs_period_us")),
		MemoryLimit:   limitV1(content(c.Memory, "memory.limit_in_bytes")),
	}
	s.Periods, s.ThrottledPeriods = field(cpu, "nr_periods"), field(cpu, "nr_throttled")
	return withoutQuota(s), nil
}

func readV2(folder string) (observer.Sample, error) {
	if _, err := os.Stat(folder); err != nil {
		return observer.Sample{}, fmt.Errorf("read counters: %w", err)
	}
	cpu := fields(content(folder, "cpu.stat"))
	memory := fields(content(folder, "memory.stat"))
	events := fields(content(folder, "memory.events"))
	usage := number(content(folder, "memory.current"))
	s := observer.Sample{
		At:            time.Now(),
		CPU:           duration(field(cpu, "usage_usec"), time.Microsecond),
		ThrottledTime: duration(field(cpu, "throttled_usec"), time.Microsecond),
		Usage:         size(usage),
		WorkingSet:    workingSet(usage, field(memory, "inactive_file")),
		Anon:          size(field(memory, "anon")),
		File:          size(field(memory, "file")),
		MappedFile:    size(field(memory, "file_mapped")),
		Peak:          size(number(content(folder, "memory.peak"))),
		OOMKills:      field(events, "oom_kill"),
		LimitHits:     field(events, "max"),
		Refaults:      field(memory, "workingset_refault_file", "workingset_refault"),
		CPUStall:      stall(content(folder, "cpu.pressure")),
		MemoryStall:   stall(content(folder, "memory.pressure")),
		CPULimit:      quotaV2(content(folder, "cpu.max")),
		MemoryLimit:   limitV2(content(folder, "memory.max")),
	}
	s.Periods, s.ThrottledPeriods = field(cpu, "nr_periods"), field(cpu, "nr_throttled")
	return withoutQuota(s), nil
}

// withoutQuota drops the counters of bandwidth control where there is none: the kernel then shows zeros, which would
// read as "never throttled".
func withoutQuota(s observer.Sample) observer.Sample {
	if s.CPULimit != nil && *s.CPULimit == 0 {
		s.Periods, s.ThrottledPeriods, s.ThrottledTime = nil, nil, nil
	}
	return s
}

// content is the file's bytes; nil where it cannot be read, which every decoder takes for "not known".
func content(folder, name string) []byte {
	data, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		return nil
	}
	return data
}
