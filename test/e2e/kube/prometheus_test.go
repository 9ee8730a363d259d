package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll/plimsoll/observer"
	"github.com/plimsoll/plimsoll/observer/cgroup"
)

// swift is a Prometheus whose samples are four a second, read from the very cgroups of the Pods: a kubelet takes one every
// 10 to 20 s, and a search whose loads are long enough for that takes half an hour. What is measured is the same.
type swift struct {
	*httptest.Server
	site site

	mu      sync.Mutex
	samples map[cell][]observer.Sample
}

// cell is one container of one Pod.
type cell struct{ pod, uid, container, id, image string }

const (
	swiftPace = 250 * time.Millisecond
	// swiftLast is more than the longest pause between two questions.
	swiftLast = 12 * time.Second
)

// swiftly starts one for the Pods of s, and returns the flags that make plimsoll ask it. It ends with the test, which skips
// on a cluster whose cgroups are elsewhere.
func (s site) swiftly(t *testing.T) []string {
	t.Helper()
	if s.Cgroup == "" {
		t.Skip("the cgroups of the cluster's Pods are on another machine")
	}
	w := &swift{site: s, samples: map[cell][]observer.Sample{}}
	mux := http.NewServeMux()
	mux.HandleFunc("/api/v1/query", w.query)
	w.Server = httptest.NewServer(mux)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var sampling sync.WaitGroup
	sampling.Go(func() { w.sample(ctx) })
	t.Cleanup(func() { stop(); sampling.Wait(); w.Close() })
	return []string{"--metrics", "prometheus", "--prometheus-url", w.URL}
}

// sample reads every container at the pace until ctx is done.
func (w *swift) sample(ctx context.Context) {
	tick := time.NewTicker(swiftPace)
	defer tick.Stop()
	for {
		list, err := w.site.Clients.CoreV1().Pods(w.site.ns).List(ctx, metav1.ListOptions{})
		if err == nil {
			w.mu.Lock()
			for i := range list.Items {
				w.add(&list.Items[i])
			}
			w.mu.Unlock()
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// add takes a sample of each running container of a Pod.
func (w *swift) add(pod *corev1.Pod) {
	for _, s := range append(append([]corev1.ContainerStatus(nil), pod.Status.InitContainerStatuses...), pod.Status.ContainerStatuses...) {
		_, id, found := strings.Cut(s.ContainerID, "://")
		if !found || s.State.Running == nil {
			continue
		}
		sample, err := cgroup.Read(w.cgroup(string(pod.UID), id))
		if err != nil {
			continue // it has just ended
		}
		sample.At = sample.At.Truncate(time.Millisecond)
		c := cell{pod.Name, string(pod.UID), s.Name, id, s.Image}
		all := append(w.samples[c], sample)
		for len(all) > 0 && time.Since(all[0].At) > swiftLast {
			all = all[1:]
		}
		w.samples[c] = all
	}
}

// cgroup is where the counters of a container are.
func (w *swift) cgroup(uid, id string) observer.Cgroup {
	folder := func(hierarchy string) string {
		found, _ := filepath.Glob(filepath.Join("/sys/fs/cgroup", hierarchy, w.site.Cgroup, "kubepods*", "*pod"+uid, id))
		if len(found) == 0 {
			found, _ = filepath.Glob(filepath.Join("/sys/fs/cgroup", hierarchy, w.site.Cgroup, "kubepods*", "*", "*pod"+uid, id))
		}
		if len(found) == 0 {
			return ""
		}
		return found[0]
	}
	if exists, _ := filepath.Glob("/sys/fs/cgroup/cgroup.controllers"); len(exists) > 0 {
		return observer.Cgroup{Version: 2, Unified: folder("")}
	}
	return observer.Cgroup{Version: 1, CPU: folder("cpu"), CPUAcct: folder("cpuacct"), Memory: folder("memory")}
}

// asked is the Pods in a query for raw samples.
var asked = regexp.MustCompile(`pod=~"([^"]*)"`)

// query answers a query for the raw samples of Pods.
func (w *swift) query(out http.ResponseWriter, r *http.Request) {
	found := asked.FindStringSubmatch(r.URL.Query().Get("query"))
	if found == nil {
		http.Error(out, "not a query for Pods", http.StatusBadRequest)
		return
	}
	names, err := regexp.Compile("^(" + strings.ReplaceAll(found[1], `\\`, `\`) + ")$")
	if err != nil {
		http.Error(out, err.Error(), http.StatusBadRequest)
		return
	}
	result := []any{}
	w.mu.Lock()
	for c, samples := range w.samples {
		if names.MatchString(c.pod) {
			result = append(result, w.seriesOf(c, samples)...)
		}
	}
	w.mu.Unlock()
	out.Header().Set("Content-Type", "application/json")
	answer := map[string]any{"status": "success", "data": map[string]any{"resultType": "matrix", "result": result}}
	_ = json.NewEncoder(out).Encode(answer) // fails only where the client has gone
}

// seriesOf are the series of a container under the names that cAdvisor gives them.
func (w *swift) seriesOf(c cell, samples []observer.Sample) []any {
	values := map[string][][2]any{}
	for _, s := range samples {
		put := func(name string, known bool, value func() float64) {
			if known {
				values[name] = append(values[name], [2]any{float64(s.At.UnixMilli()) / 1000, fmt.Sprintf("%.9f", value())})
			}
		}
		put("container_cpu_usage_seconds_total", s.CPU != nil, func() float64 { return s.CPU.Seconds() })
		put("container_cpu_cfs_periods_total", s.Periods != nil, func() float64 { return float64(*s.Periods) })
		put("container_cpu_cfs_throttled_periods_total", s.ThrottledPeriods != nil, func() float64 { return float64(*s.ThrottledPeriods) })
		put("container_cpu_cfs_throttled_seconds_total", s.ThrottledTime != nil, func() float64 { return s.ThrottledTime.Seconds() })
		put("container_oom_events_total", s.OOMKills != nil, func() float64 { return float64(*s.OOMKills) })
		put("container_memory_usage_bytes", s.Usage != nil, func() float64 { return float64(*s.Usage) })
		put("container_memory_working_set_bytes", s.WorkingSet != nil, func() float64 { return float64(*s.WorkingSet) })
		put("container_memory_rss", s.Anon != nil, func() float64 { return float64(*s.Anon) })
		put("container_memory_max_usage_bytes", s.Peak != nil, func() float64 { return float64(*s.Peak) })
		put("container_spec_memory_limit_bytes", s.MemoryLimit != nil, func() float64 { return float64(*s.MemoryLimit) })
		put("container_spec_cpu_period", s.CPULimit != nil, func() float64 { return 100_000 })
		put("container_spec_cpu_quota", s.CPULimit != nil && *s.CPULimit > 0, func() float64 { return float64(*s.CPULimit) * 100 })
	}
	var all []any
	for name, v := range values {
		if strings.HasPrefix(name, "container_spec_") {
			v = v[len(v)-1:] // as it is now
		}
		all = append(all, map[string]any{"values": v, "metric": map[string]string{"__name__": name, "namespace": w.site.ns, "pod": c.pod,
			"container": c.container, "image": c.image, "name": c.id, "id": "/kubepods/pod" + c.uid + "/" + c.id}})
	}
	return all
}
