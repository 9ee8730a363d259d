package loadgen

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares got with testdata/golden/name, or rewrites that with -update.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is now\n%s\nwas\n%s\n(-update rewrites it)", file, got, want)
	}
}

// fixedRun is a run of which everything is known: n hits over 10 s, each changed by change.
func fixedRun(plan Plan, change func(k int, h *hitRecord)) Result {
	r := newRecorder(plan)
	c := newSchedule(plan.Scenario, scenarios.Uniform, 0)
	for k := 0; ; k++ {
		at, stage, ok := c.next()
		if !ok {
			break
		}
		h := answered(at, time.Duration(1000+k%1000)*time.Microsecond)
		h.sent, h.stage = at+50*time.Microsecond, stage
		change(k, &h)
		r.offer(h)
	}
	end := plan.Scenario.Duration()
	result := summarize(plan, []*recorder{r}, ranFor{
		started: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), ended: end, complete: true, maxInFlight: 12,
	})
	result.Generator = GeneratorUse{CPU: 400 * time.Millisecond, Cores: 0.04, Allowed: 2, PeakMemory: 20 * scenarios.MiB}
	result.Invalid = doubts(plan, result)
	return result
}

// examples are the runs whose summaries are golden.
func examples() map[string]Result {
	steady := fixedRun(planOf(constant(500, 10*time.Second)), func(int, *hitRecord) {})

	failing := planOf(constant(10, 2*time.Second), constant(500, 10*time.Second))
	failing.Scenario.Warmup = 2 * time.Second
	failing.Addresses = []string{"10.0.0.1:80", "10.0.0.2:80"}
	failing.Traffic.Hits = []scenarios.Hit{{Name: "read", Weight: 3}, {Name: "write", Weight: 1}}
	failed := fixedRun(failing, func(k int, h *hitRecord) {
		h.kind, h.replica = k%4/3, k%3/2
		switch {
		case k%50 == 0:
			h.outcome, h.done = ixTimeout, h.sent+30*time.Second
		case k%1000 == 1:
			h.outcome, h.done = ixRefused, h.sent+90*time.Microsecond
		case k > 5000:
			h.outcome, h.sent, h.done = ixDropped, notSent, h.planned
		}
	})
	failed.Errors = map[Outcome]string{Refused: "dial tcp 10.0.0.2:80: connect: connection refused"}

	invalid := fixedRun(planOf(constant(500, 10*time.Second)), func(k int, h *hitRecord) {
		h.sent += 4 * time.Millisecond
		h.done += 4 * time.Millisecond
	})
	invalid.Complete = false

	closed := planOf(constant(0, 10*time.Second))
	closed.Closed = true
	r := newRecorder(closed)
	for k := range 20_000 {
		r.offer(answered(time.Duration(k)*500*time.Microsecond, 2*time.Millisecond))
	}
	fast := summarize(closed, []*recorder{r}, ranFor{ended: 10 * time.Second, complete: true, maxInFlight: 4})
	fast.Generator = GeneratorUse{CPU: 2 * time.Second, Cores: 0.2, Allowed: 2}

	return map[string]Result{"steady": steady, "failed": failed, "invalid": invalid, "closed": fast, "empty": {Complete: true}}
}

func TestWriteText(t *testing.T) {
	for name, result := range examples() {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := WriteText(&out, result); err != nil {
				t.Fatal(err)
			}
			golden(t, name+".txt", out.Bytes())
		})
	}
}

func TestResultJSON(t *testing.T) {
	result := examples()["failed"]
	text, err := json.MarshalIndent(result, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "failed.json", append(text, '\n'))
	var back Result
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	again, err := json.MarshalIndent(back, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(text, again) {
		t.Errorf("the result did not come back whole:\n%s", again)
	}
}

func TestFormats(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{formatTime(0), "0.00 µs"},
		{formatTime(51_200), "51.2 µs"},
		{formatTime(999_600), "1000 µs"},
		{formatTime(9_996 * time.Microsecond), "10.0 ms"},
		{formatTime(30 * time.Second), "30.0 s"},
		{formatTime(5 * time.Minute), "5m0s"},
		{formatCount(1_234_567), "1,234,567"},
		{formatCount(-123), "-123"},
		{formatCount(999), "999"},
		{formatRate(99.96), "100.0"},
		{formatRate(12345.6), "12,346"},
		{formatShare(1), "100 %"},
		{formatShare(0.999999), ">99.99 %"},
		{formatShare(0.000001), "<0.01 %"},
		{formatShare(0), "0 %"},
		{formatShare(0.5), "50.00 %"},
		{printable("reply \x1b[31m\tÄ\n"), "reply ?[31m?Ä?"},
	} {
		if tt.got != tt.want {
			t.Errorf("%q, want %q", tt.got, tt.want)
		}
	}
}
