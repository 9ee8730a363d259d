package observer

import (
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// The kernel's high-water mark outlives a change of the CPU limit in place, so it may be an earlier trial's.
func TestPeakIsThisTrialsOwn(t *testing.T) {
	mark := func(mib scenarios.Bytes) Sample { return Sample{Peak: new(mib * scenarios.MiB)} }
	for _, c := range []struct {
		name        string
		first, last Sample
		fresh       bool
		want        scenarios.Bytes // 0: not known
	}{
		{"fresh", mark(10), mark(77), true, 77},
		{"fresh, reached at once", mark(77), mark(77), true, 77},
		{"risen", mark(77), mark(90), false, 90},
		{"an earlier trial's", mark(154), mark(154), false, 0},
		{"not read at first", Sample{}, mark(154), false, 0},
		{"not read at last", mark(77), Sample{}, true, 0},
	} {
		got := peakOf(c.first, c.last, c.fresh)
		if (got == nil) != (c.want == 0) || got != nil && *got != c.want*scenarios.MiB {
			t.Errorf("%s: got %v, want %d MiB", c.name, got, c.want)
		}
	}
}

// A container that was killed at once leaves no window, but its limits were read, and a verdict needs them.
func TestLimitsWithoutWindow(t *testing.T) {
	at := time.Now()
	series := Series{Samples: []Sample{{At: at, OOMKills: new(int64(1)), CPULimit: new(scenarios.MilliCPU(100)), MemoryLimit: new(50 * scenarios.MiB)}}}
	use, problems := Use(series, at, at.Add(10*time.Second), true)
	if use.CPULimit != 100 || use.MemoryLimit != 50*scenarios.MiB || *use.OOMKills != 1 {
		t.Errorf("limits %v and %v, kills %v", use.CPULimit, use.MemoryLimit, use.OOMKills)
	}
	if len(problems) == 0 {
		t.Error("a missing window is no problem")
	}
}
