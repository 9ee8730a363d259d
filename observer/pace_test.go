package observer

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// slow is a source's series at its own pace: half a core, one period in ten throttled; each sample is second, instance.
func slow(samples ...[2]float64) Series {
	s := Series{Target: Target{Container: "app"}, Every: 20 * time.Second, Source: "kubelet"}
	born := map[int]float64{0: 0}
	for _, x := range samples {
		instance := int(x[1])
		if _, known := born[instance]; !known {
			born[instance] = x[0] - 5 // each later one began 5 s before its first sample
		}
		up := x[0] - born[instance]
		s.Samples = append(s.Samples, Sample{
			At: after(x[0]), Instance: instance, CPU: new(time.Duration(up * float64(time.Second) / 2)),
			Periods: new(int64(10 * up)), ThrottledPeriods: new(int64(up)), WorkingSet: mib(32), Peak: mib(40), OOMKills: new(int64(0)),
		})
	}
	return s
}

func TestWindowInside(t *testing.T) {
	for _, c := range []struct {
		name    string
		series  Series
		from    float64
		to      float64
		problem string
		periods int64
	}{
		{"samples before and after do not count", slow([2]float64{5}, [2]float64{15}, [2]float64{30}, [2]float64{50}, [2]float64{65}), 10, 60, "", 350},
		{"just two", slow([2]float64{15}, [2]float64{30}), 10, 40, "", 150},
		{"one is none", slow([2]float64{5}, [2]float64{15}, [2]float64{65}), 10, 60, "1 samples inside the window of 50s, want 2 or more: kubelet has one every 20s or less", 0},
		{"it began late", slow([2]float64{45}, [2]float64{55}), 10, 60, "kubelet has no sample for 35s from the window's start", 0},
		{"it ended early", slow([2]float64{15}, [2]float64{25}), 10, 60, "kubelet has no sample for 35s before the window's end", 0},
		// 15 → 30 is 150 periods, and the second instance had run 5 s and then 20 s: 250.
		{"a restart between", slow([2]float64{15}, [2]float64{30}, [2]float64{40, 1}, [2]float64{60, 1}), 10, 60, "", 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			u, problems := Use(c.series, after(c.from), after(c.to), true)
			text := strings.Join(problems, "\n")
			if c.problem == "" && strings.Contains(text, "window") || !strings.Contains(text, c.problem) {
				t.Fatalf("problems %q, want %q", text, c.problem)
			}
			if c.problem != "" {
				return
			}
			if u.CPU == nil || *u.CPU != 0.5 {
				t.Errorf("CPU %v, want 0.5 cores", u.CPU)
			}
			grown, err := increase(mustWindow(t, c.series, c.from, c.to), periods, "periods")
			if err != nil || *grown != c.periods {
				t.Errorf("%d periods (%v), want %d", *grown, err, c.periods)
			}
			if restarted := len(instances(c.series.Samples)) > 1; restarted != (u.MemoryPeak == nil) {
				t.Errorf("memory peak %v where the container restarted: %v", u.MemoryPeak, restarted)
			}
		})
	}
}

func mustWindow(t *testing.T, s Series, from, to float64) []Sample {
	t.Helper()
	samples, err := window(s, after(from), after(to))
	if err != nil {
		t.Fatal(err)
	}
	return samples
}

// The kills of each instance add up; the counter of a new one begins at 0.
func TestOOMKillsOfInstances(t *testing.T) {
	s := slow([2]float64{10}, [2]float64{20}, [2]float64{30, 1}, [2]float64{40, 1})
	for i, n := range []int64{1, 2, 1, 1} {
		s.Samples[i].OOMKills = new(n)
	}
	for fresh, want := range map[bool]int64{true: 3, false: 2} {
		if u, _ := Use(s, after(0), after(50), fresh); u.OOMKills == nil || *u.OOMKills != want {
			t.Errorf("fresh %v: %v OOM kills, want %d", fresh, u.OOMKills, want)
		}
		if kills := Classify(nil, []Series{s}, fresh, start); len(kills) != int(want) {
			t.Errorf("fresh %v: %d kills, want %d", fresh, len(kills), want)
		}
	}
}

// The Pod's own quota can hold back a container that is within its own: the larger ratio counts.
func TestThrottledByThePod(t *testing.T) {
	s := slow([2]float64{10}, [2]float64{30}, [2]float64{50})
	for i := range s.Samples {
		s.Samples[i].PodPeriods, s.Samples[i].PodThrottledPeriods = new(int64(100*i)), new(int64(50*i))
		s.Samples[i].CPULimit = new(scenarios.MilliCPU(300))
	}
	if u, _ := Use(s, after(0), after(60), true); *u.ThrottledRatio() != 0.5 {
		t.Errorf("throttled ratio %v, want the Pod's 0.5", *u.ThrottledRatio())
	}
}

// A second has figures only where a sample was taken in it.
func TestSecondAtTheSourcesPace(t *testing.T) {
	s := slow([2]float64{10}, [2]float64{29.5})
	if c := Second(s, after(30)); c.CPU == nil || *c.CPU != 0.5 || c.Memory == nil {
		t.Errorf("the second of the sample: %+v", c)
	}
	for _, at := range []float64{10, 29, 31} {
		if c := Second(s, after(at)); c.CPU != nil || c.Memory != nil {
			t.Errorf("second %g: %+v, want nothing", at, c)
		}
	}
}

func TestMetricsUse(t *testing.T) {
	s := slow([2]float64{10}, [2]float64{30})
	for _, at := range []float64{20, 40, 55, 70} { // the first begins before the window, the last ends after it
		s.Metrics = append(s.Metrics, MetricsSample{At: after(at), Window: 15 * time.Second, CPU: at / 100, WorkingSet: *mib(int64(at))})
	}
	u, _ := Use(s, after(10), after(60), true)
	if m := u.MetricsServer; m == nil || m.Samples != 2 || math.Abs(m.CPU-0.475) > 1e-9 || m.CPUMax != 0.55 || m.WorkingSet != *mib(55) || m.Window != 15*time.Second {
		t.Errorf("%+v", m)
	}
	if u, _ := Use(s, after(10), after(21), true); u.MetricsServer != nil {
		t.Errorf("%+v, want nothing", u.MetricsServer)
	}
}
