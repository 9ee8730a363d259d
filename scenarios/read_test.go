package scenarios

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vmihailenco/msgpack/v5"
)

// goodFiles are the documented example and the files of testdata that are as they should be.
func goodFiles(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/good/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no good files: %v", err)
	}
	return append(files, "../scenarios.yaml")
}

// planted is a secret that comes from the environment of the good files.
const planted = "planted-in-the-environment"

var goodEnvironment = map[string]string{"SHOP_TOKEN": planted}

func TestGoodFilesAreRead(t *testing.T) {
	for _, path := range goodFiles(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			file, err := readTestFile(t, path, goodEnvironment)
			if err != nil {
				t.Fatal(err)
			}
			checkInvariants(t, file)
			text, err := json.MarshalIndent(file, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("testdata", "good", strings.TrimSuffix(filepath.Base(path), ".yaml")+".golden.json"), append(text, '\n'))
		})
	}
}

// checkInvariants tests what the types promise of every File that was read.
func checkInvariants(t *testing.T, f File) {
	t.Helper()
	check := func(ok bool, format string, args ...any) {
		if !ok {
			t.Errorf(format, args...)
		}
	}
	check(f.Version == 1, "version %d", f.Version)
	check(f.Workload.Replicas >= 1 && f.Workload.Startup > 0, "workload %+v", f.Workload)
	check((len(f.Workload.Containers) == 0) == (f.Workload.Kind == External), "%d containers of a %s workload", len(f.Workload.Containers), f.Workload.Kind)
	for _, c := range f.Workload.Containers {
		b := c.Bounds
		check(0 < b.CPUMin && b.CPUMin < b.CPUMax && 0 < b.MemoryMin && b.MemoryMin < b.MemoryMax, "bounds of %s: %+v", c.Name, b)
		check((len(c.Command) > 0) == (f.Workload.Kind == Local), "command of %s: %q", c.Name, c.Command)
	}
	check(len(f.Traffic.Hits) > 0 && f.Traffic.Timeout > 0 && f.Traffic.MaxInFlight > 0, "traffic %+v", f.Traffic)
	for _, h := range f.Traffic.Hits {
		check(h.Weight > 0 && h.Method != "" && strings.HasPrefix(h.Path, "/") == (f.Traffic.Protocol != GRPCP), "hit %+v", h)
	}
	check(len(f.Scenarios) > 0 && len(f.SLOs) > 0, "%d scenarios, %d SLOs", len(f.Scenarios), len(f.SLOs))
	for _, s := range f.Scenarios {
		check(s.Warmup >= 0 && s.Warmup < s.Duration() && s.Duration() <= longest && s.PeakRate() > 0, "scenario %+v", s)
		for _, st := range s.Stages {
			check(st.From >= 0 && st.To >= 0 && st.For > 0 && st.Amplitude >= 0 && st.Amplitude <= st.From+fastest*1e-9, "stage %+v", st)
		}
	}
	named := func(name string) bool {
		return slices.ContainsFunc(f.Scenarios, func(s Scenario) bool { return s.Name == name })
	}
	x := f.Tuning
	check(named(x.Probe) && named(x.Confirm), "probe %q, confirm %q", x.Probe, x.Confirm)
	check(x.MaxTrials > 0 && x.MaxTime > 0 && x.Safety > 0.5 && x.Safety < 1 && (x.CPU || x.Memory), "tuning %+v", x)
}

func TestNoEncodingHoldsASecret(t *testing.T) {
	file, err := readTestFile(t, "testdata/good/everything.yaml", goodEnvironment)
	if err != nil {
		t.Fatal(err)
	}
	inJSON, errJSON := json.Marshal(file)
	packed, errPacked := msgpack.Marshal(file)
	if errJSON != nil || errPacked != nil {
		t.Fatal(errJSON, errPacked)
	}
	secrets := file.Secrets()
	for _, want := range []string{planted, "planted-in-the-file", "planted-in-a-row", "planted-in-a-cookie", "planted-in-the-body", "planted-in-a-variable"} {
		if !slices.ContainsFunc(secrets, func(s string) bool { return strings.Contains(s, want) }) {
			t.Errorf("%q is not among the secrets", want)
		}
	}
	for name, text := range map[string]string{
		"JSON": string(inJSON), "msgpack": string(packed), "%v": fmt.Sprint(file), "%+v": fmt.Sprintf("%+v", file),
		"%#v of headers": fmt.Sprintf("%#v", file.Traffic.Hits[0].Headers), "%x": fmt.Sprintf("%x", file.Traffic.Hits[0].Body),
	} {
		if strings.Contains(text, "planted") {
			t.Errorf("%s holds a secret:\n%s", name, text)
		}
	}
}

func TestSecretsAreOrderedAndLongEnough(t *testing.T) {
	data := &Data{Columns: []string{"id", "token"}, Rows: [][]string{{"1", "row-token"}}}
	file := File{Traffic: Traffic{Hits: []Hit{{
		Headers: []Variable{
			{Name: "Authorization", Value: NewSecret("Bearer abcdef"), Marked: true},
			{Name: "Cookie", Value: NewSecret("a=cookie1; b=x"), Marked: true},
			{Name: "X-Token", Value: NewSecret("{{.token}}"), Marked: true},
			{Name: "X-Plain", Value: NewSecret("not a secret")},
		},
		Data: data,
	}}}}
	want := []string{"a=cookie1; b=x", "Bearer abcdef", "row-token", "cookie1", "abcdef"}
	if diff := cmp.Diff(want, file.Secrets()); diff != "" {
		t.Error(diff)
	}
}

func TestDefaults(t *testing.T) {
	src := `{workload: {kind: kubernetes, object: deploy/web, port: 80, containers: [{name: app}]}, traffic: {hits: [{name: home}]},
scenarios: [{name: s, kind: soak, rate: 90/m, for: 1m}, {name: r, kind: steps, from: 10, to: 30/s, steps: 3, each: 5s}], slos: [p99.9 < 1s]}`
	f, err := Read("f.yaml", []byte(src), Environment{})
	if err != nil {
		t.Fatal(err)
	}
	want := File{
		Version: 1,
		Workload: Workload{
			Kind: Kubernetes, Name: "web", Object: "deploy/web", Replicas: 1, Port: 80, Startup: 30 * time.Second, StopGrace: 5 * time.Second,
			Readiness:  Probe{Interval: 100 * time.Millisecond, Timeout: time.Second},
			Containers: []Container{{Name: "app", Tune: true, Bounds: Bounds{CPUMin: 50, CPUMax: 4000, MemoryMin: 16 * MiB, MemoryMax: 4 * GiB}}},
		},
		Traffic: Traffic{Protocol: HTTP1, Timeout: 10 * time.Second, MaxInFlight: 1000, Arrivals: Uniform, Seed: 1,
			Hits: []Hit{{Name: "home", Weight: 1, Method: "GET", Path: "/"}}},
		Scenarios: []Scenario{
			{Name: "s", Kind: Soak, Stages: []Stage{{From: 1.5, To: 1.5, For: time.Minute}}},
			{Name: "r", Kind: Steps, Stages: []Stage{{From: 10, To: 10, For: 5 * time.Second}, {From: 20, To: 20, For: 5 * time.Second}, {From: 30, To: 30, For: 5 * time.Second}}},
		},
		SLOs: []SLO{{Metric: ResponseTime, Quantile: 0.999, Strict: true, Time: time.Second, Text: "p99.9 < 1s"}},
		Tuning: Tuning{Start: Conservative, CPU: true, Memory: true, QoS: Burstable, MaxTrials: 24, MaxTime: 30 * time.Minute,
			Safety: 0.95, Probe: "r", Confirm: "s", Prices: DefaultPrices()},
	}
	if diff := cmp.Diff(want, f, cmp.Comparer(Secret.Equal)); diff != "" {
		t.Error(diff)
	}
}

func TestExampleSpansTheBoundsOfTheDemo(t *testing.T) {
	f, err := ReadFile("../scenarios.yaml")
	if err != nil {
		t.Fatal(err)
	}
	b := f.Workload.Containers[0].Bounds
	if b.CPUMax < 32*b.CPUMin || b.MemoryMax < 32*b.MemoryMin {
		t.Errorf("bounds %+v span less than 32×", b)
	}
	if f.Tuning.Start != Conservative || f.Workload.Kind != Local {
		t.Errorf("start %s of a %s workload", f.Tuning.Start, f.Workload.Kind)
	}
	for _, s := range f.Scenarios {
		if judged := s.Duration() - s.Warmup; judged < 10*time.Second {
			t.Errorf("%s is judged for %s; 100 periods of the CPU quota are 10s", s.Name, judged)
		}
	}
}

func TestReadFileErrors(t *testing.T) {
	dir := t.TempDir()
	if _, err := ReadFile(filepath.Join(dir, "none.yaml")); err == nil || !strings.Contains(err.Error(), "read scenario file") {
		t.Errorf("a file that is not there: %v", err)
	}
	large := filepath.Join(dir, "large.yaml")
	if err := os.WriteFile(large, []byte("# "+strings.Repeat("x", maxSize)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(large); err == nil || !strings.Contains(err.Error(), "at most 1048576") {
		t.Errorf("a file over 1 MiB: %v", err)
	}
}

func TestInitTextsAreRead(t *testing.T) {
	texts := map[string][]byte{
		"url":           InitURL("http://shop.example:8080"),
		"url with path": InitURL("https://shop.example/a%20b/c"),
		"odd url":       InitURL(`http://shop.example/"{{x}}/@PATH@`),
		"command":       InitCommand([]string{"bin/my_Service", "--listen", ":${PORT}"}),
		"odd command":   InitCommand([]string{"./@NAME@", `"quoted" \ back`, "tab\tline\nend", "# no comment", "é", "\x7f", ""}),
		"nameless":      InitCommand([]string{"/___"}),
		"long name":     InitCommand([]string{strings.Repeat("a-", 60)}),
		"object": InitObject(Workload{Object: "deploy/web", Namespace: "shop", Replicas: 3, Port: 8080,
			Containers: []Container{{Name: "app"}, {Name: "side-car"}}}),
		"object without a port": InitObject(Workload{Object: "ds/agent", Namespace: "x", Replicas: 1, Containers: []Container{{Name: "a"}}}),
	}
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			f, err := Read("init.yaml", text, Environment{})
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			checkInvariants(t, f)
		})
	}
	odd, _ := Read("init.yaml", texts["odd command"], Environment{})
	if diff := cmp.Diff([]string{"./@NAME@", `"quoted" \ back`, "tab\tline\nend", "# no comment", "é", "\x7f", ""}, odd.Workload.Containers[0].Command); diff != "" {
		t.Error(diff)
	}
	golden(t, "testdata/init_url.yaml", texts["url"])
	golden(t, "testdata/init_command.yaml", texts["command"])
}
