package reports

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner/scan"
)

// scanned is a ranking of a workload with much to spare, one that was killed, and one that is not known.
func scanned(spoiled bool) scan.Ranking {
	const mib = scenarios.MiB
	set := func(cpu scenarios.MilliCPU, memory scenarios.Bytes) scenarios.Resources {
		return scenarios.Resources{CPURequest: cpu, CPULimit: cpu, MemoryRequest: memory, MemoryLimit: memory}
	}
	reading := scan.Reading{At: began, Namespace: "shop", Unread: []string{"throttling on node a: forbidden"}, Workloads: []scan.Workload{
		{Namespace: "shop", Kind: "Deployment", Name: "web", Replicas: 40, Containers: []scan.Container{{Name: "app", Resources: set(700, 256*mib),
			UsedCPU: new(scenarios.MilliCPU(200)), UsedMemory: new(128 * mib)}}},
		{Namespace: "shop", Kind: "StatefulSet", Name: "db", Replicas: 1, Containers: []scan.Container{{Name: "db", Resources: set(500, 512*mib),
			UsedCPU: new(scenarios.MilliCPU(600)), UsedMemory: new(500 * mib), OOMKills: 1, LastOOMKill: new(began.Add(-3 * time.Hour)), Restarts: 4, Throttled: new(0.31)}}},
		{Namespace: "shop", Kind: "Job", Name: "import", Replicas: 1, Containers: []scan.Container{{Name: "run"}}},
	}}
	if spoiled {
		spoil(reflect.ValueOf(&reading).Elem())
	}
	return scan.Rank(reading, scenarios.DefaultPrices())
}

func scanFormats() map[string]func(io.Writer, scan.Ranking) error {
	return map[string]func(io.Writer, scan.Ranking) error{"json": ScanJSON, "md": ScanMarkdown, "html": ScanHTML,
		"txt": func(w io.Writer, r scan.Ranking) error { return Scan(w, r, nil) }}
}

func TestScan(t *testing.T) {
	for suffix, format := range scanFormats() {
		var b bytes.Buffer
		if err := format(&b, scanned(false)); err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{"web", "db", "plimsoll tune -f scenarios.yaml", "Without a load test", "forbidden"} {
			if !strings.Contains(b.String(), part) {
				t.Errorf("%s does not say %q", suffix, part)
			}
		}
		if suffix != "html" { // its styles are no news
			golden(t, "scan."+suffix, b.Bytes())
		}
		if suffix == "json" && !json.Valid(b.Bytes()) {
			t.Error("no JSON")
		}
	}
}

func TestHostileScanStaysText(t *testing.T) {
	for suffix, format := range scanFormats() {
		var b bytes.Buffer
		if err := format(&b, scanned(true)); err != nil {
			t.Fatal(err)
		}
		for _, acts := range map[string][]string{"json": {"<img", "\x1b"}, "html": {"<img"}, "md": {"<img", "\x1b", "::"}, "txt": {"\x1b", "\r"}}[suffix] {
			if strings.Contains(b.String(), acts) {
				t.Errorf("%s holds %q", suffix, acts)
			}
		}
	}
}
