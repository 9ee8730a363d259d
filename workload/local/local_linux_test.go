package local

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/observer"
	"github.com/plimsoll/plimsoll/observer/cgroup"
	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/workload"
)

// patience is how long a test waits for what must happen.
const patience = time.Minute

// open makes a workload that is closed with the test, or skips where no cgroup can be written.
func open(t *testing.T, file scenarios.File) *Local {
	t.Helper()
	l, err := New(file, Options{Notice: func(text string) { t.Log(text) }})
	if errors.Is(err, ErrNoCgroup) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		made := []string(nil)
		if l.tree != nil {
			made = l.tree.made()
		}
		if err := l.Close(context.Background()); err != nil {
			t.Error("close:", err)
		}
		for _, folder := range made {
			if _, err := os.Stat(folder); err == nil {
				t.Error("left behind:", folder)
			}
		}
	})
	return l
}

// begin starts fresh replicas and reports whether they became Ready.
func begin(t *testing.T, l *Local, cpu scenarios.MilliCPU, memory scenarios.Bytes) (ready bool) {
	t.Helper()
	if _, err := l.Apply(t.Context(), limits(cpu, memory), true); err != nil {
		t.Fatal(err)
	}
	startup, ready, err := l.AwaitReady(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("ready: %v after %s", ready, startup)
	return ready
}

// mustBegin is begin for a workload that has to become Ready.
func mustBegin(t *testing.T, l *Local, cpu scenarios.MilliCPU, memory scenarios.Bytes) {
	t.Helper()
	if !begin(t, l, cpu, memory) {
		t.Fatalf("not Ready: %+v", l.Exits())
	}
}

// sample reads the counters of the first container.
func sample(t *testing.T, l *Local) observer.Sample {
	t.Helper()
	s, err := cgroup.Read(l.Instances()[0].Cgroup)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// awaitExits waits until there are at least n.
func awaitExits(t *testing.T, l *Local, n int) []workload.Exit {
	t.Helper()
	late := time.After(patience)
	for {
		_, changed := l.replicas[0].state.now()
		if exits := l.Exits(); len(exits) >= n {
			return exits
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("%d exits after %s, want %d", len(l.Exits()), patience, n)
		}
	}
}

// eventually waits until holds is true; what it waits for is a counter of the kernel, which tells nobody.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not after %s", what, patience)
		}
	}
}

// hit sends n hits one after the other and returns the first error.
func hit(l *Local, n int) error {
	client := http.Client{Timeout: patience, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for range n {
		reply, err := client.Get("http://" + l.Instances()[0].Address + "/work")
		if err != nil {
			return err
		}
		if err := reply.Body.Close(); err != nil || reply.StatusCode != http.StatusOK {
			return fmt.Errorf("status %d, close %w", reply.StatusCode, err)
		}
	}
	return nil
}

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

func TestOOMAtStart(t *testing.T) {
	l := open(t, as("eat"))
	if begin(t, l, 0, 32*scenarios.MiB) {
		t.Fatal("Ready")
	}
	for _, e := range awaitExits(t, l, crashLoop) {
		if e.Reason != workload.OOMKilled || e.Code != 137 || !e.BeforeReady {
			t.Errorf("exit %+v, want an OOM kill before Ready", e)
		}
	}
	if kills := *sample(t, l).OOMKills; kills < crashLoop {
		t.Errorf("%d OOM kills counted, want %d", kills, crashLoop)
	}
}

func TestOOMUnderLoad(t *testing.T) {
	l := open(t, demo("-cpu-per-hit", "0"))
	mustBegin(t, l, 0, 40*scenarios.MiB)
	if err := hit(l, 600); err == nil {
		t.Fatal("600 hits fill a cache of 64 MiB under a limit of 40 MiB")
	}
	e := awaitExits(t, l, 1)[0]
	if e.Reason != workload.OOMKilled || e.BeforeReady || e.Code != 137 {
		t.Errorf("exit %+v, want an OOM kill after Ready", e)
	}
	eventually(t, "restarted", func() bool { return l.Instances()[0].Restarts == 1 })
	if _, ready, err := l.AwaitReady(t.Context()); !ready || err != nil {
		t.Errorf("after the restart: ready %v, error %v", ready, err)
	}
}

func TestChildOOM(t *testing.T) {
	l := open(t, demo("-child", "64MiB"))
	mustBegin(t, l, 0, 40*scenarios.MiB)
	// Until the child's pages are given back, the main process may be killed for want of one.
	eventually(t, "the child was killed and its memory is free", func() bool {
		s := sample(t, l)
		return *s.OOMKills >= 1 && *s.Usage < 20*scenarios.MiB
	})
	if err := hit(l, 1); err != nil || len(l.Exits()) > 0 {
		t.Errorf("the main process: %v, exits %+v; want it alive", err, l.Exits())
	}
	if kills := *sample(t, l).OOMKills; kills != 1 {
		t.Errorf("%d OOM kills, want 1", kills)
	}
}

func TestLeakGrows(t *testing.T) {
	l := open(t, demo("-cpu-per-hit", "0", "-cache", "0", "-leak-per-hit", "64KiB"))
	mustBegin(t, l, 0, 128*scenarios.MiB)
	before := *sample(t, l).Anon
	if err := hit(l, 300); err != nil {
		t.Fatal(err)
	}
	grown, leaked := *sample(t, l).Anon-before, 300*64*scenarios.KiB
	t.Logf("%d bytes leaked, %d more in use", leaked, grown)
	if grown < leaked*9/10 || grown > leaked+16*scenarios.MiB {
		t.Errorf("%d bytes more in use, want about %d", grown, leaked)
	}
}

func TestCrashLoop(t *testing.T) {
	file := as("crash")
	file.Workload.Containers[0].Env = append(file.Workload.Containers[0].Env,
		scenarios.Variable{Name: "PASSWORD", Value: scenarios.NewSecret("hunter22"), Marked: true})
	l := open(t, file)
	if begin(t, l, 0, 0) {
		t.Fatal("Ready")
	}
	e := awaitExits(t, l, crashLoop)[0]
	if e.Reason != workload.ExitedError || e.Code != 3 || !e.BeforeReady || len(e.Output) != keptLines {
		t.Fatalf("exit %+v, want code 3 and %d lines", e, keptLines)
	}
	if got := e.Output[keptLines-1]; got != "the password is (secret)" {
		t.Errorf("last line %q", got)
	}
	if long := len(e.Output[keptLines-2]); long > keptBytes+len("…") {
		t.Errorf("a line of %d bytes was kept", long)
	}
}

func TestNeverReady(t *testing.T) {
	file := as("wait")
	file.Workload.Startup = 300 * time.Millisecond
	l := open(t, file)
	if begin(t, l, 0, 0) || len(l.Exits()) > 0 {
		t.Errorf("Ready, or exits %+v", l.Exits())
	}
}

func TestNoSuchProgram(t *testing.T) {
	for _, program := range []string{"no-such-program-here", "./no-such-program-here"} {
		file := demo()
		file.Workload.Containers[0].Command = []string{program}
		l := open(t, file)
		if _, err := l.Apply(t.Context(), limits(0, 0), true); err == nil || !strings.Contains(err.Error(), program) {
			t.Errorf("error %v, want one that names %s", err, program)
		}
	}
}

func TestPortTaken(t *testing.T) {
	listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	file := demo()
	file.Workload.Port = listener.Addr().(*net.TCPAddr).Port
	l := open(t, file)
	if _, err := l.Apply(t.Context(), limits(0, 0), true); err == nil || !strings.Contains(err.Error(), "is taken") {
		t.Errorf("error %v, want one that says the port is taken", err)
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

func TestGracefulStop(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "stopped")
	file := as("graceful")
	file.Workload.Containers[0].Env = append(file.Workload.Containers[0].Env,
		scenarios.Variable{Name: "MARK", Value: scenarios.NewSecret(mark)})
	file.Workload.StopGrace = patience
	l := open(t, file)
	mustBegin(t, l, 0, 0)
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(mark); err != nil {
		t.Error("SIGTERM was not given its time:", err)
	}
}

func TestStubbornIsKilled(t *testing.T) {
	file := as("stubborn")
	file.Workload.StopGrace = 100 * time.Millisecond
	l := open(t, file)
	mustBegin(t, l, 0, 0)
	if err := l.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestLivenessRestarts(t *testing.T) {
	file := as("sick")
	file.Workload.Readiness.LivenessFailures = 2
	l := open(t, file)
	mustBegin(t, l, 0, 0)
	if e := awaitExits(t, l, 1)[0]; e.Reason != workload.LivenessKill || e.BeforeReady {
		t.Errorf("exit %+v, want a liveness kill after Ready", e)
	}
}

// A run that is killed leaves cgroups, and the child of its container; its container dies with it. The next run's start
// clears all of it, says so, and leaves a run that lives alone.
func TestKilledRunIsClearedByTheNext(t *testing.T) {
	live := open(t, demo())
	mustBegin(t, live, 300, 128*scenarios.MiB)
	run := exec.Command(os.Args[0])
	run.Env = append(os.Environ(), roleVariable+"=run")
	stdin, err := run.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := run.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	stop := sync.OnceFunc(func() { _ = run.Process.Kill(); _ = run.Wait() })
	defer stop()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil || strings.HasPrefix(line, "error") {
		t.Fatalf("the run to be killed: %q, %v", line, err)
	}
	stop()

	var said []string
	next, err := New(demo(), Options{Notice: func(text string) { said = append(said, text) }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := next.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	for folder := range strings.FieldsSeq(line) {
		if _, err := os.Stat(folder); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there", folder)
		}
		if all := strings.Join(said, "\n"); !strings.Contains(all, folder) {
			t.Errorf("%s is not mentioned in %q", folder, all)
		}
	}
	t.Log(strings.Join(said, "\n"))
	if err := hit(live, 1); err != nil {
		t.Error("the run that lives:", err)
	}
}
