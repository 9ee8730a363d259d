package restore

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// outside is what a run needs beside the API server: the service that takes the load, and a Prometheus.
type outside struct {
	*httptest.Server
	player *player
}

func newOutside(t *testing.T, player *player) *outside {
	t.Helper()
	o := &outside{player: player}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.HandleFunc("/api/v1/query", o.query)
	o.Server = httptest.NewServer(mux)
	t.Cleanup(o.Close)
	return o
}

// selected are the namespace and the Pods in a query for raw samples.
var selected = regexp.MustCompile(`namespace="([^"]*)",pod=~"([^"]*)"`)

// query answers a query for raw samples: those of an idle service in every container that it asks for.
func (o *outside) query(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query().Get("query")
	found := selected.FindStringSubmatch(query)
	if found == nil {
		http.Error(w, "not a query that is played: "+query, http.StatusBadRequest)
		return
	}
	names, err := regexp.Compile("^(" + strings.ReplaceAll(found[2], `\\`, `\`) + ")$")
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	series := []any{}
	for _, pod := range o.player.in(found[1]) {
		if names.MatchString(pod.Name) {
			series = append(series, o.seriesOf(pod)...)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	answer := map[string]any{"status": "success", "data": map[string]any{"resultType": "matrix", "result": series}}
	_ = json.NewEncoder(w).Encode(answer) // fails only where the client has gone
}

const (
	sampleEvery = 100 * time.Millisecond // much more often than a kubelet: a load here lasts a third of a second
	sampleLast  = 5 * time.Second
	mebibyte    = 1 << 20
)

// seriesOf are the series of a Pod's containers: 20 millicores, no throttling, 20 MiB.
func (o *outside) seriesOf(pod *corev1.Pod) []any {
	born := o.player.bornAt(pod.UID)
	now := time.Now().Add(time.Millisecond).Truncate(time.Millisecond) // times are whole milliseconds, and none is before now
	var all []any
	for _, c := range append(append([]corev1.Container(nil), pod.Spec.InitContainers...), pod.Spec.Containers...) {
		id := containerID(pod, c.Name)
		counters := map[string]func(age float64) float64{
			"container_cpu_usage_seconds_total":         func(age float64) float64 { return age / 50 },
			"container_cpu_cfs_periods_total":           func(age float64) float64 { return float64(int(age * 10)) },
			"container_cpu_cfs_throttled_periods_total": func(float64) float64 { return 0 },
			"container_cpu_cfs_throttled_seconds_total": func(float64) float64 { return 0 },
			"container_oom_events_total":                func(float64) float64 { return 0 },
			"container_memory_usage_bytes":              func(float64) float64 { return 20 * mebibyte },
			"container_memory_working_set_bytes":        func(float64) float64 { return 20 * mebibyte },
			"container_memory_rss":                      func(float64) float64 { return 18 * mebibyte },
			"container_memory_max_usage_bytes":          func(float64) float64 { return 21 * mebibyte },
			"container_start_time_seconds":              func(float64) float64 { return float64(born.Unix()) },
			"container_spec_memory_limit_bytes":         func(float64) float64 { return float64(c.Resources.Limits.Memory().Value()) },
			"container_spec_cpu_period":                 func(float64) float64 { return 100_000 },
			"container_spec_cpu_quota":                  func(float64) float64 { return float64(c.Resources.Limits.Cpu().MilliValue() * 100) },
		}
		for name, at := range counters {
			labels := map[string]string{"__name__": name, "namespace": pod.Namespace, "pod": pod.Name, "container": c.Name, "image": c.Image,
				"name": id, "id": "/kubepods/pod" + string(pod.UID) + "/" + id}
			values := [][2]any{}
			for t := now.Add(-sampleLast); !t.After(now); t = t.Add(sampleEvery) {
				if t.After(born) {
					values = append(values, [2]any{float64(t.UnixMilli()) / 1000, fmt.Sprint(at(t.Sub(born).Seconds()))})
				}
			}
			all = append(all, map[string]any{"metric": labels, "values": values})
		}
	}
	return all
}
