package loadgen

import (
	"math"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// planOf is a plan with one kind of hit, one replica and a timeout of 30 s.
func planOf(stages ...scenarios.Stage) Plan {
	return Plan{
		Addresses: []string{"127.0.0.1:80"},
		Traffic:   scenarios.Traffic{URL: "http://h", Timeout: 30 * time.Second, Hits: []scenarios.Hit{{Name: "a", Weight: 1}}},
		Scenario:  shape(stages...),
	}
}

// offer plans, starts and records one hit.
func (r *recorder) offer(h hitRecord) {
	r.plan(h.planned, h.stage)
	if h.outcome != ixDropped && h.outcome != ixLate {
		r.start(h.planned)
	}
	r.record(h)
}

// answered is an ok hit that was sent on time and took service.
func answered(at, service time.Duration) hitRecord {
	return hitRecord{planned: at, sent: at, firstByte: at + service, done: at + service}
}

// resultOf finishes the recorders and summarizes a whole run.
func resultOf(plan Plan, recorders ...*recorder) Result {
	end := plan.Scenario.Duration()
	for _, r := range recorders {
		go func() { r.finish(end) }()
	}
	return summarize(plan, recorders, ranFor{ended: end, drained: end, complete: true, maxInFlight: forwardSeconds(recorders, nil)})
}

// frozenServer replays the analytic case: rate hits a second for run, a server of constant service that stands still
// for freeze from the middle of the run on. Hits planned at t in the freeze are answered when it ends, so response
// times are uniform over (0, freeze].
func frozenServer(r *recorder, c *schedule, service, begin, freeze time.Duration) {
	for {
		at, stage, ok := c.next()
		if !ok {
			return
		}
		h := answered(at, service)
		if at >= begin && at < begin+freeze {
			h.done = begin + freeze + service
		}
		h.stage = stage
		r.offer(h)
	}
}

func TestResponseOfAFrozenServerIsTheAnalyticOne(t *testing.T) {
	plan := planOf(constant(100, 100*time.Second))
	r := newRecorder(plan)
	go func() {
		frozenServer(r, newSchedule(plan.Scenario, scenarios.Uniform, 0), time.Millisecond, 40*time.Second, 10*time.Second)
		r.finish(plan.Scenario.Duration())
	}()
	peak := forwardSeconds([]*recorder{r}, nil)
	result := summarize(plan, []*recorder{r}, ranFor{ended: plan.Scenario.Duration(), complete: true, maxInFlight: peak})
	// A tenth of the hits waits uniformly over (0, 10 s]: p95 is the middle of it, p99 nine tenths.
	for q, want := range map[float64]time.Duration{0.5: time.Millisecond, 0.95: 5 * time.Second, 0.99: 9 * time.Second, 1: 10 * time.Second} {
		got, _ := result.Response.Quantile(q)
		if got.AtLeast || math.Abs(float64(got.Time-want)) > 0.005*float64(want) {
			t.Errorf("q %v is %v (at least %v), want %v", q, got.Time, got.AtLeast, want)
		}
	}
	if p50, _ := result.Lag.Quantile(0.99); p50.Time > time.Microsecond {
		t.Errorf("lag p99 %v of hits that were all sent in time", p50.Time)
	}
	if result.Hits != 10_000 || result.Outcomes[OK] != 10_000 || len(result.Invalid) > 0 {
		t.Errorf("%d hits, %v, invalid %v", result.Hits, result.Outcomes, result.Invalid)
	}
}

func TestFailedHitsDoNotFlatterPercentiles(t *testing.T) {
	plan := planOf(constant(1000, time.Second))
	for _, tt := range []struct {
		name        string
		outcome     outcomeIndex
		took        time.Duration
		p99         time.Duration
		measuredP50 time.Duration
	}{
		{"refused at once", ixRefused, 100 * time.Microsecond, 30 * time.Second, 100 * time.Microsecond},
		{"5xx at once", ixUnexpectedStatus, time.Millisecond, 30 * time.Second, time.Millisecond},
		{"reset after longer than the timeout", ixReset, 40 * time.Second, 40 * time.Second, 40 * time.Second},
		{"timed out late", ixTimeout, 31 * time.Second, 31 * time.Second, 31 * time.Second},
		{"unfinished", ixUnfinished, 5 * time.Second, 5 * time.Second, 5 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRecorder(plan)
			for k := range 1000 {
				h := answered(time.Duration(k)*time.Millisecond, 2*time.Millisecond)
				if k%10 == 0 {
					h.outcome, h.done = tt.outcome, h.planned+tt.took
				}
				r.offer(h)
			}
			result := summarize(plan, []*recorder{r}, ranFor{ended: time.Second, complete: true})
			p50, _ := result.Response.Quantile(0.5)
			if p50.AtLeast || p50.Time < 2*time.Millisecond || p50.Time > 2010*time.Microsecond {
				t.Errorf("p50 %+v, want 2 ms", p50)
			}
			p99, _ := result.Response.Quantile(0.99)
			if !p99.AtLeast || p99.Time > tt.p99 || float64(p99.Time) < 0.998*float64(tt.p99) {
				t.Errorf("p99 %+v, want at least %v", p99, tt.p99)
			}
			measured, _ := result.ByOutcome[tt.outcome.outcome()].Quantile(0.5)
			if math.Abs(float64(measured.Time-tt.measuredP50)) > 0.01*float64(tt.measuredP50) || measured.AtLeast {
				t.Errorf("of its own outcome %+v, want %v", measured, tt.measuredP50)
			}
		})
	}
}

func TestWarmupIsCountedBySecondOnly(t *testing.T) {
	plan := planOf(constant(10, 4*time.Second))
	plan.Scenario.Warmup = 2 * time.Second
	r := newRecorder(plan)
	for k := range 40 {
		r.offer(answered(time.Duration(k)*100*time.Millisecond, 10*time.Millisecond))
	}
	r.finish(4 * time.Second)
	var seconds []Second
	forwardSeconds([]*recorder{r}, func(s Second) { seconds = append(seconds, s) })
	result := summarize(plan, []*recorder{r}, ranFor{ended: 4 * time.Second, complete: true})
	if result.Hits != 20 || result.Response.Count() != 20 || result.Window != 2*time.Second || result.Throughput != 10 {
		t.Errorf("%d hits, %d response times, window %v, throughput %v", result.Hits, result.Response.Count(), result.Window, result.Throughput)
	}
	if len(seconds) != 4 {
		t.Fatalf("%d seconds", len(seconds))
	}
	for i, s := range seconds {
		if s.At != time.Duration(i+1)*time.Second || s.Warmup != (i < 2) || s.Planned != 10 || s.OK != 10 || *s.P99 < 10*time.Millisecond {
			t.Errorf("second %d: %+v", i, s)
		}
	}
}

func TestThroughputCountsHitsThatEndedInTheWindow(t *testing.T) {
	// A server at half the rate: of 200/s it answers 100/s, the rest in the 10 s of grace after the end.
	plan := planOf(constant(200, 10*time.Second))
	r := newRecorder(plan)
	for k := range 2000 {
		h := answered(time.Duration(k)*5*time.Millisecond, 0)
		h.done = time.Duration(k) * 10 * time.Millisecond
		r.offer(h)
	}
	result := summarize(plan, []*recorder{r}, ranFor{ended: 10 * time.Second, complete: true})
	if result.Throughput != 100 || result.Offered != 200 || result.Achieved != 200 || result.Outcomes[OK] != 2000 {
		t.Errorf("throughput %v of %v offered, %v achieved, %v", result.Throughput, result.Offered, result.Achieved, result.Outcomes)
	}
}

func TestStagesKindsAndReplicas(t *testing.T) {
	plan := planOf(constant(10, time.Second), constant(20, time.Second))
	plan.Addresses = []string{"a:1", "b:1"}
	plan.Traffic.Hits = []scenarios.Hit{{Name: "read"}, {Name: "write"}}
	loops := newRecorders(plan, 2)
	c := newSchedule(plan.Scenario, scenarios.Uniform, 0)
	for k := 0; ; k++ {
		at, stage, ok := c.next()
		if !ok {
			break
		}
		h := answered(at, time.Duration(stage+1)*time.Millisecond)
		h.stage, h.kind, h.replica = stage, k%2, k%3/2
		if k == 29 {
			h.outcome = ixTimeout
		}
		loops[k%2].offer(h)
	}
	result := resultOf(plan, loops...)
	if len(result.Stages) != 2 || result.Stages[0].Offered != 10 || result.Stages[1].Offered != 20 || result.Stages[1].Throughput != 19 {
		t.Errorf("stages %+v", result.Stages)
	}
	if p50, _ := result.Stages[1].Response.Quantile(0.5); p50.Time < 2*time.Millisecond || p50.Time > 2020*time.Microsecond {
		t.Errorf("stage 1: p50 %v, want 2 ms", p50.Time)
	}
	if p99, _ := result.Stages[1].Response.Quantile(0.99); !p99.AtLeast {
		t.Errorf("stage 1: p99 %v, want a timeout's", p99)
	}
	if k := result.Kinds; len(k) != 2 || k[0].Name != "read" || k[0].Outcomes[OK] != 15 || k[1].Outcomes[OK] != 14 || k[1].Outcomes[Timeout] != 1 {
		t.Errorf("kinds %+v", k)
	}
	if result.ReplicaOK[0] != 20 || result.ReplicaOK[1] != 9 {
		t.Errorf("ok by replica %v", result.ReplicaOK)
	}
}

func TestLagLeavesOutWhatTheServerCaused(t *testing.T) {
	plan := planOf(constant(1, 4*time.Second))
	r := newRecorder(plan)
	slow := answered(0, time.Millisecond)
	slow.sent = 5 * time.Millisecond
	full := hitRecord{outcome: ixDropped, sent: notSent, firstByte: notSent}
	late := hitRecord{outcome: ixLate, sent: 20 * time.Millisecond, firstByte: notSent, done: 20 * time.Millisecond}
	for _, h := range []hitRecord{slow, full, late} {
		r.offer(h)
	}
	result := summarize(plan, []*recorder{r}, ranFor{ended: 4 * time.Second, complete: true})
	if result.Lag.Count() != 2 {
		t.Errorf("lag of %d hits, want of the slow and the late one", result.Lag.Count())
	}
	if most, _ := result.Lag.Quantile(1); most.Time < 20*time.Millisecond || most.Time > 21*time.Millisecond {
		t.Errorf("largest lag %v, want 20 ms", most.Time)
	}
	if result.Response.Count() != 2 {
		t.Errorf("response of %d hits, want of all but the late one, of which the service never knew", result.Response.Count())
	}
	if result.Achieved != 0.25 || result.Outcomes[Dropped] != 1 || result.Outcomes[Late] != 1 {
		t.Errorf("achieved %v/s, %v", result.Achieved, result.Outcomes)
	}
}

func TestRecordingAllocatesNothing(t *testing.T) {
	plan := planOf(constant(1e6, time.Hour))
	r := newRecorder(plan)
	finished := make(chan struct{})
	go func() { defer close(finished); forwardSeconds([]*recorder{r}, nil) }()
	at, k := time.Duration(0), 0
	if n := testing.AllocsPerRun(5000, func() {
		h := answered(at, time.Millisecond)
		h.outcome = outcomeIndex(k % int(outcomeCount))
		r.offer(h)
		at += 10 * time.Millisecond
		k++
	}); n != 0 {
		t.Errorf("%v allocations a hit", n)
	}
	r.finish(at)
	<-finished
}

func BenchmarkRecord(b *testing.B) {
	plan := planOf(constant(1e6, 24*time.Hour))
	r := newRecorder(plan)
	finished := make(chan struct{})
	go func() { defer close(finished); forwardSeconds([]*recorder{r}, nil) }()
	at := time.Duration(0)
	b.ReportAllocs()
	for b.Loop() {
		at += 100 * time.Microsecond
		r.offer(answered(at, time.Millisecond+at%time.Millisecond))
	}
	r.finish(at)
	<-finished
}
