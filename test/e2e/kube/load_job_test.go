package kube

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll/plimsoll/cluster"
	"github.com/plimsoll/plimsoll/loadgen"
	"github.com/plimsoll/plimsoll/scenarios"
)

func planFor(addresses []string, rate float64, length time.Duration) loadgen.Plan {
	return loadgen.Plan{
		Traffic: scenarios.Traffic{
			Protocol: scenarios.HTTP1, Timeout: 2 * time.Second, MaxInFlight: 1000, Arrivals: scenarios.Uniform,
			Hits: []scenarios.Hit{{Name: "work", Weight: 1, Path: "/work", Headers: []scenarios.Variable{
				{Name: "Authorization", Value: scenarios.NewSecret("Bearer e2e"), Marked: true},
			}}},
		},
		Scenario: scenarios.Scenario{
			Name: "steady", Kind: scenarios.Ramp, Stages: []scenarios.Stage{{From: rate, To: rate, For: length}},
		},
		Addresses: addresses, Grace: 3 * time.Second,
	}
}

func TestLoadJob(t *testing.T) {
	p := newPlace(t, map[string]string{"pod-security.kubernetes.io/enforce": "restricted"})
	service := newPlace(t, nil)
	plan := planFor(service.deployDemo(t, "2"), 50, 6*time.Second)
	var seconds []loadgen.Second
	var began time.Time
	plan.OnStart = func(at time.Time) { began = at }
	plan.OnSecond = func(s loadgen.Second) { seconds = append(seconds, s) }
	asked := time.Now()
	r, err := p.loadJob().Run(t.Context(), plan)
	took := time.Since(asked)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s took %v; invalid %q", plan.Scenario.Name, took, r.Invalid)
	if r.Hits != 300 || !r.Complete || r.Outcomes[loadgen.OK]+r.Outcomes[loadgen.Late] < 295 {
		t.Errorf("%d hits, complete %v, outcomes %v, errors %v", r.Hits, r.Complete, r.Outcomes, r.Errors)
	}
	if len(r.ReplicaOK) != 2 || r.ReplicaOK[0] == 0 || r.ReplicaOK[1] == 0 {
		t.Errorf("hits by replica: %v", r.ReplicaOK)
	}
	for i, s := range seconds[:min(len(seconds), 6)] {
		if s.At.Round(time.Second) != time.Duration(i+1)*time.Second {
			t.Errorf("second %d is at %v", i, s.At)
		}
	}
	if len(seconds) < 6 {
		t.Errorf("%d seconds of 6 came", len(seconds))
	}
	// It is one machine, so that its own clock is the Pod's.
	if r.Remote.ClockOffset == nil || r.Remote.ClockOffset.Abs() > *r.Remote.ClockWithin+10*time.Millisecond || *r.Remote.ClockWithin > 500*time.Millisecond {
		t.Errorf("the clock is said to be off by %+v", *r.Remote)
	}
	if began.Before(asked) || r.Started.Before(asked) || r.Started.After(asked.Add(took)) {
		t.Errorf("asked at %v, began %v, started %v", asked, began, r.Started)
	}
	p.left(t)
}

func TestLoadJobIsInterrupted(t *testing.T) {
	t.Parallel() // nothing is measured
	p := newPlace(t, nil)
	plan := planFor(p.deployDemo(t, "1"), 20, time.Minute)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var stopped time.Time
	plan.OnSecond = func(s loadgen.Second) {
		if s.At > 2*time.Second && stopped.IsZero() {
			stopped = time.Now()
			cancel()
		}
	}
	r, err := p.loadJob().Run(ctx, plan)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("ended %v after it was cancelled", time.Since(stopped))
	if r.Complete || r.Hits < 40 || r.Response.Count() == 0 {
		t.Errorf("an interrupted load gives %d hits, complete %v, invalid %q", r.Hits, r.Complete, r.Invalid)
	}
	if ended := time.Since(stopped); ended > 15*time.Second {
		t.Errorf("it took %v to end", ended)
	}
	p.left(t)
}

func TestLoadJobIsRefused(t *testing.T) {
	t.Parallel() // nothing is measured
	for name, c := range map[string]struct {
		prepare func(t *testing.T, p place, job *cluster.LoadJob)
		says    string
	}{
		"quota": {func(t *testing.T, p place, _ *cluster.LoadJob) {
			_, err := p.Typed.CoreV1().ResourceQuotas(p.Namespace).Create(t.Context(), &corev1.ResourceQuota{
				ObjectMeta: metav1.ObjectMeta{Name: "tight"},
				Spec:       corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{corev1.ResourceRequestsCPU: resource.MustParse("10m")}},
			}, metav1.CreateOptions{})
			if err != nil {
				t.Fatal(err)
			}
		}, "exceeded quota: tight"},
		"image":   {func(_ *testing.T, _ place, job *cluster.LoadJob) { job.Image = "localhost/nothing:1" }, "localhost/nothing:1"},
		"version": {func(_ *testing.T, _ place, job *cluster.LoadJob) { job.Version = "v0.0.1" }, "same version"},
		"node": {func(_ *testing.T, _ place, job *cluster.LoadJob) {
			job.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1000")}
		}, "Insufficient cpu"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t, nil)
			job := p.loadJob()
			c.prepare(t, p, job)
			began := time.Now()
			_, err := job.Run(t.Context(), planFor([]string{"10.0.0.1:1"}, 1, time.Second))
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v says nothing of %q", err, c.says)
			}
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("it took %v to say so", took)
			}
			p.left(t)
		})
	}
}

// loadPod is the one Pod of a load.
func (p place) loadPod(t *testing.T) corev1.Pod {
	t.Helper()
	pods, err := p.Typed.CoreV1().Pods(p.Namespace).List(t.Context(), metav1.ListOptions{LabelSelector: cluster.AgentSelector})
	if err != nil || len(pods.Items) != 1 {
		t.Fatalf("%d load Pods: %v", len(pods.Items), err)
	}
	return pods.Items[0]
}

// Whatever becomes of the load's Pod while it runs makes the load invalid, and no error: the next trial may go well.
func TestLoadPodIsLost(t *testing.T) {
	t.Parallel() // nothing is measured
	for name, c := range map[string]struct {
		end  func(t *testing.T, p place)
		says string
	}{
		"deleted": {func(t *testing.T, p place) {
			if err := p.Typed.CoreV1().Pods(p.Namespace).Delete(t.Context(), p.loadPod(t).Name, metav1.DeleteOptions{}); err != nil {
				t.Error(err)
			}
		}, "told to end"},
		"killed": {func(t *testing.T, p place) { killAgent(t, p.loadPod(t).Name) }, "exit code 137"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t, nil)
			plan := planFor(p.deployDemo(t, "1"), 20, time.Minute)
			ended := false
			plan.OnSecond = func(s loadgen.Second) {
				if !ended && s.At > 2*time.Second {
					ended = true
					c.end(t, p)
				}
			}
			r, err := p.loadJob().Run(t.Context(), plan)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(strings.Join(r.Invalid, "; "), c.says) {
				t.Errorf("invalid for %q, which says nothing of %q", r.Invalid, c.says)
			}
			p.left(t)
		})
	}
}

// killAgent kills the agent in a Pod, which must run on this very machine.
func killAgent(t *testing.T, pod string) {
	environs, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range environs {
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains("\x00"+string(text), "\x00HOSTNAME="+pod+"\x00") {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err == nil {
			err = syscall.Kill(pid, syscall.SIGKILL)
		}
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Skip("the Pod runs on another machine")
}
