package kube

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/plimsoll/plimsoll/observer"
	observerkube "github.com/plimsoll/plimsoll/observer/kube"
	"github.com/plimsoll/plimsoll/test/kube"
	"github.com/plimsoll/plimsoll/tuner"
)

// held makes the demo program itself hold more than its limit; burning uses all the CPU it can get.
var (
	held    = []corev1.EnvVar{{Name: "DEMOSERVICE_CHILD", Value: "64MiB"}}
	burning = []string{"-start-cpu", "1h"}
)

// container of the demo image with limits.
func (p place) container(name string, args []string, env []corev1.EnvVar) corev1.Container {
	return corev1.Container{
		Name: name, Image: kube.DemoImage, ImagePullPolicy: corev1.PullIfNotPresent, Args: args, Env: append([]corev1.EnvVar{{Name: "PORT", Value: "8080"}}, env...),
		Resources: corev1.ResourceRequirements{Limits: corev1.ResourceList{
			corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("32Mi"),
		}},
	}
}

// runPod starts a Pod.
func (p place) runPod(t *testing.T, name string, init []corev1.Container, containers ...corev1.Container) {
	t.Helper()
	_, err := p.Typed.CoreV1().Pods(p.Namespace).Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": "watched"}},
		Spec:       corev1.PodSpec{InitContainers: init, Containers: containers, TerminationGracePeriodSeconds: new(int64(1))},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// followed are the Pods of a namespace as a watch tells of them.
type followed struct {
	*observerkube.Tracker
	mu   sync.Mutex
	pods map[string]*corev1.Pod
}

// follow watches the Pods of the place until the test ends.
func (p place) follow(t *testing.T) *followed {
	t.Helper()
	f := &followed{Tracker: observerkube.NewTracker(), pods: map[string]*corev1.Pod{}}
	w, err := p.Typed.CoreV1().Pods(p.Namespace).Watch(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	reading.Go(func() {
		for e := range w.ResultChan() {
			if pod, ok := e.Object.(*corev1.Pod); ok {
				f.Pod(time.Now(), pod)
				f.mu.Lock()
				f.pods[pod.Name] = pod
				f.mu.Unlock()
			}
		}
	})
	t.Cleanup(func() { w.Stop(); reading.Wait() })
	return f
}

// targets are the containers that run now, sidecars too.
func (f *followed) targets() []observer.Target {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []observer.Target
	for _, pod := range f.pods {
		for _, s := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
			_, id, _ := strings.Cut(s.ContainerID, "://")
			if s.State.Running == nil {
				id = ""
			}
			all = append(all, observer.Target{Container: s.Name, Pod: observer.Pod{
				Namespace: pod.Namespace, Name: pod.Name, UID: string(pod.UID), Node: pod.Spec.NodeName, ContainerID: id,
			}})
		}
	}
	slices.SortFunc(all, func(a, b observer.Target) int {
		return strings.Compare(a.Pod.Name+"/"+a.Container, b.Pod.Name+"/"+b.Container)
	})
	for i := range all {
		all[i].Replica = i // so that kills and series are matched by it
	}
	return all
}

// metrics asks the metrics API.
func (p place) metrics(ctx context.Context, targets []observer.Target) ([]observerkube.PodMetrics, error) {
	list, err := p.Metrics.MetricsV1beta1().PodMetricses(p.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	return observerkube.DecodeMetrics(list, targets), nil
}

// OOM kills of a main process, a child whose parent lives on and a sidecar are each counted once; throttling is seen.
func TestWatchedInACluster(t *testing.T) {
	p := newPlace(t, nil)
	f := p.follow(t)
	sidecar := p.container("proxy", nil, held)
	sidecar.RestartPolicy = new(corev1.ContainerRestartPolicyAlways)
	p.runPod(t, "burn", nil, p.container("app", burning, nil))
	p.runPod(t, "oom-child", nil, p.container("app", []string{"-start-cpu", "0", "-child", "64MiB"}, nil))
	p.runPod(t, "oom-main", nil, p.container("app", nil, held))
	p.runPod(t, "oom-sidecar", []corev1.Container{sidecar}, p.container("app", []string{"-start-cpu", "0"}, nil))
	kube.Await(t, "the begin of every Pod", func(context.Context) bool { return len(f.targets()) == 5 && len(f.Ends()) >= 2 })
	watch := observerkube.Start(observerkube.Reading{Source: throughServer(t, p.Config, p.Namespace), Metrics: p.metrics}, f.targets)
	began := time.Now()
	wait(t, 70*time.Second)
	series := watch.Stop(t.Context())
	if waited := time.Since(began) - 70*time.Second; waited > 40*time.Second {
		t.Errorf("the last samples took %s", waited)
	}
	p.checkThrottled(t, series, began.Add(20*time.Second), began.Add(70*time.Second))
	f.checkEnds(t)
	kills := observer.Classify(nil, series, true, began)
	var child []string
	for _, k := range kills {
		if k.Kind == tuner.OOMChild {
			child = append(child, series[k.Replica].Pod.Name)
		}
	}
	if strings.Join(child, " ") != "oom-child" {
		t.Errorf("children killed for memory while their parents lived on: %q, want the one of oom-child once", child)
	}
}

func wait(t *testing.T, d time.Duration) {
	select {
	case <-t.Context().Done():
	case <-time.After(d):
	}
}

// checkThrottled looks at the container that burns.
func (p place) checkThrottled(t *testing.T, series []observer.Series, from, to time.Time) {
	t.Helper()
	u, problems := observer.Use(series[0], from, to, true)
	if len(problems) > 0 || u.ThrottledRatio() == nil || *u.ThrottledRatio() < 0.5 || *u.CPU < 0.07 || *u.CPU > 0.12 ||
		u.CPULimit != 100 || u.MemoryLimit != 32<<20 || u.Source != "kubelet" {
		t.Errorf("a container that burns at 100m: %+v, %q", u, problems)
	}
	if m := u.MetricsServer; m == nil || m.CPU < 0.07 || m.CPU > 0.13 {
		t.Errorf("the metrics API says %+v", m)
	}
}

// checkEnds compares the ends seen with what the last list says: each restart has one, and each is an OOM kill.
func (f *followed) checkEnds(t *testing.T) {
	t.Helper()
	seen := map[string]int{}
	for _, e := range f.Ends() {
		seen[e.Pod.Name+"/"+e.Container]++
		if e.Reason != observer.OOMKilled {
			t.Errorf("%s of %s ended by %s: %s", e.Container, e.Pod.Name, e.Reason, e.Text)
		}
	}
	for name, n := range seen {
		pod, container, _ := strings.Cut(name, "/")
		restarts := f.Restarts(string(f.pods[pod].UID), container)
		if n != restarts && n != restarts+1 { // one that waits for its restart
			t.Errorf("%s ended %d times and restarted %d times", name, n, restarts)
		}
	}
	if len(seen) != 2 || seen["oom-main/app"] == 0 || seen["oom-sidecar/proxy"] == 0 {
		t.Errorf("ends of %v, want those of oom-main/app and oom-sidecar/proxy", seen)
	}
	if d := f.Doubts(); len(d) > 0 {
		t.Errorf("doubts %v", d)
	}
}

// Who may read neither nodes nor the metrics API gets no figure, and is told what is missing.
func TestNodesForbidden(t *testing.T) {
	t.Parallel()
	p := newPlace(t, nil)
	f := p.follow(t)
	p.runPod(t, "burn", nil, p.container("app", burning, nil))
	kube.Await(t, "the Pod", func(context.Context) bool { all := f.targets(); return len(all) == 1 && all[0].Pod.ContainerID != "" })
	nobody := rest.CopyConfig(p.Config)
	nobody.Impersonate = rest.ImpersonationConfig{UserName: "nobody"}
	watch := observerkube.Start(observerkube.Reading{
		Source: throughServer(t, nobody, p.Namespace), Settle: time.Second,
		Metrics: func(context.Context, []observer.Target) ([]observerkube.PodMetrics, error) {
			return nil, fmt.Errorf("503 Service Unavailable")
		},
	}, f.targets)
	series := watch.Stop(t.Context())
	u, problems := observer.Use(series[0], time.Now().Add(-time.Minute), time.Now(), true)
	text := strings.Join(problems, "\n")
	if u.CPU != nil || u.OOMKills != nil || u.Periods != nil || !strings.Contains(text, "403") || !strings.Contains(text, "nodes/proxy") {
		t.Errorf("%+v, %s", u, text)
	}
	if notes := strings.Join(series[0].Notes, "\n"); !strings.Contains(notes, "503") {
		t.Errorf("notes %q say nothing of the metrics API", notes)
	}
}
