package compat

import (
	"slices"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/tuner"
)

func TestRehearse(t *testing.T) {
	hits := Metric{Type: PodsMetric, Name: HitsMetric, Target: AverageValue, Average: 80}
	measured := func(peak float64) *Measured {
		m := derived(340, 372, 77*mi, 78*mi)
		m.Startup, m.Loads = new(10*time.Second), Loads{Minimum: 100, Typical: 200, Peak: peak}
		return m
	}
	free := app()
	free.VPAs = []VPA{{Ref: Ref{Kind: "VerticalPodAutoscaler", Name: "web"}, Mode: Recreate}}
	off := app()
	off.VPAs = []VPA{{Ref: Ref{Kind: "VerticalPodAutoscaler", Name: "web"}, Mode: Off}}
	scaled := app().scaled(hits)
	scaled.HPAs[0].Min, scaled.HPAs[0].Max = 2, 8
	both := scaled
	both.VPAs = free.VPAs
	for _, c := range []struct {
		name       string
		s          Snapshot
		peak       float64
		wish       Wish
		acts       bool
		least      float64
		ramp, hold time.Duration
		round      time.Duration
		begin      int
	}{
		// 400 hits/s need ceil(400 ÷ 88) = 5 Pods, 3 more than 2; lead 60 s.
		{"an HPA", scaled, 400, Wish{}, true, 100, 180 * time.Second, 150 * time.Second, 0, 2},
		// 160 need 2: one lead all the same. The least load is a quarter of the peak.
		{"a peak that needs no more Pods", scaled, 160, Wish{}, true, 40, 60 * time.Second, 150 * time.Second, 0, 2},
		{"a VPA", free, 400, Wish{}, true, 100, 15 * time.Second, 180 * time.Second, time.Minute, 0},
		{"a VPA that only recommends", off, 400, Wish{}, false, 100, 15 * time.Second, time.Minute, 0, 0},
		{"both", both, 400, Wish{}, true, 100, 180 * time.Second, 180 * time.Second, time.Minute, 2},
		{"what a person asks", both, 400, Wish{Ramp: time.Second, Hold: time.Minute}, true, 100, time.Second, time.Minute, time.Minute, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.wish.Round, c.wish.Hits = time.Minute, HitsMetric
			r := Rehearse(c.s, *measured(c.peak), c.wish)
			if Acts(c.s) != c.acts {
				t.Errorf("acts %v, want %v", Acts(c.s), c.acts)
			}
			if r.Least != c.least || r.Hold != c.peak || r.Ramp != c.ramp || r.For != c.hold || r.Round != c.round || r.Begin != c.begin {
				t.Errorf("%+v", r)
			}
			s := r.Scenario(5 * time.Second)
			if s.Duration() != 5*time.Second+c.ramp+c.hold || s.PeakRate() != c.peak || s.RateAt(s.Duration()-time.Second) != c.peak {
				t.Errorf("the load is %+v", s)
			}
		})
	}
}

// A request that was not derived is its limit on the Pod.
func TestRehearseExpectsWhatIsAdmitted(t *testing.T) {
	m := derived(0, 372, 0, 78*mi)
	got := Rehearse(app(), *m, Wish{Round: time.Minute}).Derived[0]
	if got.CPURequest != 372 || got.MemoryRequest != 78*mi {
		t.Errorf("%+v", got)
	}
}

func TestSuggested(t *testing.T) {
	s := app().hpa(tuner.CPU, 50)
	s.VPAs = []VPA{{Ref: Ref{APIVersion: "autoscaling.k8s.io/v1", Kind: "VerticalPodAutoscaler", Name: "web"}, Mode: Recreate}}
	m := derived(340, 372, 77*mi, 78*mi)
	m.Loads, m.Startup = Loads{Minimum: 100, Peak: 400}, new(time.Second)
	r := Evaluate(s, m)
	mends := Suggested(r, nil)
	kinds := func(all []Mend) []string {
		var names []string
		for _, m := range all {
			if m.How != MergePatch || slices.Contains(names, m.YAML) {
				t.Errorf("%s by %s: an autoscaler that is there, each mend once, is wanted", m.Object, m.How)
			}
			names = append(names, m.YAML)
		}
		return names
	}
	if len(kinds(mends)) == 0 {
		t.Error("no mend of an autoscaler")
	}
	for _, f := range r.Findings {
		if f.Mend != nil && f.Mend.Object.Kind == "Deployment" && slices.Contains(mends, *f.Mend) {
			t.Errorf("%s changes the workload", f.Rule)
		}
	}
	c := Combine(s, m, HitsMetric)
	if got := Suggested(r, c); len(got) != 2 || got[0] != *c.OnHits || got[1] != *c.VPA {
		t.Errorf("with hits: %+v", got)
	}
	alone := app()
	if got := Suggested(Evaluate(alone, m), Combine(alone, m, HitsMetric)); len(got) != 0 {
		t.Errorf("autoscalers that are not there are made: %+v", got)
	}
}

// What was there before the load does not count, nor what others' Pods came to.
func TestSeen(t *testing.T) {
	told := func(object string, n int) map[string]Told {
		return map[string]Told{"e1": {object, n, "ReplicaSet " + object + ": exceeded quota"}}
	}
	first := Sight{Own: []string{"web", "web-1", "web-abc"}, Restarts: map[string]Told{"web-1/app": {"web-1", 2, "old"}},
		Refusals: told("web-abc", 3), Evictions: map[string]Told{}, Evicted: []string{"Pod web-0: drained"}}
	for _, c := range []struct {
		name                        string
		change                      func(*Sight)
		refused, evicted, restarted int
		unread                      string
	}{
		{"nothing new", func(*Sight) {}, 0, 0, 0, ""},
		{"refused again", func(s *Sight) { s.Refusals = told("web-abc", 4) }, 1, 0, 0, ""},
		{"another workload is refused", func(s *Sight) { s.Refusals = map[string]Told{"e2": {"other-abc", 1, "x"}} }, 0, 0, 0, ""},
		{"a Pod that came later is evicted", func(s *Sight) {
			s.Own = append(slices.Clone(s.Own), "web-2")
			s.Evictions = map[string]Told{"e3": {"web-2", 1, "Pod web-2: by the VPA"}}
		}, 0, 1, 0, ""},
		{"evicted, by its own condition", func(s *Sight) { s.Evicted = append(slices.Clone(s.Evicted), "Pod web-1: evicting") }, 0, 1, 0, ""},
		{"started again", func(s *Sight) { s.Restarts = map[string]Told{"web-1/app": {"web-1", 3, "OOMKilled"}} }, 0, 0, 1, ""},
		{"a new Pod that was started again", func(s *Sight) { s.Restarts = map[string]Told{"web-3/app": {"web-3", 1, "OOMKilled"}} }, 0, 0, 1, ""},
		{"no node takes it", func(s *Sight) { s.Waiting = []string{"no node takes Pod web-4"} }, 1, 0, 0, ""},
		{"events unread", func(s *Sight) { s.EventsUnread = "forbidden" }, 0, 0, 0, "forbidden"},
	} {
		t.Run(c.name, func(t *testing.T) {
			seen := NewSeen(first)
			last := first
			c.change(&last)
			seen.See(last)
			var got Trajectory
			seen.Into(&got)
			if len(got.Refused) != c.refused || len(got.Evicted) != c.evicted || len(got.Restarted) != c.restarted || got.EventsUnread != c.unread {
				t.Errorf("%+v", got)
			}
		})
	}
}
