package local

import (
	"bufio"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/workload"
)

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
