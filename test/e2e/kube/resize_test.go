package kube

import (
	"slices"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
	workload "github.com/plimsoll/plimsoll/workload/kube"
)

// open takes the workload of s over, and gives it back after the test.
func (s site) open(t *testing.T) *workload.Kube {
	t.Helper()
	file := scenarios.File{Workload: scenarios.Workload{Kind: scenarios.Kubernetes, Object: s.object, Namespace: s.ns, Replicas: 2,
		Startup: time.Minute, Containers: []scenarios.Container{{Name: "app", Tune: true}}}}
	return take(t, s.client(t), file)
}

// apply puts settings in force and tells whether the replicas are new, and how long it took until they were Ready.
func apply(t *testing.T, k *workload.Kube, cpu scenarios.MilliCPU, memory scenarios.Bytes, fresh bool) (restarted bool, took time.Duration) {
	t.Helper()
	began := time.Now()
	settings := tuner.Settings{{Container: "app", Resources: scenarios.Resources{CPURequest: 50, CPULimit: cpu, MemoryRequest: memory, MemoryLimit: memory}}}
	restarted, err := k.Apply(t.Context(), settings, fresh)
	if err != nil {
		t.Fatal(err)
	}
	if _, ready, err := k.AwaitReady(t.Context()); err != nil || !ready {
		t.Fatalf("ready %v, %v", ready, err)
	}
	if doubts := k.Doubts(); len(doubts) > 0 {
		t.Errorf("doubts %v", doubts)
	}
	return restarted, time.Since(began)
}

// A CPU limit changes on the running containers; memory, and whoever asks for fresh replicas, gets new ones.
func TestCPUChangesWithoutRestart(t *testing.T) {
	s := newSite(t, "deploy/web", workloadOf("Deployment", ""))
	k := s.open(t)
	instances := func() (ids []string) {
		for _, i := range k.Instances() {
			ids = append(ids, i.Pod.ContainerID)
		}
		return ids
	}
	if restarted, took := apply(t, k, 400, 64*scenarios.MiB, false); !restarted {
		t.Error("the first settings came without new replicas")
	} else {
		t.Logf("first: %v", took)
	}
	first := instances()
	if len(first) != 2 || slices.Contains(first, "") {
		t.Fatalf("instances %q, want 2", first)
	}
	restarted, took := apply(t, k, 700, 64*scenarios.MiB, false)
	t.Logf("CPU: %v", took)
	if restarted || !slices.Equal(instances(), first) {
		t.Errorf("restarted %v, containers %q, before %q", restarted, instances(), first)
	}
	restarted, took = apply(t, k, 700, 80*scenarios.MiB, false)
	t.Logf("memory: %v", took)
	if !restarted || slices.Equal(instances(), first) {
		t.Errorf("memory changed: restarted %v", restarted)
	}
	if restarted, _ = apply(t, k, 700, 80*scenarios.MiB, true); !restarted {
		t.Error("fresh replicas were asked for")
	}
	if ends := k.Exits(); len(ends) > 0 {
		t.Errorf("nobody's fault, yet %v", ends)
	}
}
