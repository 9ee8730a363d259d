package proof

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain plays the container where it was started as one.
func TestMain(m *testing.M) {
	switch os.Getenv("PROOF_CONTAINER") {
	case "eat":
		eat()
	case "spin":
		spin(2 * time.Second)
	default:
		os.Exit(m.Run())
	}
}

// eat takes memory without end, a MiB at a time, and touches every page.
func eat() {
	var held [][]byte
	for {
		block := make([]byte, 1<<20)
		for i := 0; i < len(block); i += 4096 {
			block[i] = 1
		}
		held = append(held, block)
		if len(held) > 512 {
			os.Exit(0) // no limit held it
		}
	}
}

// spin uses one core for a time.
func spin(span time.Duration) {
	for began := time.Now(); time.Since(began) < span; {
	}
}

// An allocation above memory.max ends in a kill by the kernel, counted in memory.events.
func TestMemoryLimitKills(t *testing.T) {
	dir := container(t)
	set(t, dir, "memory.max", strconv.Itoa(32<<20))
	set(t, dir, "memory.swap.max", "0")
	err := runIn(t, dir, "eat")
	exit := (*exec.ExitError)(nil)
	if !errors.As(err, &exit) {
		t.Fatalf("ended with %v, want a kill", err)
	}
	if status := exit.Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGKILL {
		t.Errorf("ended by %v, want SIGKILL", status.Signal())
	}
	kills, peak := counter(t, dir, "memory.events", "oom_kill"), number(t, dir, "memory.current")
	t.Logf("memory.max 32 MiB: %d OOM kill, exit by SIGKILL, %d KiB left in the cgroup", kills, peak>>10)
	if kills != 1 {
		t.Errorf("%d OOM kills counted, want 1", kills)
	}
}

// A quota of a fifth of a core throttles a process that wants a whole one in nearly every period, and it gets a fifth.
func TestQuotaThrottles(t *testing.T) {
	dir := container(t)
	set(t, dir, "cpu.max", "20000 100000")
	began := time.Now()
	if err := runIn(t, dir, "spin"); err != nil {
		t.Fatal(err)
	}
	span := time.Since(began)
	used := time.Duration(counter(t, dir, "cpu.stat", "usage_usec")) * time.Microsecond
	periods, throttled := counter(t, dir, "cpu.stat", "nr_periods"), counter(t, dir, "cpu.stat", "nr_throttled")
	cores := used.Seconds() / span.Seconds()
	t.Logf("cpu.max 200m: used %.0fm over %.1f s, throttled in %d of %d periods", cores*1000, span.Seconds(), throttled, periods)
	if cores > 0.23 {
		t.Errorf("used %.3f cores, the quota is 0.2", cores)
	}
	if periods < 10 || throttled*2 < periods {
		t.Errorf("throttled in %d of %d periods, want most of at least 10", throttled, periods)
	}
}

// runIn runs this program as a container that does what, started inside the cgroup.
func runIn(t *testing.T, dir, what string) error {
	t.Helper()
	folder, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = []string{"PROOF_CONTAINER=" + what, "GODEBUG=madvdontneed=1"}
	cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(folder.Fd())}
	return cmd.Run()
}

// container makes a cgroup with memory and CPU control below this process's own, which first moves out of the way into
// a leaf of its own: a cgroup holds processes or controlled children, never both. It skips where that can't be done.
func container(t *testing.T) string {
	t.Helper()
	base, err := own()
	if err != nil {
		t.Skipf("needs cgroup v2: %v", err)
	}
	leaf := filepath.Join(base, "proof-self")
	if err := os.Mkdir(leaf, 0o755); err != nil {
		t.Skipf("needs a cgroup v2 that can be written: %v", err)
	}
	t.Cleanup(func() { remove(t, leaf) })
	set(t, leaf, "cgroup.procs", "0")
	t.Cleanup(func() { set(t, base, "cgroup.procs", "0") })
	if err := write(base, "cgroup.subtree_control", "+cpu +memory"); err != nil {
		t.Skipf("needs the cpu and memory controllers on cgroup v2: %v", err)
	}
	t.Cleanup(func() { set(t, base, "cgroup.subtree_control", "-cpu -memory") })
	dir := filepath.Join(base, "proof-container")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { remove(t, dir) })
	return dir
}

// own is this process's cgroup of version 2.
func own() (string, error) {
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return "", err
	}
	path, only := strings.CutPrefix(strings.TrimSpace(string(text)), "0::")
	if !only {
		return "", errors.New("this machine has cgroup v1 controllers")
	}
	return filepath.Join("/sys/fs/cgroup", path), nil
}

func write(dir, name, value string) error {
	if err := os.WriteFile(filepath.Join(dir, name), []byte(value), 0o644); err != nil {
		return fmt.Errorf("writing %q: %w", value, err)
	}
	return nil
}

func set(t *testing.T, dir, name, value string) {
	t.Helper()
	if err := write(dir, name, value); err != nil {
		t.Error(err)
	}
}

func remove(t *testing.T, dir string) {
	t.Helper()
	if err := os.Remove(dir); err != nil {
		t.Error(err)
	}
}

// counter reads one line "name value" of a file of the cgroup.
func counter(t *testing.T, dir, file, name string) int64 {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), name+" "); ok {
			return parse(t, rest)
		}
	}
	t.Fatalf("%s has no %s:\n%s", file, name, text)
	return 0
}

// number reads a file that holds a number alone.
func number(t *testing.T, dir, file string) int64 {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, strings.TrimSpace(string(text)))
}

func parse(t *testing.T, text string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
