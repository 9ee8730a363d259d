package scenarios

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseSLO(t *testing.T) {
	tests := []struct {
		line string
		want SLO
	}{
		{"p99 < 200ms", SLO{Metric: ResponseTime, Quantile: 0.99, Strict: true, Time: 200 * time.Millisecond, Text: "p99 < 200ms"}},
		{"p99.9<=1s", SLO{Metric: ResponseTime, Quantile: 0.999, Time: time.Second, Text: "p99.9 <= 1s"}},
		{"  p50   <  20ms ", SLO{Metric: ResponseTime, Quantile: 0.5, Strict: true, Time: 20 * time.Millisecond, Text: "p50 < 20ms"}},
		{"p99.99 < 1m", SLO{Metric: ResponseTime, Quantile: 0.9999, Strict: true, Time: time.Minute, Text: "p99.99 < 1m"}},
		{"errors < 0.1%", SLO{Metric: ErrorRatio, Strict: true, Value: 0.001, Text: "errors < 0.1%"}},
		{"errors <= 0%", SLO{Metric: ErrorRatio, Text: "errors <= 0%"}},
		{"throttled < 5%", SLO{Metric: ThrottledRatio, Strict: true, Value: 0.05, Text: "throttled < 5%"}},
		{"throughput >= 99%", SLO{Metric: ThroughputRate, AtLeast: true, Value: 0.99, Text: "throughput >= 99%"}},
		{"oom_kills <= 1", SLO{Metric: OOMKills, Value: 1, Text: "oom_kills <= 1"}},
		{"restarts <= 0", SLO{Metric: Restarts, Text: "restarts <= 0"}},
		{"memory < 90%", SLO{Metric: MemoryUse, Strict: true, Value: 0.9, Text: "memory < 90%"}},
		{"cpu < 80%", SLO{Metric: CPUUse, Strict: true, Value: 0.8, Text: "cpu < 80%"}},
	}
	for _, test := range tests {
		got, err := ParseSLO(test.line)
		if err != nil {
			t.Errorf("%q: %v", test.line, err)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%q: %s", test.line, diff)
		}
		if again, err := ParseSLO(got.Text); err != nil || again != got {
			t.Errorf("%q, read again from its text: %+v, %v", got.Text, again, err)
		}
	}
}

func TestParseSLORefuses(t *testing.T) {
	// Each differs by one thing from a line that is right; testdata/bad/slos.golden holds the messages.
	for _, line := range []string{
		"", "p99", "p99 < ", "< 200ms", "p99 == 200ms", "p99 <> 1s", "p99 < 1s < 2s", "p < 1s", "p0 < 1s", "p100 < 1s", "p9.9.9 < 1s",
		"p99 < 1", "p99 < 0s", "p99 < -1s", "p99 < 2h", "p99 < NaN", "errors < 1", "errors < %", "errors < -1%", "errors < 1e1%", "errors < 101%",
		"errors < Inf%", "oom_kills < 0", "oom_kills <= 1%", "oom_kills <= 99999999999999999999", "throughput <= 99%", "throughput > 100%", "P99 < 1s",
	} {
		if got, err := ParseSLO(line); err == nil {
			t.Errorf("%q is read as %+v", line, got)
		}
	}
}
