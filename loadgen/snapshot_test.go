package loadgen

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestSecondsMergeOverLoops(t *testing.T) {
	plan := planOf(constant(100, 3*time.Second))
	loops := newRecorders(plan, 2)
	// Loop 0 has one hit that lasts from 0.5 to 2.5 s, loop 1 ten short ones in the third second.
	loops[0].plan(500*time.Millisecond, 0)
	loops[0].start(500 * time.Millisecond)
	loops[0].tick(time.Second)
	loops[0].tick(2 * time.Second)
	loops[0].record(answered(500*time.Millisecond, 2*time.Second))
	for k := range 10 {
		loops[1].offer(answered(2*time.Second+time.Duration(k)*time.Millisecond, time.Millisecond))
	}
	for _, r := range loops {
		r.finish(2700 * time.Millisecond)
	}
	var got []Second
	peak := forwardSeconds(loops, func(s Second) { got = append(got, s) })
	if len(got) != 3 || peak != 2 {
		t.Fatalf("%d seconds, peak %d, want 3 and 2: %+v", len(got), peak, got)
	}
	want := []Second{
		{At: time.Second, Planned: 1, Started: 1, InFlight: 1},
		{At: 2 * time.Second, InFlight: 1},
		{At: 2700 * time.Millisecond, Planned: 10, Started: 10, OK: 11},
	}
	for i, w := range want {
		g := got[i]
		if (g.P50 == nil) != (w.OK == 0) {
			t.Errorf("second %d: p50 %v", i, g.P50)
		}
		g.P50, g.P99 = nil, nil
		if g != w {
			t.Errorf("second %d: %+v, want %+v", i, g, w)
		}
	}
	// Nearest rank of 11: p50 is the 6th, one of the short ones; p99 the 11th, the long one.
	if p50, p99 := *got[2].P50, *got[2].P99; p50 > 2*time.Millisecond || p99 < 1990*time.Millisecond {
		t.Errorf("p50 %v, p99 %v", p50, p99)
	}
}

func TestASlowReaderLosesNoHit(t *testing.T) {
	plan := planOf(constant(10, 100*time.Second))
	r := newRecorder(plan)
	// Nobody reads while 100 s go by: the recorder must neither wait nor lose.
	for k := range 1000 {
		r.offer(answered(time.Duration(k)*100*time.Millisecond, time.Millisecond))
	}
	r.finish(100 * time.Second)
	var planned, ok, seconds int64
	last := time.Duration(0)
	forwardSeconds([]*recorder{r}, func(s Second) {
		planned, ok, seconds = planned+s.Planned, ok+s.OK, seconds+1
		if s.At <= last {
			t.Errorf("second at %v after one at %v", s.At, last)
		}
		last = s.At
	})
	if planned != 1000 || ok != 1000 || last != 100*time.Second {
		t.Errorf("%d planned and %d ok in %d seconds up to %v, want 1000 of each up to 100 s", planned, ok, seconds, last)
	}
}

// TestSecondsAddUpWhileLoopsRun runs loops and reader side by side, which is what the race detector is for.
func TestSecondsAddUpWhileLoopsRun(t *testing.T) {
	plan := planOf(constant(1000, 50*time.Second))
	loops := newRecorders(plan, 4)
	for i, r := range loops {
		go func() {
			random := rand.New(rand.NewPCG(uint64(i), 1))
			at := time.Duration(0)
			for at < 50*time.Second {
				at += time.Duration(random.Int64N(int64(2 * time.Millisecond)))
				r.offer(answered(at, time.Duration(random.Int64N(int64(time.Millisecond)))))
			}
			r.finish(at)
		}()
	}
	var ok int64
	forwardSeconds(loops, func(s Second) { ok += s.OK })
	sum := int64(0)
	for _, r := range loops {
		sum += r.outcomes[ixOK].total()
	}
	if ok != sum || sum == 0 {
		t.Errorf("seconds hold %d hits, the recorders %d", ok, sum)
	}
}
