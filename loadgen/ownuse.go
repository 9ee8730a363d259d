package loadgen

import (
	"runtime"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// GeneratorUse is what a run cost the generator's own process, and what kept it from running. nil is "not known".
type GeneratorUse struct {
	// CPU is user and system time of the whole process; Cores that over the elapsed time.
	CPU   time.Duration `json:"cpu_ns"`
	Cores float64       `json:"cpu_cores"`
	// Allowed is how many cores it may use at once (GOMAXPROCS, which heeds affinity and the cgroup's quota).
	Allowed int `json:"cpu_allowed_cores"`
	// PeakMemory is the most resident memory the process ever had.
	PeakMemory scenarios.Bytes `json:"memory_peak_bytes"`
	// Periods and ThrottledPeriods of the CPU quota of its own cgroup; nil where there is no quota or it can't be read.
	Periods          *int64 `json:"cfs_periods"`
	ThrottledPeriods *int64 `json:"cfs_throttled_periods"`
	// RunDelay is how long its threads were ready to run and had no CPU, summed over threads.
	RunDelay *time.Duration `json:"run_delay_ns"`
}

// ownUse is the counters of the generator's process at one moment.
type ownUse struct {
	at                 time.Time
	cpu                time.Duration
	peak               scenarios.Bytes
	periods, throttled *int64
	runDelay           *time.Duration
}

// since is what was used from before to u.
func (u ownUse) since(before ownUse) GeneratorUse {
	g := GeneratorUse{
		CPU: u.cpu - before.cpu, Allowed: runtime.GOMAXPROCS(0), PeakMemory: u.peak,
		Periods:          difference(u.periods, before.periods),
		ThrottledPeriods: difference(u.throttled, before.throttled),
		RunDelay:         difference(u.runDelay, before.runDelay),
	}
	if elapsed := u.at.Sub(before.at); elapsed > 0 {
		g.Cores = g.CPU.Seconds() / elapsed.Seconds()
	}
	return g
}

// difference is after − before; nil where one is unknown or the counter went backwards.
func difference[T int64 | time.Duration](after, before *T) *T {
	if after == nil || before == nil || *after < *before {
		return nil
	}
	return new(*after - *before)
}
