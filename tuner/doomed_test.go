package tuner

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

func TestMostHits(t *testing.T) {
	stage := func(from, to float64, d time.Duration) scenarios.Stage {
		return scenarios.Stage{From: from, To: to, For: d}
	}
	sine := scenarios.Stage{From: 100, To: 100, Amplitude: 50, Period: 10 * time.Second, For: 15 * time.Second}
	for _, c := range []struct {
		name   string
		warmup time.Duration
		stages []scenarios.Stage
		want   float64 // the mean
	}{
		{"steady", 0, []scenarios.Stage{stage(200, 200, 30*time.Second)}, 6000},
		{"ramp: 0 to 100 over 10 s", 0, []scenarios.Stage{stage(0, 100, 10*time.Second)}, 500},
		{"its second half", 5 * time.Second, []scenarios.Stage{stage(0, 100, 10*time.Second)}, 375},
		{"warm-up is a whole stage", 10 * time.Second, []scenarios.Stage{stage(0, 100, 10*time.Second), stage(100, 100, 5*time.Second)}, 500},
		{"one and a half periods: 1500 + 50·10/π", 0, []scenarios.Stage{sine}, 1500 + 500/math.Pi},
		{"no plan", 0, nil, 0},
	} {
		got := mostHits(scenarios.Scenario{Warmup: c.warmup, Stages: c.stages})
		if want := c.want + 4*math.Sqrt(c.want); math.Abs(got-want) > 1e-6 {
			t.Errorf("%s: %v, want %v", c.name, got, want)
		}
	}
}

// The chance to give up a service that is exactly at its SLO is at most alpha; one that misses it is given up within 15 s.
func TestBeyondRescue(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 7))
	const runs = 20000
	givenUp, late := 0, 0
	for range runs {
		at, missing := make([]bool, 300), make([]bool, 300)
		for i := range at {
			at[i], missing[i] = r.Float64() < testHolds, true
		}
		if beyondRescue(at, testAlpha) > 0 {
			givenUp++
		}
		if n := beyondRescue(missing, testAlpha); n == 0 || n > 15 {
			late++
		}
	}
	if share := float64(givenUp) / runs; share > testAlpha {
		t.Errorf("gave up %.2f %% of services at their SLO, want %.2f %% at most", 100*share, 100*testAlpha)
	}
	if late > 0 {
		t.Errorf("%d of %d that always miss were not given up within 15 s", late, runs)
	}
}

// What Doomed says of the first seconds of a trial it says of every longer part, so that Judge agrees in the end.
func TestDoomedStaysDoomed(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	goal, step := probeGoal()
	dooms := 0
	for range 3000 {
		o := Observation{Window: 12 * time.Second, Containers: passing().Containers}
		inFlight := 0.0
		was := ""
		for i := 1; i <= 14; i++ {
			ok := min(float64(r.IntN(400)), 200+inFlight)
			inFlight += 200 - ok
			o.Seconds = append(o.Seconds, Second{At: time.Duration(i) * time.Second, Warmup: i <= 2, Offered: 200, Achieved: 200, Throughput: ok,
				InFlight: int64(inFlight), P50: new(time.Duration(r.IntN(60)) * time.Millisecond), P99: new(time.Duration(40+r.IntN(20)) * time.Millisecond)})
			why, _ := Doomed(goal, step, o)
			if was != "" && why == "" {
				t.Fatalf("lost after %d s (%s), saved after %d s", i-1, was, i)
			}
			was = why
		}
		if was != "" {
			dooms++
			o.Stopped = was
			if v := Judge(goal, step, withLoad(o)); v.Judgement != Fail {
				t.Fatalf("ended because %s, and judged %+v", was, v)
			}
		}
	}
	if dooms == 0 || dooms == 3000 {
		t.Errorf("not a fair draw: %d doomed", dooms)
	}
}

func withLoad(o Observation) Observation { o.Load = passing().Load; return o }

func TestChanceOfMore(t *testing.T) {
	for _, c := range []struct {
		n, k    int64
		p, want float64
	}{
		{10, 0, 0.1, 1},
		{10, 3, 0.1, 0.0702},
		{2, 2, 0.5, 0.25},
		{500, 5, 0.01, 0.5605},
		// abuse
		{10, 11, 0.1, 0}, {0, 0, 0.1, 1}, {10, 1, 0, 0}, {10, 1, 1, 1},
	} {
		if got := chanceOfMore(c.n, c.k, c.p); math.Abs(got-c.want) > 5e-4 {
			t.Errorf("%d or more of %d at %v: %v, want %v", c.k, c.n, c.p, got, c.want)
		}
	}
}

func TestTheilSen(t *testing.T) {
	for _, c := range []struct {
		t, y []float64
		want float64
	}{
		{[]float64{0, 1, 2, 3}, []float64{1, 2, 30, 4}, 1},
		{[]float64{0, 2}, []float64{0, 1}, 0.5},
		{[]float64{1, 1}, []float64{0, 5}, 0},
		{nil, nil, 0},
	} {
		if got := theilSen(c.t, c.y); got != c.want {
			t.Errorf("%v %v: %v, want %v", c.t, c.y, got, c.want)
		}
	}
}

// y = 2 + 3t, exactly, with and without a transformation; two equal columns have no answer.
func TestPrais(t *testing.T) {
	one, at, y := []float64{1, 1, 1, 1, 1}, []float64{0, 1, 2, 3, 4}, []float64{2, 5, 8, 11, 14}
	for _, phi := range []float64{0, 0.7} {
		r := prais([][]float64{one, at}, y, phi)
		if math.Abs(r.b[0]-2) > 1e-9 || math.Abs(r.b[1]-3) > 1e-9 || r.rss > 1e-15 {
			t.Errorf("phi %v: %+v", phi, r)
		}
	}
	if r := prais([][]float64{one, one}, y, 0); !math.IsInf(r.sigma[1], 1) {
		t.Errorf("dependent columns: %+v", r)
	}
}
