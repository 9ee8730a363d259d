package local

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/observer"
	"github.com/plimsoll/plimsoll/observer/cgroup"
	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/workload"
)

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
		if err := l.Close(context.Background()); err != nil {
			t.Error("close:", err)
		}
	})
	return l
}

// apply starts fresh replicas and reports whether they became Ready.
func (l *Local) begin(t *testing.T, cpu scenarios.MilliCPU, memory scenarios.Bytes) (ready bool) {
	t.Helper()
	if _, err := l.Apply(t.Context(), limits(cpu, memory), true); err != nil {
		t.Fatal(err)
	}
	startup, ready, err := l.AwaitReady(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Log("ready:", ready, "after", startup)
	return ready
}

// sample reads the counters of the first container.
func (l *Local) sample(t *testing.T) observer.Sample {
	t.Helper()
	s, err := cgroup.Read(l.Instances()[0].Cgroup)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// awaitExits waits until there are at least n.
func (l *Local) awaitExits(t *testing.T, n int) []workload.Exit {
	t.Helper()
	late := time.After(30 * time.Second)
	for {
		exits := l.Exits()
		_, changed := l.replicas[0].state.now()
		if len(exits) >= n || len(l.Exits()) >= n {
			return l.Exits()
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("%d exits after 30 s, want %d", len(exits), n)
		}
	}
}

func TestLimitsAreInForce(t *testing.T) {
	l := open(t, demo())
	if !l.begin(t, 500, 64*scenarios.MiB) {
		t.Fatal("not ready:", l.Exits())
	}
	s := l.sample(t)
	t.Logf("%+v: cpu %v, anon %d, peak %d", l.Instances()[0].Cgroup, *s.CPU, *s.Anon, *s.Peak)
	if *s.CPULimit != 500 || *s.MemoryLimit != 64*scenarios.MiB {
		t.Errorf("limits %d, %d", *s.CPULimit, *s.MemoryLimit)
	}
	restarted, err := l.Apply(t.Context(), limits(250, 64*scenarios.MiB), false)
	if err != nil || restarted {
		t.Errorf("CPU alone: restarted %v, error %v", restarted, err)
	}
	if s := l.sample(t); *s.CPULimit != 250 {
		t.Errorf("CPU limit %d, want 250", *s.CPULimit)
	}
}
