package local

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/observer"
	"github.com/plimsoll/plimsoll/observer/cgroup"
	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
	"github.com/plimsoll/plimsoll/workload"
)

// demoBinary names the environment variable with the path of the demo service, for where there is no Go to build it.
const demoBinary = "PLIMSOLL_DEMO_BIN"

func TestMain(m *testing.M) {
	os.Exit(func() int {
		if role := os.Getenv(roleVariable); role != "" {
			return play(role)
		}
		if os.Getenv(demoBinary) == "" {
			folder, err := os.MkdirTemp("", "plimsoll-demo-")
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
			defer os.RemoveAll(folder)
			program := filepath.Join(folder, "demoservice")
			build := exec.Command("go", "build", "-o", program, "github.com/plimsoll/plimsoll/demo")
			build.Env = append(os.Environ(), "CGO_ENABLED=0")
			if out, err := build.CombinedOutput(); err != nil {
				fmt.Fprintf(os.Stderr, "build the demo service: %v\n%s", err, out)
				return 1
			}
			os.Setenv(demoBinary, program)
		}
		return m.Run()
	}())
}

// demo is a workload of one replica of the demo service that starts at once; args are added to its command.
func demo(args ...string) scenarios.File {
	command := append([]string{os.Getenv(demoBinary), "-start-cpu", "0", "-start-wait", "0"}, args...)
	return scenarios.File{Workload: scenarios.Workload{
		Kind: scenarios.Local, Name: "demo", Replicas: 1,
		Containers: []scenarios.Container{{Name: "app", Command: command}},
		Readiness:  scenarios.Probe{HTTPPath: "/healthz", Interval: 20 * time.Millisecond, Timeout: time.Second},
		Startup:    30 * time.Second, StopGrace: 5 * time.Second,
	}}
}

// limits are settings for a container called app; 0 is "no limit".
func limits(cpu scenarios.MilliCPU, memory scenarios.Bytes) tuner.Settings {
	return tuner.Settings{{Container: "app", Resources: scenarios.Resources{CPULimit: cpu, MemoryLimit: memory}}}
}

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
