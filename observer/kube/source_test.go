package kube

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll/plimsoll/observer"
	"github.com/plimsoll/plimsoll/tuner"
)

func target(pod, container, id string) observer.Target {
	return observer.Target{Container: container, Pod: observer.Pod{Namespace: "w", Name: pod, UID: "uid-" + pod, Node: "n", ContainerID: id}}
}

// fake is a source that takes a sample of one container every 10 s, half a core all the time.
type fake struct {
	began time.Time

	mu sync.Mutex
	// id is the instance that runs now, and born when it started.
	id   string
	born time.Time
	err  error
	node int64
}

func (f *fake) Name() string         { return "fake" }
func (f *fake) Every() time.Duration { return 20 * time.Second }
func (f *fake) Note() string         { return "" }
func (f *fake) Place() *tuner.Place  { return &tuner.Place{Where: "Pod a on node n"} }

// now is the instance that runs now.
func (f *fake) now() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.id
}

// change changes what the next reading says.
func (f *fake) change(how func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	how()
}

func (f *fake) Read(context.Context, []observer.Target) ([]Row, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	at := f.born.Add(time.Since(f.born).Truncate(10 * time.Second))
	row := Row{Namespace: "w", Pod: "p", UID: "uid-p", Container: "app", ContainerID: f.id, Started: f.born, Taken: at,
		Sample: observer.Sample{At: at, CPU: new(at.Sub(f.born) / 2)}}
	node := Row{Node: "n", Taken: time.Now(), Sample: observer.Sample{At: time.Now(), OOMKills: new(f.node)}}
	return []Row{row, node, row}, f.err
}

// Repeats are kept once, a restart begins a new instance, and Stop waits until there is a sample from after it was called.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{began: time.Now(), born: time.Now(), id: "one"}
		w := Start(Reading{Source: f}, func() []observer.Target { return []observer.Target{target("p", "app", f.now())} })
		time.Sleep(33 * time.Second)
		f.change(func() { f.id, f.born = "two", time.Now() })
		time.Sleep(23 * time.Second)
		stopped := time.Now()
		series := w.Stop(t.Context())
		if wait := time.Since(stopped); wait < 6*time.Second || wait > 9*time.Second {
			t.Errorf("waited %s for a sample that was due in 7 s", wait)
		}
		if len(series) != 1 || series[0].Source != "fake" || series[0].Reader == nil || series[0].Every != 20*time.Second || len(series[0].Doubts) != 0 {
			t.Fatalf("%+v", series)
		}
		var got []string
		for _, s := range series[0].Samples {
			got = append(got, fmt.Sprintf("%d@%.0f", s.Instance, s.At.Sub(f.began).Seconds()))
		}
		if text := strings.Join(got, " "); text != "0@0 0@10 0@20 0@30 1@33 1@43 1@53 1@63" {
			t.Error(text)
		}
		if len(series[0].Notes) != 1 || !strings.Contains(series[0].Notes[0], "restarted") {
			t.Errorf("notes %q", series[0].Notes)
		}
		if again := w.Stop(t.Context()); len(again) != 1 {
			t.Error("stopped again, it returns something else")
		}
	})
}

func TestWatchFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{born: time.Now(), id: "one"}
		targets := func() []observer.Target {
			return []observer.Target{target("p", "app", "one"), target("q", "app", "other")}
		}
		w := Start(Reading{
			Source:  f,
			Metrics: func(context.Context, []observer.Target) ([]PodMetrics, error) { return nil, fmt.Errorf("503") },
		}, targets)
		time.Sleep(6 * time.Second)
		f.change(func() { f.err, f.node = fmt.Errorf("refused"), 2 })
		began := time.Now()
		series := w.Stop(t.Context())
		if wait := time.Since(began); wait > defaultSettle+closingPace {
			t.Errorf("waited %s for a container that is never sampled", wait)
		}
		if s := series[0]; len(s.Problems) != 1 || s.Problems[0] != "refused" || len(s.Notes) != 1 || !strings.Contains(s.Notes[0], "503") {
			t.Errorf("%+v", s)
		}
		if d := series[1].Doubts; len(d) != 1 || !strings.Contains(d[0].Text, "node n ran out of memory as a whole, 2 times") {
			t.Errorf("doubts %+v", d)
		}
		cancelled, cancel := context.WithCancel(t.Context())
		w = Start(Reading{Source: f}, targets)
		cancel()
		began = time.Now()
		w.Stop(cancelled)
		if wait := time.Since(began); wait > 0 {
			t.Errorf("waited %s although it was cancelled", wait)
		}
		w = Start(Reading{}, targets)
		if s := w.Stop(t.Context()); len(s) != 2 || len(s[0].Problems) != 1 || !strings.Contains(s[0].Problems[0], "no source") {
			t.Errorf("without a source: %+v", s)
		}
	})
}

// A kubelet over HTTP whose clock is 100 s ahead; what a reader in the cluster writes is what it reads; a refusal names the
// right.
func TestKubelets(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "cadvisor-1.35-v1.txt"))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", time.Now().Add(100*time.Second).UTC().Format(http.TimeFormat))
		if r.URL.Path != "/n" {
			http.Error(w, "Forbidden (user=u, verb=get, resource=nodes, subresource=metrics)", http.StatusForbidden)
			return
		}
		_, _ = w.Write(text)
	}))
	defer server.Close()
	k := &Kubelets{Title: "kubelet", Client: server.Client(), Wanted: Filter{Namespace: "w"},
		URL: func(node string) (string, error) { return server.URL + "/" + node, nil }}
	rows, err := k.Read(t.Context(), []observer.Target{{Pod: observer.Pod{Node: "n"}}})
	if err != nil || len(rows) != 8 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, r := range rows {
		if ahead := r.Taken.Sub(r.At); ahead < 99*time.Second || ahead > 101*time.Second || r.Node != "n" {
			t.Fatalf("a row of %q, translated by %s", r.Node, ahead)
		}
	}
	_, err = k.Read(t.Context(), []observer.Target{{Pod: observer.Pod{Node: "forbidden"}}})
	if err == nil || !strings.Contains(err.Error(), "nodes/metrics") || !strings.Contains(err.Error(), "403") {
		t.Errorf("%v", err)
	}
	testCollect(t, k, rows)
}

// testCollect carries rows through a reader's lines.
func testCollect(t *testing.T, k *Kubelets, want []Row) {
	var box Inbox
	lines := 0
	ctx, cancel := context.WithCancel(t.Context())
	err := Collect(ctx, k, []string{"n", "forbidden"}, time.Millisecond, func(line []byte) error {
		if lines++; lines == 4 { // the second round has nothing new
			cancel()
		}
		return box.Line(line, time.Now())
	})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := box.Read(t.Context(), nil)
	if err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("the refusal of a node became %v", err)
	}
	if len(rows) != len(want) {
		t.Fatalf("%d rows, want %d", len(rows), len(want))
	}
	for i, r := range rows {
		if off := r.At.Sub(want[i].At).Abs(); off > 2*time.Second || r.ContainerID != want[i].ContainerID || !r.Taken.Equal(want[i].Taken) {
			t.Errorf("row %d: %+v, want %+v", i, r, want[i])
		}
	}
	if rows, _ := box.Read(t.Context(), nil); len(rows) != 0 {
		t.Errorf("%d rows a second time", len(rows))
	}
	for _, bad := range []string{"", "{}", `{"node":"n"}`, `{"node":"n","written":"2026-01-01T00:00:00Z","rows":[{"at":0}]}`} {
		if box.Line([]byte(bad), time.Now()) == nil {
			t.Errorf("%q is a line", bad)
		}
	}
}

func FuzzInbox(f *testing.F) {
	f.Add([]byte(`{"node":"n","ahead":5,"written":"2026-01-01T00:00:00Z","rows":[{"ns":"w","pod":"p","uid":"u","c":"app","id":"i","at":5000,"cpu":1}]}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		var box Inbox
		if box.Line(line, time.Unix(1e9, 0)) != nil {
			return
		}
		rows, _ := box.Read(t.Context(), nil)
		var s seen
		s.add(rows, nil)
		s.series(target("p", "app", "i"))
	})
}

// The worked values of clock's comment, and a clock that is set back.
func TestClock(t *testing.T) {
	at := func(s float64) time.Time { return time.Unix(0, int64(s*1e9)) }
	var c clock
	c.dated(at(10), at(10.02), at(12))
	if low, high := c.low, c.high; low != 1980*time.Millisecond || high != 3*time.Second {
		t.Errorf("%s to %s", low, high)
	}
	c.dated(at(14.97), at(14.99), at(17))
	if low, high := c.low, c.high; low != 2010*time.Millisecond || high != 3*time.Second {
		t.Errorf("%s to %s", low, high)
	}
	c.dated(at(20), at(20.01), at(15))
	if offset, within, known := c.offset(); offset > -4*time.Second || within > time.Second || !known {
		t.Errorf("after it was set back: %s within %s", offset, within)
	}
}

func TestDecodePrometheus(t *testing.T) {
	const labels = `"namespace":"w","pod":"p","container":"app","name":"i","id":"/kubepods/pod41e77a1f-03de-4337-a12b-8b0986c5106d/i"`
	text := `{"status":"success","data":{"resultType":"matrix","result":[
	{"metric":{"__name__":"container_cpu_usage_seconds_total","cpu":"total",` + labels + `},"values":[[100.123,"1.5"],[130.5,"2.5"]]},
	{"metric":{"__name__":"container_memory_rss",` + labels + `},"values":[[100.123,"10"]]},
	{"metric":{"__name__":"container_spec_memory_limit_bytes",` + labels + `},"values":[[105,"1000"]]},
	{"metric":{"__name__":"up"},"values":[[105,"1"]]}]}}`
	rows, err := DecodePrometheus([]byte(text))
	if err != nil || len(rows) != 2 {
		t.Fatalf("%+v, %v", rows, err)
	}
	first, second := rows[0], rows[1]
	if first.At.UnixMilli() != 100123 || *first.CPU != 1500*time.Millisecond || *first.Anon != 10 || *first.MemoryLimit != 1000 ||
		first.UID != "41e77a1f-03de-4337-a12b-8b0986c5106d" || first.ContainerID != "i" {
		t.Errorf("%+v", first)
	}
	if second.At.UnixMilli() != 130500 || second.Anon != nil || *second.MemoryLimit != 1000 {
		t.Errorf("%+v", second)
	}
	for _, bad := range []string{"", "<html>", `{"status":"error","error":"too many samples"}`, `{"status":"success","data":{"resultType":"vector"}}`,
		`{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"container_memory_rss","namespace":"w"},"values":[["x",1]]}]}}`} {
		if _, err := DecodePrometheus([]byte(bad)); err == nil {
			t.Errorf("%q is an answer", bad)
		}
	}
}

func TestPrometheus(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query().Get("query")
		if r.URL.Path != "/api/v1/query" || !strings.Contains(q, `namespace="w",pod=~"a\\.b|c"}[90s]`) || !strings.Contains(q, "|container_oom_events_total|") {
			t.Errorf("asked %s for %s", r.URL.Path, q)
		}
		_, _ = w.Write([]byte(`{"status":"success","data":{"resultType":"matrix","result":[]}}`))
	}))
	defer server.Close()
	p := &Prometheus{Client: server.Client(), Base: server.URL + "/"}
	if rows, err := p.Read(t.Context(), []observer.Target{target("a.b", "x", ""), target("c", "x", ""), target("c", "y", "")}); err != nil || len(rows) != 0 {
		t.Errorf("%v, %v", rows, err)
	}
}

func FuzzDecodePrometheus(f *testing.F) {
	f.Add([]byte(`{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"container_memory_rss","namespace":"w","pod":"p"},"values":[[100.1,"1"]]}]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		rows, err := DecodePrometheus(text)
		if err != nil {
			return
		}
		for _, r := range rows {
			line, err := json.Marshal(r)
			if err != nil || json.Unmarshal(line, new(Row)) != nil {
				t.Fatalf("%+v does not survive: %v, %s", r, err, bytes.TrimSpace(line))
			}
		}
	})
}
