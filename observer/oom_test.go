package observer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/tuner"
)

// counts is a series whose OOM counter has these readings, one a second; −1 is one that could not be read.
func counts(readings ...int64) []Series {
	s := Series{Target: Target{Container: "app"}}
	for i, n := range readings {
		sample := Sample{At: after(float64(i))}
		if n >= 0 {
			sample.OOMKills = &n
		}
		s.Samples = append(s.Samples, sample)
	}
	return []Series{s}
}

func TestClassify(t *testing.T) {
	end := func(second float64, code int) End {
		return End{Container: "app", At: after(second), Code: &code}
	}
	because := func(e End, why EndReason) End { e.Reason = why; return e }
	oom := func(e End) End { return because(e, OOMKilled) }
	early := func(e End) End { e.BeforeReady = true; return e }
	for _, test := range []struct {
		name     string
		ends     []End
		counters []Series
		held     bool   // the container was running before: not fresh
		want     string // kind@second of each kill
	}{
		{name: "nothing", counters: counts(0, 0, 0)},
		{name: "the main process, under load", ends: []End{oom(end(1.5, 137))}, counters: counts(0, 0, 1), want: "oom@1.5"},
		{name: "the main process, at start", ends: []End{oom(early(end(0.5, 137)))}, counters: counts(0, 1, 1), want: "oom_start@0.5"},
		{name: "said by the workload, counters unknown", ends: []End{oom(end(1, 137))}, counters: counts(-1, -1), want: "oom@1.0"},
		{name: "SIGKILL, and the kernel counted it", ends: []End{end(1.5, 137)}, counters: counts(0, 0, 1), want: "oom@1.5"},
		{name: "SIGKILL, and nothing says why", ends: []End{end(1.5, 137)}, counters: counts(0, 0, 0), want: "unknown@1.5"},
		{name: "SIGKILL, counters unknown", ends: []End{end(1.5, 137)}, counters: counts(-1, -1, -1), want: "unknown@1.5"},
		{name: "no exit code", ends: []End{{Container: "app", At: after(1)}}, counters: counts(0, 0), want: "unknown@1.0"},
		{name: "a child, the main process lives on", counters: counts(0, 0, 1, 1), want: "oom_child@2.0"},
		{name: "two children at once", counters: counts(0, 2), want: "oom_child@1.0 oom_child@1.0"},
		{name: "a child, then the main process", ends: []End{oom(end(2.5, 137))}, counters: counts(0, 1, 1, 2), want: "oom_child@1.0 oom@2.5"},
		{name: "a child, and the main process gives up", ends: []End{end(1.5, 1)}, counters: counts(0, 1, 1), want: "oom_child@1.0 crash@1.5"},
		{name: "a kill that is known comes before one in doubt", ends: []End{end(0.5, 137), oom(end(1.5, 137))},
			counters: counts(0, 0, 1), want: "unknown@0.5 oom@1.5"},
		{name: "restarts", ends: []End{oom(early(end(0.5, 137))), oom(early(end(1.5, 137))), oom(early(end(2.5, 137)))},
			counters: counts(0, 1, 2, 3), want: "oom_start@0.5 oom_start@1.5 oom_start@2.5"},
		{name: "a crash", ends: []End{end(1, 3)}, counters: counts(0, 0), want: "crash@1.0"},
		{name: "done, though it should serve", ends: []End{end(1, 0)}, counters: counts(0, 0), want: "crash@1.0"},
		{name: "liveness", ends: []End{because(end(1, 137), LivenessKill)}, counters: counts(0, 0), want: "liveness@1.0"},
		{name: "a child, and the main process gives up, as the runtime tells", ends: []End{because(end(1.5, 1), ChildOOM)},
			counters: counts(0, 1, 1), want: "oom_child@1.5"},
		{name: "the node's memory", ends: []End{because(end(1, 137), NodeOOM)}, counters: counts(0, 0), want: "oom_node@1.0"},
		{name: "evicted, though the kernel counts a kill", ends: []End{because(end(1, 137), Evicted)}, counters: counts(0, 1),
			want: "evicted@1.0 oom_child@1.0"},
		{name: "deleted", ends: []End{because(end(1, 137), Deleted)}, counters: counts(0, 0), want: "deleted@1.0"},
		{name: "gone unseen", ends: []End{{Container: "app", At: after(1), Reason: Unseen}}, counters: counts(0, 0), want: "unknown@1.0"},
		{name: "kills from before this trial", counters: counts(4, 4, 5), held: true, want: "oom_child@2.0"},
		{name: "kills before the first sample of a fresh one", ends: []End{oom(early(end(0, 137)))}, counters: counts(1, 1), want: "oom_start@0.0"},
		{name: "another container's kill", ends: []End{{Container: "sidecar", At: after(1), Code: new(137)}},
			counters: counts(0, 1), want: "unknown@1.0 oom_child@1.0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, k := range Classify(test.ends, test.counters, !test.held, start) {
				got = append(got, fmt.Sprintf("%s@%.1f", k.Kind, k.At.Seconds()))
				if k.Kind == tuner.OOMChild && k.ExitCode != nil && *k.ExitCode == codeKilled {
					t.Errorf("a child's death has exit code %d of its container", *k.ExitCode)
				}
			}
			if strings.Join(got, " ") != test.want {
				t.Errorf("%s, want %s", strings.Join(got, " "), test.want)
			}
		})
	}
}
