package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// logServer is an API server that has one Pod, whose log it serves as serve says and whose state is pod.
func logServer(t *testing.T, pod func() *corev1.Pod, serve http.HandlerFunc) *podLog {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/api/v1/namespaces/n/pods/p/log", serve)
	mux.HandleFunc("/api/v1/namespaces/n/pods/p", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		p := pod()
		p.APIVersion, p.Kind = "v1", "Pod"
		if err := json.NewEncoder(w).Encode(p); err != nil {
			t.Error(err)
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	typed, err := kubernetes.NewForConfig(&rest.Config{Host: server.URL, QPS: -1, ContentConfig: rest.ContentConfig{ContentType: "application/json"}})
	if err != nil {
		t.Fatal(err)
	}
	return &podLog{client: &Client{Typed: typed}, namespace: "n", pod: "p", silent: time.Second, lost: 5 * time.Second}
}

func endedPod() *corev1.Pod {
	return podIn(corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "Completed"}})
}

func runningPod() *corev1.Pod {
	return podIn(corev1.ContainerState{Running: &corev1.ContainerStateRunning{}})
}

func numbered(n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprint("content ", i))
	}
	return all
}

// Connections that break after any byte neither lose a row nor repeat one.
func TestLogIsFollowedOverBrokenConnections(t *testing.T) {
	contents := numbered(40)
	text := "starting\n" + rowsOf(t, contents...)
	random := rand.New(rand.NewPCG(3, 4))
	served := atomic.Int64{}
	log := logServer(t, runningPod, func(w http.ResponseWriter, _ *http.Request) {
		n := int(served.Add(1))
		_, _ = w.Write([]byte(text[:min(len(text), n*len(text)/9+random.IntN(60))]))
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler) // the connection is reset
	})
	var got []string
	end, err := log.follow(t.Context(), func(content []byte) (bool, error) {
		got = append(got, string(content))
		return len(got) == len(contents), nil
	})
	if err != nil || end != "" || !slices.Equal(got, contents) {
		t.Errorf("ended %q (%v) with %d rows of %d: %q", end, err, len(got), len(contents), got)
	}
	if len(log.gaps) > 0 {
		t.Errorf("gaps %q where nothing is missing", log.gaps)
	}
	if served.Load() < 5 {
		t.Errorf("only %d connections were made: the test tests less than it should", served.Load())
	}
}

// What a Pod wrote between the last row read and its end is read after its end.
func TestLogIsReadToItsEnd(t *testing.T) {
	contents := numbered(5)
	text := rowsOf(t, contents...) + "panic: no\n"
	log := logServer(t, endedPod, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("follow") == "true" {
			_, _ = w.Write([]byte(text[:len(text)/2]))
			return
		}
		_, _ = w.Write([]byte(text))
	})
	var got []string
	end, err := log.follow(t.Context(), func(content []byte) (bool, error) {
		got = append(got, string(content))
		return false, nil
	})
	if err != nil || end != "Completed, exit code 0" || !slices.Equal(got, contents) || strings.Join(log.other, "") != "panic: no" {
		t.Errorf("ended %q (%v) with %q, beside them %q", end, err, got, log.other)
	}
	if len(log.gaps) > 0 {
		t.Errorf("half a line that came whole later is told as a gap: %q", log.gaps)
	}
}

func TestMissingRowsAreTold(t *testing.T) {
	lines := strings.SplitAfter(rowsOf(t, numbered(6)...), "\n")
	text := strings.Join(slices.Delete(lines, 2, 4), "")
	log := logServer(t, endedPod, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) })
	if _, err := log.follow(t.Context(), func([]byte) (bool, error) { return false, nil }); err != nil {
		t.Fatal(err)
	}
	if want := "rows 2 to 3 are missing from the log"; !slices.Equal(log.gaps, []string{want}) {
		t.Errorf("gaps %q, want %q", log.gaps, want)
	}
}

// A log that falls silent is asked for again, and given up where the Pod says nothing either.
func TestSilentLogIsGivenUp(t *testing.T) {
	log := logServer(t, runningPod, func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	log.silent, log.lost = 20*time.Millisecond, 100*time.Millisecond
	_, err := log.follow(t.Context(), func([]byte) (bool, error) { return false, nil })
	if err == nil || !strings.Contains(err.Error(), "nothing has come from Pod n/p") {
		t.Errorf("error %v", err)
	}
}

func TestFollowingEndsWhenTold(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	log := logServer(t, runningPod, func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		cancel()
		<-r.Context().Done()
	})
	if _, err := log.follow(ctx, func([]byte) (bool, error) { return false, nil }); err != context.Canceled {
		t.Errorf("error %v", err)
	}
}
