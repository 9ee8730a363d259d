package local

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/observer"
	"github.com/plimsoll/plimsoll/observer/cgroup"
	"github.com/plimsoll/plimsoll/scenarios"
)

func TestLimitsAreInForce(t *testing.T) {
	l := open(t, demo())
	mustBegin(t, l, 500, 64*scenarios.MiB)
	s := sample(t, l)
	t.Logf("cgroup version %d: anon %d, peak %d bytes", l.tree.version, *s.Anon, *s.Peak)
	if *s.CPULimit != 500 || *s.MemoryLimit != 64*scenarios.MiB {
		t.Errorf("limits %dm and %d bytes, want 500m and 64 MiB", *s.CPULimit, *s.MemoryLimit)
	}
	first := l.Instances()[0]
	restarted, err := l.Apply(t.Context(), limits(250, 64*scenarios.MiB), false)
	if err != nil || restarted || l.Instances()[0] != first {
		t.Errorf("CPU alone: restarted %v, error %v, instance %+v", restarted, err, l.Instances()[0])
	}
	if s := sample(t, l); *s.CPULimit != 250 {
		t.Errorf("CPU limit %dm, want 250m", *s.CPULimit)
	}
	restarted, err = l.Apply(t.Context(), limits(250, 128*scenarios.MiB), false)
	if err != nil || !restarted || l.Instances()[0].Cgroup == first.Cgroup {
		t.Errorf("memory: restarted %v, error %v, instance %+v", restarted, err, l.Instances()[0])
	}
	if _, err := l.Apply(t.Context(), limits(9, 0), false); err == nil || !strings.Contains(err.Error(), "9m is below 10m") {
		t.Errorf("9m: error %v", err)
	}
}

func TestNoLimitsAreInForce(t *testing.T) {
	l := open(t, demo())
	mustBegin(t, l, 0, 0)
	if s := sample(t, l); *s.CPULimit != 0 || *s.MemoryLimit != 0 || s.Periods != nil {
		t.Errorf("limits %dm and %d bytes, periods %v, want none", *s.CPULimit, *s.MemoryLimit, s.Periods)
	}
}

// A limit that a cgroup above would not let a container have is not in force, whatever its own file says.
func TestLimitAbove(t *testing.T) {
	l := open(t, demo())
	run := &group{at: observer.Cgroup{Version: l.tree.version, Unified: l.tree.folders[""],
		CPU: l.tree.folders["cpu"], CPUAcct: l.tree.folders["cpuacct"], Memory: l.tree.folders["memory"]}}
	if err := run.setMemory(64 * scenarios.MiB); err != nil {
		t.Fatal(err)
	}
	_, err := l.Apply(t.Context(), limits(0, 128*scenarios.MiB), true)
	if err == nil || !strings.Contains(err.Error(), "above it allows only 67108864") {
		t.Errorf("error %v, want one that names the 64 MiB above", err)
	}
	mustBegin(t, l, 0, 64*scenarios.MiB)
}

func TestThrottlingIsCounted(t *testing.T) {
	l := open(t, demo("-cpu-per-hit", "50ms"))
	mustBegin(t, l, 200, 128*scenarios.MiB)
	before := sample(t, l)
	if err := hit(l, 10); err != nil {
		t.Fatal(err)
	}
	after := sample(t, l)
	span := after.At.Sub(before.At)
	cores := (*after.CPU - *before.CPU).Seconds() / span.Seconds()
	periods, throttled := *after.Periods-*before.Periods, *after.ThrottledPeriods-*before.ThrottledPeriods
	t.Logf("limit 200m: used %.3f cores over %s, throttled in %d of %d periods", cores, span, throttled, periods)
	if cores > 0.25 || throttled == 0 || periods < throttled || *after.ThrottledTime <= *before.ThrottledTime {
		t.Errorf("a 200m limit was not enforced or not counted")
	}
}

func TestSwapIsOff(t *testing.T) {
	l := open(t, demo())
	mustBegin(t, l, 0, 64*scenarios.MiB)
	c := l.Instances()[0].Cgroup
	files := map[string]string{filepath.Join(c.Unified, "memory.swap.max"): "0"}
	if c.Version == 1 {
		files = map[string]string{
			filepath.Join(c.Memory, "memory.swappiness"):           "0",
			filepath.Join(c.Memory, "memory.memsw.limit_in_bytes"): fmt.Sprint(64 << 20),
		}
	}
	for file, want := range files {
		data, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) {
			t.Logf("%s: this kernel does not account for swap", file)
			continue
		}
		if got := strings.TrimSpace(string(data)); err != nil || got != want {
			t.Errorf("%s: %q, error %v, want %q", file, got, err, want)
		}
	}
}

// A container that is started by a large Plimsoll is as small as one started by a small one.
func TestNothingIsChargedBeforeExec(t *testing.T) {
	ballast := make([]byte, 128<<20)
	for i := 0; i < len(ballast); i += os.Getpagesize() {
		ballast[i] = 1
	}
	l := open(t, demo())
	mustBegin(t, l, 0, 0)
	s := sample(t, l)
	t.Logf("peak %d KiB, anon %d KiB, CPU %s, beside a parent of %d KiB", *s.Peak>>10, *s.Anon>>10, *s.CPU, len(ballast)>>10)
	if *s.Anon > 8*scenarios.MiB || *s.Peak > 32*scenarios.MiB {
		t.Error("more than the demo service holds")
	}
	ballast[0] = 0 // it lives until here
}

// The second start pays for the program's file pages as the first did. (Where files live in memory, none ever does.)
func TestEveryStartIsCold(t *testing.T) {
	program, err := os.ReadFile(os.Getenv(demoBinary))
	if err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(t.TempDir(), "demoservice") // that no other process has mapped
	if err := os.WriteFile(own, program, 0o700); err != nil {
		t.Fatal(err)
	}
	file := demo()
	file.Workload.Containers[0].Command[0] = own
	l := open(t, file)
	var pages []scenarios.Bytes
	for range 3 {
		mustBegin(t, l, 0, 0)
		pages = append(pages, *sample(t, l).File)
	}
	t.Logf("file pages charged at each start: %d bytes", pages)
	for _, later := range pages[1:] {
		if later < pages[0]*9/10 {
			t.Errorf("a later start was charged %d bytes of file pages, the first %d", later, pages[0])
		}
	}
}

func TestTwoAtOnce(t *testing.T) {
	first := open(t, demo())
	mustBegin(t, first, 300, 128*scenarios.MiB)
	second := open(t, demo())
	mustBegin(t, second, 600, 64*scenarios.MiB)
	if a, b := *sample(t, first).CPULimit, *sample(t, second).CPULimit; a != 300 || b != 600 {
		t.Errorf("limits %dm and %dm, want 300m and 600m", a, b)
	}
	if err := errors.Join(hit(first, 1), hit(second, 1)); err != nil {
		t.Error(err)
	}
}

func TestReplicasAndSidecar(t *testing.T) {
	file := demo()
	file.Workload.Replicas = 2
	sidecar := as("wait").Workload.Containers[0]
	sidecar.Name = "sidecar"
	file.Workload.Containers = append(file.Workload.Containers, sidecar)
	l := open(t, file)
	settings := append(limits(300, 128*scenarios.MiB), limits(50, 64*scenarios.MiB)...)
	settings[1].Container = "sidecar"
	if _, err := l.Apply(t.Context(), settings, false); err != nil {
		t.Fatal(err)
	}
	if _, ready, err := l.AwaitReady(t.Context()); !ready || err != nil {
		t.Fatalf("ready %v, error %v, exits %+v", ready, err, l.Exits())
	}
	var got []string
	for _, i := range l.Instances() {
		s, err := cgroup.Read(i.Cgroup)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s/%d:%dm", i.Container, i.Replica, *s.CPULimit))
	}
	if want := "app/0:300m sidecar/0:50m app/1:300m sidecar/1:50m"; strings.Join(got, " ") != want {
		t.Errorf("instances %v, want %s", got, want)
	}
}
