package loadgen

import (
	"strings"
	"testing"
	"time"
)

func lagOf(at time.Duration) Distribution {
	h := newHistogram(fineDigits)
	h.recordTimes(50*time.Microsecond, 900)
	h.recordTimes(at, 100)
	return knownDistribution(h)
}

func TestDoubts(t *testing.T) {
	fine := func() Result {
		return Result{
			Hits: 1000, Outcomes: map[Outcome]int64{OK: 1000}, Lag: lagOf(100 * time.Microsecond),
			Generator: GeneratorUse{CPU: time.Second, Cores: 0.1, Allowed: 2, Periods: new(int64(600)), ThrottledPeriods: new(int64(0))},
		}
	}
	for _, tt := range []struct {
		name   string
		slo    time.Duration
		change func(*Result)
		want   string // "" is valid
	}{
		{"fine", 0, func(*Result) {}, ""},
		{"lag above 1 ms", 0, func(r *Result) { r.Lag = lagOf(1100 * time.Microsecond) }, "lag p99 1.10 ms is above 1.00 ms"},
		{"lag below 1 ms with a tight SLO", time.Millisecond, func(r *Result) { r.Lag = lagOf(900 * time.Microsecond) }, ""},
		{"lag below a tenth of the SLO", 200 * time.Millisecond, func(r *Result) { r.Lag = lagOf(19 * time.Millisecond) }, ""},
		{"lag above a tenth of the SLO", 200 * time.Millisecond, func(r *Result) { r.Lag = lagOf(21 * time.Millisecond) },
			"lag p99 21.0 ms is above 20.0 ms"},
		{"lag while waiting for a CPU", 0,
			func(r *Result) { r.Lag, r.Generator.RunDelay = lagOf(2*time.Millisecond), new(3*time.Second) },
			"its threads waited 3.00 s for a CPU and ran for 1.00 s"},
		{"throttled", 0, func(r *Result) { r.Generator.ThrottledPeriods = new(int64(7)) }, "throttled by its own CPU quota in 7 of 600 periods"},
		{"throttled once", 0, func(r *Result) { r.Generator.ThrottledPeriods = new(int64(1)) }, ""},
		{"no quota", 0, func(r *Result) { r.Generator.Periods, r.Generator.ThrottledPeriods = nil, nil }, ""},
		{"out of CPU", 0, func(r *Result) { r.Generator.Cores = 1.95 }, "it used 1.95 of 2 cores"},
		{"closed loop uses all it can", 0, func(r *Result) { r.Generator.Cores, r.ClosedLoop = 1.95, true }, ""},
		{"exhausted", 0, func(r *Result) { r.Outcomes = map[Outcome]int64{OK: 999, Exhausted: 1} }, "1 hits could not be sent"},
		{"a few late", 0, func(r *Result) { r.Outcomes = map[Outcome]int64{OK: 995, Late: 5} }, ""},
		{"late", 0, func(r *Result) { r.Outcomes = map[Outcome]int64{OK: 994, Late: 6} },
			"6 of 1,000 hits were not sent because the generator was too late for them"},
		{"lost count", 0, func(r *Result) { r.Outcomes = map[Outcome]int64{OK: 999} }, "1,000 hits were planned but 999 have an outcome"},
		// What a slow or broken server does is its own failure, and a valid run.
		{"all dropped at the cap", 0,
			func(r *Result) { r.Lag, r.Outcomes = Distribution{}, map[Outcome]int64{Dropped: 1000} }, ""},
		{"refused", 0, func(r *Result) { r.Outcomes = map[Outcome]int64{Refused: 600, Timeout: 300, Unfinished: 100} }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := fine()
			tt.change(&r)
			got := strings.Join(doubts(Plan{TightestSLO: tt.slo}, r), "; ")
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}
