package loadgen

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestCPUStatFiles(t *testing.T) {
	for _, tt := range []struct {
		name, groups string
		want         []string
	}{
		{"version 2", "0::/user.slice/run.scope\n", []string{"/sys/fs/cgroup/user.slice/run.scope/cpu.stat", "/sys/fs/cgroup/cpu.stat"}},
		{"version 1", "5:memory:/a\n4:cpu,cpuacct:/b\n", []string{"/sys/fs/cgroup/cpu/b/cpu.stat", "/sys/fs/cgroup/cpu/cpu.stat"}},
		{"both", "0::/\n3:cpuset:/x\n2:cpu:/b\n", []string{
			"/sys/fs/cgroup/cpu/b/cpu.stat", "/sys/fs/cgroup/cpu/cpu.stat", "/sys/fs/cgroup/cpu.stat", "/sys/fs/cgroup/cpu.stat"}},
		{"nonsense", "what\n", nil},
	} {
		if got := cpuStatFiles(tt.groups); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestThrottlingIsUnknownWithoutQuota(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(folder, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	with := write("with", "usage_usec 12\nnr_periods 40\nnr_throttled 3\nthrottled_usec 9\n")
	without := write("without", "usage_usec 12\n")
	if p, n := readThrottling([]string{filepath.Join(folder, "none"), with, without}); p == nil || n == nil || *p != 40 || *n != 3 {
		t.Errorf("periods %v, throttled %v, want 40 and 3", p, n)
	}
	if p, n := readThrottling([]string{without}); p != nil || n != nil {
		t.Errorf("periods %v, throttled %v, want unknown", p, n)
	}
	if p, n := readThrottling(nil); p != nil || n != nil {
		t.Errorf("periods %v, throttled %v, want unknown", p, n)
	}
}

func TestOwnUseGrowsWithWork(t *testing.T) {
	before := readOwnUse()
	for readOwnUse().cpu-before.cpu < 20*time.Millisecond {
		continue
	}
	g := readOwnUse().since(before)
	if g.CPU < 20*time.Millisecond || g.Cores <= 0 || g.Allowed < 1 || g.PeakMemory <= 0 {
		t.Errorf("%+v", g)
	}
}

func TestDifferenceOfCountersThatWentBackwardsIsUnknown(t *testing.T) {
	if d := difference(new(int64(3)), new(int64(5))); d != nil {
		t.Errorf("3 − 5 is %d", *d)
	}
	if d := difference(nil, new(int64(5))); d != nil {
		t.Errorf("unknown − 5 is %d", *d)
	}
}
