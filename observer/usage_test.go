package observer

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// after is the instant that many seconds after start.
func after(seconds float64) time.Time {
	return start.Add(time.Duration(seconds * float64(time.Second)))
}

// steady is a container that uses 0.25 cores, is throttled in 2 of 10 periods a second and grows by 1 MiB a second,
// sampled once a second from start for that many seconds.
func steady(seconds int) Series {
	s := Series{Target: Target{Container: "app", Replica: 1}}
	for i := range seconds + 1 {
		n := int64(i)
		s.Samples = append(s.Samples, Sample{
			At: after(float64(i)), CPU: new(time.Second + time.Duration(i)*250*time.Millisecond),
			Periods: new(10 * n), ThrottledPeriods: new(2 * n), ThrottledTime: new(time.Duration(i) * 30 * time.Millisecond),
			Usage: mib(50 + n), WorkingSet: mib(40 + n), Anon: mib(30 + n), File: mib(10), MappedFile: mib(5), Peak: mib(60 + n),
			OOMKills: new(int64(1)), LimitHits: new(3 * n), Refaults: new(4 * n),
			CPUStall: new(time.Duration(i) * 100 * time.Millisecond), MemoryStall: new(time.Duration(0)),
			CPULimit: new(scenarios.MilliCPU(300)), MemoryLimit: mib(100),
		})
	}
	return s
}

func mib(n int64) *scenarios.Bytes { return new(scenarios.Bytes(n) * scenarios.MiB) }

// Seconds 2 to 12 of a steady 15: every figure by hand.
func TestUse(t *testing.T) {
	got, problems := Use(steady(15), after(2), after(12), true)
	if len(problems) > 0 {
		t.Error(problems)
	}
	want := tuner.ContainerUse{
		Container: "app", Replica: 1, CPULimit: 300, MemoryLimit: 100 * scenarios.MiB,
		CPU: new(0.25), CPUP95: new(0.25), CPUMax: new(0.25), // 250 ms each second
		Periods: new(int64(100)), ThrottledPeriods: new(int64(20)), ThrottledTime: new(300 * time.Millisecond),
		WorkingSet: mib(52), AnonPeak: mib(42), FilePeak: mib(10), MappedFile: mib(5), // at second 12
		MemoryPeak: mib(75), // at the end of the series
		Refaults:   new(int64(40)), LimitHits: new(int64(30)),
		CPUStall: new(0.1), MemoryStall: new(0.0), // 100 ms each second
		OOMKills: new(int64(1)), // since the start of a fresh container
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("−want +got:\n%s", diff)
	}
	if got, _ := Use(steady(15), after(2), after(12), false); *got.OOMKills != 0 {
		t.Errorf("%d OOM kills since the first sample, want 0", *got.OOMKills)
	}
}

// What is not known is nil and, where a verdict needs it, a problem.
func TestUseOfUnknown(t *testing.T) {
	for _, test := range []struct {
		name    string
		change  func(*Sample)
		from    float64 // of the window, which ends at 12
		problem string  // empty: none
		unknown func(tuner.ContainerUse) bool
	}{
		{"no CPU time", func(s *Sample) { s.CPU = nil }, 2, "CPU time could not be read",
			func(u tuner.ContainerUse) bool { return u.CPU == nil && u.CPUMax == nil && u.Periods != nil }},
		{"no periods under a limit", func(s *Sample) { s.Periods = nil }, 2, "periods could not be read",
			func(u tuner.ContainerUse) bool { return u.Periods == nil && u.ThrottledRatio() == nil }},
		{"no limit, so no periods", func(s *Sample) { s.Periods, s.ThrottledPeriods, *s.CPULimit = nil, nil, 0 }, 2, "",
			func(u tuner.ContainerUse) bool { return u.Periods == nil && u.CPULimit == 0 }},
		{"no OOM kills", func(s *Sample) { s.OOMKills = nil }, 2, "OOM kills could not be read",
			func(u tuner.ContainerUse) bool { return u.OOMKills == nil }},
		{"no working set", func(s *Sample) { s.WorkingSet = nil }, 2, "working set could not be read",
			func(u tuner.ContainerUse) bool { return u.WorkingSet == nil && u.AnonPeak != nil }},
		{"no limits", func(s *Sample) { s.CPULimit, s.MemoryLimit = nil, nil }, 2, "CPU limit could not be read",
			func(u tuner.ContainerUse) bool { return u.CPU != nil }},
		{"no pressure, peak or refaults", func(s *Sample) { s.CPUStall, s.MemoryStall, s.Peak, s.Refaults = nil, nil, nil, nil }, 2, "",
			func(u tuner.ContainerUse) bool {
				return u.CPUStall == nil && u.MemoryStall == nil && u.MemoryPeak == nil && u.Refaults == nil
			}},
		{"sampling began late", func(*Sample) {}, -4, "no sample within 2s of the window's start",
			func(u tuner.ContainerUse) bool { return u.CPU == nil && u.WorkingSet == nil && u.OOMKills != nil }},
	} {
		t.Run(test.name, func(t *testing.T) {
			series := steady(15)
			for i := range series.Samples {
				test.change(&series.Samples[i])
			}
			u, problems := Use(series, after(test.from), after(12), true)
			if text := strings.Join(problems, "\n"); (text == "") != (test.problem == "") || !strings.Contains(text, test.problem) {
				t.Errorf("problems %q, want %q", text, test.problem)
			}
			if !test.unknown(u) {
				t.Errorf("use %+v", u)
			}
		})
	}
}

func TestUseOfACounterThatWentBackwards(t *testing.T) {
	series := steady(15)
	for i := 8; i <= 15; i++ { // the container was replaced
		*series.Samples[i].CPU -= 2 * time.Second
		*series.Samples[i].Periods -= 70
	}
	u, problems := Use(series, after(2), after(12), true)
	text := strings.Join(problems, "\n")
	for _, want := range []string{"container app of replica 1: CPU time went backwards", "periods went backwards, from 70 to 10"} {
		if !strings.Contains(text, want) {
			t.Errorf("problems %q do not say %q", text, want)
		}
	}
	if u.CPU != nil || u.CPUMax != nil || u.Periods != nil {
		t.Errorf("CPU %v, periods %v from a lost counter", u.CPU, u.Periods)
	}
}

func TestUseOfNothing(t *testing.T) {
	u, problems := Use(Series{Target: Target{Container: "app"}, Problems: []string{"connection refused"}}, start, after(10), true)
	if u.CPU != nil || u.OOMKills != nil || u.WorkingSet != nil || !strings.Contains(strings.Join(problems, "\n"), "connection refused") {
		t.Errorf("use %+v, problems %q", u, problems)
	}
}

func TestSecond(t *testing.T) {
	series := steady(5)
	got := Second(series, after(3.2))
	want := tuner.ContainerSecond{CPU: new(0.25), Throttled: new(0.2), Memory: mib(43), OOMKills: new(int64(0))}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("−want +got:\n%s", diff)
	}
	for _, at := range []float64{-2, 0, 8} {
		if diff := cmp.Diff(tuner.ContainerSecond{}, Second(series, after(at))); diff != "" {
			t.Errorf("at %g: −want +got:\n%s", at, diff)
		}
	}
}

func TestStartUp(t *testing.T) {
	cpu, throttled := StartUp(steady(5), after(1.9))
	if cpu == nil || *cpu != 1.5 || throttled == nil || *throttled != 0.2 { // 1 s + 2 × 250 ms; 4 of 20
		t.Errorf("CPU %v, throttled %v, want 1.5 and 0.2", cpu, throttled)
	}
	if cpu, throttled := StartUp(steady(5), after(20)); cpu != nil || throttled != nil {
		t.Errorf("CPU %v, throttled %v without a sample near", cpu, throttled)
	}
}

func TestRates(t *testing.T) {
	// One second each: 0.1, 0.2, … 2.0 cores.
	samples := []Sample{{At: start, CPU: new(time.Duration(0))}}
	for i := range 20 {
		before := samples[i]
		samples = append(samples, Sample{At: before.At.Add(time.Second), CPU: new(*before.CPU + time.Duration(i+1)*100*time.Millisecond)})
	}
	p95, most := rates(samples)
	if math.Abs(*p95-1.9) > 1e-9 || math.Abs(*most-2) > 1e-9 {
		t.Errorf("p95 %g, max %g, want 1.9 and 2", *p95, *most)
	}
	// A last sample that came at once makes no rate of its own.
	last := samples[20]
	p95, most = rates(append(samples, Sample{At: last.At.Add(time.Millisecond), CPU: new(*last.CPU + time.Second)}))
	if *most > 2.01 || *p95 > 2 {
		t.Errorf("p95 %g, max %g with a sample 1 ms after another", *p95, *most)
	}
	if p95, most := rates(samples[:1]); p95 != nil || most != nil {
		t.Errorf("p95 %v, max %v of one sample", p95, most)
	}
}
