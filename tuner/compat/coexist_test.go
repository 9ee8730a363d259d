package compat

import (
	"strings"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// peaceful is a ramp to 400 hits/s in 2 minutes and a hold of 4: replicas go from 2 to 4 and stay, 100 hits/s each.
func peaceful() Trajectory {
	settings := derived(340, 372, 77*mi, 78*mi).Settings
	t := Trajectory{HoldFrom: 2 * time.Minute, End: 6 * time.Minute, Derived: settings, Hold: 400, Round: time.Minute,
		Scaler: &Scaler{Min: 2, Max: 8, Target: 100, Tolerance: 0.1}, SLOs: tuner.Pass, SLOWhy: "every SLO met"}
	for at := time.Duration(0); at <= t.End; at += 10 * time.Second {
		n := 2
		if at >= 130*time.Second {
			n = 4
		}
		t.Points = append(t.Points, Point{At: at, Offered: min(400, 400*at.Seconds()/120), Desired: n, Ready: n, Pods: []Carried{{"web-1", settings}}})
	}
	return t
}

func TestJudgeCoexistence(t *testing.T) {
	desired := func(numbers ...int) func(*Trajectory) {
		return func(t *Trajectory) {
			for i := range t.Points {
				if k := i - 13; k >= 0 && k < len(numbers) {
					t.Points[i].Desired = numbers[k]
				}
			}
		}
	}
	ready := func(n int) func(*Trajectory) {
		return func(t *Trajectory) {
			for i := range t.Points {
				t.Points[i].Ready = n
			}
		}
	}
	for _, c := range []struct {
		name   string
		change func(*Trajectory)
		want   tuner.Judgement
		check  string
		why    string
	}{
		{"all holds", func(*Trajectory) {}, tuner.Pass, "follows", "400 hits/s need 4 to 5 Pods at 100 each (tolerance 10 %), and 4 Pods served"},
		{"too few", ready(3), tuner.Fail, "follows", "only 3 served"},
		{"too many, and the HPA still remembers", ready(6), tuner.Pass, "follows", "6 Pods served"},
		{"too many for longer than it remembers", func(t *Trajectory) { ready(6)(t); t.End = t.HoldFrom + 301*time.Second }, tuner.Fail, "follows", "6 still served after 301 s"},
		{"one overshoot", desired(4, 6, 5, 4), tuner.Pass, "steady", "turned direction once"},
		{"flaps", desired(4, 6, 4, 6), tuner.Fail, "steady", "2 times within 300 s of constant load, at 150 s and 160 s"},
		{"no HPA", func(t *Trajectory) { t.Scaler = nil }, tuner.Pass, "follows", "no HPA"},
		{"a target that is not known", func(t *Trajectory) { t.Scaler.Target = 0 }, tuner.Inconclusive, "follows", "not known"},
		{"the VPA changes a request", func(t *Trajectory) {
			t.Points[20].Pods = []Carried{{"web-2", tuner.Settings{{Container: "app", Resources: scenarios.Resources{CPURequest: 25, CPULimit: 372, MemoryRequest: 77 * mi, MemoryLimit: 78 * mi}}}}}
		}, tuner.Fail, "requests", "after 200 s Pod web-2 carried requests.cpu of 25m for app, and 340m was derived"},
		{"no Pod was seen", func(t *Trajectory) {
			for i := range t.Points {
				t.Points[i].Pods = nil
			}
		}, tuner.Inconclusive, "requests", "no Pod"},
		{"refused", func(t *Trajectory) { t.Refused = []string{"exceeded quota"} }, tuner.Fail, "admitted", "exceeded quota"},
		{"evicted", func(t *Trajectory) { t.Evicted = []string{"by the VPA"} }, tuner.Fail, "admitted", "by the VPA"},
		{"events unread", func(t *Trajectory) { t.EventsUnread = "forbidden" }, tuner.Inconclusive, "admitted", "forbidden"},
		{"an SLO is missed", func(t *Trajectory) { t.SLOs, t.SLOWhy = tuner.Fail, "p99" }, tuner.Fail, "slos", "p99"},
		{"a container ended", func(t *Trajectory) { t.Restarted = []string{"container app of Pod web-1 was started again"} }, tuner.Fail, "slos", "started again"},
		{"the metric is a little off", func(t *Trajectory) { t.Hold = 450; ready(4)(t) }, tuner.Pass, "follows", "4 Pods served"},
		{"no load was run", func(t *Trajectory) { t.NotRun = "no Service" }, tuner.Inconclusive, "run", "no Service"},
		{"too short a hold", func(t *Trajectory) { t.Round = 81 * time.Second }, tuner.Inconclusive, "long_enough", "3 rounds of the VPA's updater take 243 s"},
		{"just long enough", func(t *Trajectory) { t.Round = 80 * time.Second }, tuner.Pass, "long_enough", "3 rounds"},
		{"too many looks failed", func(t *Trajectory) { t.Missed = 10 }, tuner.Inconclusive, "long_enough", "10 of 47"},
	} {
		t.Run(c.name, func(t *testing.T) {
			trajectory := peaceful()
			c.change(&trajectory)
			got := JudgeCoexistence(trajectory)
			if got.Judgement != c.want {
				t.Errorf("%v, want %v: %+v", got.Judgement, c.want, got.Checks)
			}
			for _, check := range got.Checks {
				if check.Name == c.check && !strings.Contains(check.Why, c.why) {
					t.Errorf("%s: %q lacks %q", check.Name, check.Why, c.why)
				}
			}
		})
	}
}

func TestScalerOf(t *testing.T) {
	m := derived(300, 400, 77*mi, 96*mi) // 3 ms a hit
	hits := Metric{Type: PodsMetric, Name: HitsMetric, Target: AverageValue, Average: 80}
	for _, c := range []struct {
		name string
		s    Snapshot
		m    *Measured
		want float64
	}{
		{"on hits", app().scaled(hits), nil, 80},
		{"on CPU", app().hpa(tuner.CPU, 60), m, 60}, // 60 % of 300m = 0.18 cores ÷ 3 ms
		{"on an average of CPU", app().averaged(tuner.CPU, 240), m, 80},
		{"on CPU without trials", app().hpa(tuner.CPU, 60), nil, 0},
		{"on two", app().scaled(hits, hits), nil, 0},
	} {
		got := ScalerOf(c.s, c.m, HitsMetric)
		if got == nil {
			t.Fatalf("%s: none", c.name)
		}
		near(t, c.name, got.Target, c.want)
	}
	if ScalerOf(app(), m, HitsMetric) != nil {
		t.Error("a scaler without an HPA")
	}
}
