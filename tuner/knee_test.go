package tuner

import (
	"testing"
	"time"
)

// ramp makes a trial of 60 s whose rate rises to 600 hits/s, as change makes of each second.
func ramp(change func(*Second)) Observation {
	var o Observation
	for i := 1; i <= 60; i++ {
		rate := float64(10 * i)
		s := Second{At: time.Duration(i) * time.Second, Offered: rate, Achieved: rate, Throughput: rate,
			P99: new(5 * time.Millisecond), Containers: []ContainerSecond{{Throttled: new(0.0)}}}
		change(&s)
		o.Seconds = append(o.Seconds, s)
	}
	return o
}

func TestKneeOf(t *testing.T) {
	beyond := func(s *Second, rate float64, change func()) {
		if s.Offered > rate {
			change()
		}
	}
	for _, c := range []struct {
		name         string
		change       func(*Second)
		above, below float64 // where the knee is; 0 for none
	}{
		{"keeps up", func(*Second) {}, 0, 0},
		{"throttled and slow", func(s *Second) {
			beyond(s, 400, func() { *s.Containers[0].Throttled, *s.P99 = 0.6, 80*time.Millisecond })
		}, 360, 440},
		{"slow and short of hits, throttling unknown", func(s *Second) {
			s.Containers = nil
			beyond(s, 300, func() { s.Throughput, *s.P99 = 300, time.Second })
		}, 260, 340},
		{"only throttled is one kind", func(s *Second) { beyond(s, 400, func() { *s.Containers[0].Throttled = 0.6 }) }, 0, 0},
		{"only slower is one kind", func(s *Second) { beyond(s, 400, func() { *s.P99 = time.Second }) }, 0, 0},
		{"a dip that mends", func(s *Second) {
			if s.Offered > 200 && s.Offered <= 260 {
				*s.Containers[0].Throttled, *s.P99 = 0.6, time.Second
			}
		}, 0, 0},
		{"no ramp", func(s *Second) { s.Offered, s.Throughput, *s.P99 = 600, 300, time.Second }, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := KneeOf(ramp(c.change))
			switch {
			case k == nil && c.below > 0:
				t.Fatal("no knee found")
			case k == nil:
			case c.below == 0:
				t.Fatalf("found %v", k)
			case k.Load < c.above || k.Beyond > c.below || len(k.Evidence) < 2:
				t.Errorf("%v, want between %v and %v", k, c.above, c.below)
			}
		})
	}
}

// A staircase is judged by its stages, in order of their rates.
func TestKneeOfStages(t *testing.T) {
	stage := func(offered, throughput float64, p99 time.Duration) StageLoad {
		return StageLoad{offered, throughput, []Quantile{{Q: 0.99, Time: p99}}}
	}
	o := Observation{Load: &Load{Stages: []StageLoad{
		stage(100, 100, 5*time.Millisecond), stage(200, 200, 5*time.Millisecond), stage(300, 299, 6*time.Millisecond),
		stage(400, 330, 900*time.Millisecond), stage(500, 330, 2*time.Second),
	}}}
	if k := KneeOf(o); k == nil || k.Load != 300 || k.Beyond != 400 {
		t.Errorf("knee %v, want between 300 and 400", k)
	}
	if k := KneeOf(Observation{}); k != nil {
		t.Errorf("a knee in nothing: %v", k)
	}
}
