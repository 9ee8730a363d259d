package wire

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/plimsoll/plimsoll/loadgen"
	"github.com/plimsoll/plimsoll/scenarios"
)

// examplePlan has something in every field that a plan can carry.
func examplePlan(t testing.TB) loadgen.Plan {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	imported := write("protos/shop/v1/types.proto", "syntax = \"proto3\"; // types")
	return loadgen.Plan{
		Traffic: scenarios.Traffic{
			URL: "https://shop.example", Protocol: scenarios.HTTP1, Timeout: time.Second, MaxInFlight: 9, Seed: 1 << 63,
			TLS:  scenarios.TLS{CAFile: write("ca.pem", "ca"), CertFile: write("c.pem", "cert"), KeyFile: write("k.pem", "key")},
			GRPC: &scenarios.GRPC{ImportPaths: []string{filepath.Join(dir, "protos")}, ProtoFiles: []string{imported, write("own/own.proto", "own")}},
			Hits: []scenarios.Hit{
				{
					Name: "buy", Weight: 2.5, Method: "POST", Path: "/buy/{{.id}}", Body: scenarios.NewSecret("{\"pin\": 1234}"), BodyMarked: true,
					Headers: []scenarios.Variable{{Name: "Authorization", Value: scenarios.NewSecret("Bearer hunter2"), Marked: true}},
					Data:    &scenarios.Data{File: "ids.csv", Columns: []string{"id", "n"}, Rows: [][]string{{"1", "a"}, {"2", ""}}},
					Status:  []int{201}, BodyContains: "ok",
				},
				{Name: "look", Weight: 1, Path: "/"},
			},
		},
		Scenario: scenarios.Scenario{
			Name: "ramp", Kind: scenarios.Ramp, Warmup: time.Second,
			Stages: []scenarios.Stage{{From: 1, To: 100, For: time.Minute}, {From: 5, To: 5, Amplitude: 2, Period: time.Second, For: time.Second}},
		},
		Addresses: []string{"10.0.0.1:80", "10.0.0.2:80"}, TightestSLO: 20 * time.Millisecond,
		Closed: true, Connections: 3, Grace: 4 * time.Second,
	}
}

func TestPlanGoesOverWhole(t *testing.T) {
	sent := examplePlan(t)
	b, err := EncodePlan(sent, "v1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	got, err := DecodePlan(b, "v1.2.3", dir)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		got.Traffic.TLS.CAFile: "ca", got.Traffic.TLS.CertFile: "cert", got.Traffic.TLS.KeyFile: "key",
		got.Traffic.GRPC.ProtoFiles[1]:                                        "own",
		filepath.Join(got.Traffic.GRPC.ImportPaths[0], "shop/v1/types.proto"): "syntax = \"proto3\"; // types",
	} {
		text, err := os.ReadFile(path)
		if err != nil || string(text) != want || !strings.HasPrefix(path, dir) {
			t.Errorf("%s holds %q, want %q (%v)", path, text, want, err)
		}
	}
	if want := filepath.Join(got.Traffic.GRPC.ImportPaths[0], "shop/v1/types.proto"); got.Traffic.GRPC.ProtoFiles[0] != want {
		t.Errorf("a .proto file below an import path is now %s, want %s", got.Traffic.GRPC.ProtoFiles[0], want)
	}
	got.Traffic.TLS, got.Traffic.GRPC = sent.Traffic.TLS, sent.Traffic.GRPC
	if diff := cmp.Diff(sent, got, cmp.Comparer(scenarios.Secret.Equal)); diff != "" {
		t.Errorf("the plan changed on its way (- sent, + got):\n%s", diff)
	}
}

func TestPlanOfAnotherVersionIsRefused(t *testing.T) {
	b, err := EncodePlan(loadgen.Plan{}, "v1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := DecodePlan(b, "v2", t.TempDir()); err == nil || !strings.Contains(err.Error(), `"v1"`) || !strings.Contains(err.Error(), `"v2"`) {
		t.Errorf("error %v names not both versions", err)
	}
}

// A result of a real run, with failures in it, so that histograms are censored.
func exampleResult(t testing.TB) loadgen.Result {
	n := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if n++; n%5 == 0 {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	defer server.Close()
	result, err := loadgen.Run(context.Background(), loadgen.Plan{
		Traffic: scenarios.Traffic{URL: server.URL, Protocol: scenarios.HTTP1, Timeout: time.Second, MaxInFlight: 1,
			Hits: []scenarios.Hit{{Name: "hit", Weight: 1, Path: "/"}}},
		Scenario: scenarios.Scenario{Stages: []scenarios.Stage{{From: 100, To: 100, For: 300 * time.Millisecond}}},
		Grace:    time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestResultGoesOverWhole(t *testing.T) {
	sent := exampleResult(t)
	messages, err := Split(sent)
	if err != nil {
		t.Fatal(err)
	}
	var parts []Part
	var end *End
	for _, m := range messages {
		m.At = time.Now()
		b, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeMessage(b)
		if err != nil {
			t.Fatal(err)
		}
		if got.Part != nil {
			parts = append(parts, *got.Part)
		}
		end = got.End
	}
	got, err := Join(parts, *end)
	if err != nil {
		t.Fatal(err)
	}
	if sent.Response.Censored() == 0 {
		t.Fatal("the example has no censored hit, and so tests less than it should")
	}
	got.Started, sent.Started = got.Started.Round(0).UTC(), sent.Started.Round(0).UTC()
	sameDistribution := cmp.Comparer(func(a, b loadgen.Distribution) bool {
		x, _ := a.MarshalJSON()
		y, _ := b.MarshalJSON()
		return string(x) == string(y)
	})
	if diff := cmp.Diff(sent, got, sameDistribution, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the result changed on its way (- sent, + got):\n%s", diff)
	}
	if err := got.Response.Merge(sent.Response); err != nil || got.Response.Count() != 2*sent.Response.Count() {
		t.Errorf("a histogram that came over merges to %d of %d hits (%v)", got.Response.Count(), 2*sent.Response.Count(), err)
	}
	if _, err := Join(parts[1:], *end); err == nil {
		t.Error("a result without its first part is no error")
	}
	parts[0].Bytes = append([]byte{}, parts[0].Bytes...)
	parts[0].Bytes[3] ^= 1
	if _, err := Join(parts, *end); err == nil {
		t.Error("a damaged result is no error")
	}
}

func TestMessagesSayOneThing(t *testing.T) {
	for _, m := range []Message{{}, {Hello: &Hello{}, Tick: &Tick{}}} {
		b, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := DecodeMessage(b); err == nil {
			t.Errorf("%+v is taken for a message", m)
		}
	}
}

func TestFilesStayInTheirFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "in")
	err := layDown([]file{{Root: 0, Path: "../../escaped", Bytes: []byte("x")}}, dir, &scenarios.Traffic{})
	if err == nil {
		t.Error("a path that leads out of the folder is no error")
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(dir), "escaped")); err == nil {
		t.Error("the file was written")
	}
}
