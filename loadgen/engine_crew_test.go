package loadgen

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// callFunc is a caller in memory.
type callFunc func(ctx context.Context, hit *hitState, replica int) (outcomeIndex, error)

func (f callFunc) call(ctx context.Context, _ *worker, hit *hitState, replica int) (outcomeIndex, error) {
	return f(ctx, hit, replica)
}
func (callFunc) close() {}

// runCrew runs plan with call in place of a protocol.
func runCrew(t *testing.T, ctx context.Context, plan Plan, call callFunc) Result {
	t.Helper()
	if plan.Addresses == nil {
		plan.Addresses = []string{"127.0.0.1:1"}
	}
	mix, err := newTraffic(plan.Traffic)
	if err != nil {
		t.Fatal(err)
	}
	j, err := newJob(ctx, plan, mix)
	if err != nil {
		t.Fatal(err)
	}
	recorders := newRecorders(plan, 1)
	ran, err := j.offerAll(ctx, []offerer{newCrew(j, mix, recorders[0], 0, call, newTimerPacer())}, recorders)
	if err != nil {
		t.Fatal(err)
	}
	return summarize(plan, recorders, ran)
}

// quantile of d, in milliseconds.
func quantile(t *testing.T, d Distribution, q float64) time.Duration {
	t.Helper()
	v, ok := d.Quantile(q)
	if !ok {
		t.Fatalf("no quantile %v", q)
	}
	return v.Time.Round(100 * time.Microsecond)
}

func TestCrewKeepsToTheSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := planFor("http://127.0.0.1:1", 500, time.Minute)
		result := runCrew(t, t.Context(), plan, func(_ context.Context, hit *hitState, _ int) (outcomeIndex, error) {
			if hit.sent != hit.planned {
				t.Errorf("hit %d planned at %v was sent at %v", hit.number, hit.planned, hit.sent)
			}
			time.Sleep(20 * time.Millisecond)
			return ixOK, nil
		})
		if result.Outcomes[OK] != 30000 || result.Window != time.Minute || result.MaxInFlight != 10 && result.MaxInFlight != 11 {
			t.Errorf("outcomes %v in %v, at most %d in flight", result.Outcomes, result.Window, result.MaxInFlight)
		}
		if p99 := quantile(t, result.Response, 0.99); p99 != 20*time.Millisecond {
			t.Errorf("p99 %v, want 20ms", p99)
		}
	})
}

// TestFrozenServer is the test that most load generators fail: a service of 1 ms that does not answer for 10 of 100
// seconds. Of 10,000 hits the 1,000 planned meanwhile wait for between 0 and 10 s, evenly. So, for all hits, p50 is
// 1 ms, p95 5 s and p99 9 s, however many connections there are.
func TestFrozenServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := planFor("http://127.0.0.1:1", 100, 100*time.Second)
		plan.Traffic.Timeout, plan.Traffic.MaxInFlight = 30*time.Second, 2000
		began := time.Now()
		result := runCrew(t, t.Context(), plan, func(context.Context, *hitState, int) (outcomeIndex, error) {
			if at := time.Since(began); at >= 40*time.Second && at < 50*time.Second {
				time.Sleep(50*time.Second - at)
			}
			time.Sleep(time.Millisecond)
			return ixOK, nil
		})
		if result.Outcomes[OK] != 10000 {
			t.Fatalf("outcomes %v", result.Outcomes)
		}
		for q, want := range map[float64]time.Duration{0.5: time.Millisecond, 0.95: 5 * time.Second, 0.99: 9 * time.Second, 1: 10 * time.Second} {
			if got := quantile(t, result.Response, q); got < want*98/100 || got > want*102/100 {
				t.Errorf("quantile %v is %v, want %v", q, got, want)
			}
		}
	})
}

func TestCrewGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := planFor("http://127.0.0.1:1", 10, time.Second)
		plan.Grace, plan.Traffic.Timeout = 2*time.Second, 0
		began := time.Now()
		result := runCrew(t, t.Context(), plan, func(ctx context.Context, hit *hitState, _ int) (outcomeIndex, error) {
			if hit.number%2 == 0 {
				<-ctx.Done()
				return 0, context.Cause(ctx)
			}
			time.Sleep(1500 * time.Millisecond)
			return ixOK, nil
		})
		if result.Outcomes[OK] != 5 || result.Outcomes[Unfinished] != 5 || time.Since(began) != 3*time.Second || !result.Complete {
			t.Errorf("outcomes %v after %v", result.Outcomes, time.Since(began))
		}
	})
}

// TestCrewEndsWithItsLastHit needs no grace when nothing is in flight.
func TestCrewEndsWithItsLastHit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := planFor("http://127.0.0.1:1", 10, time.Second)
		began := time.Now()
		runCrew(t, t.Context(), plan, func(context.Context, *hitState, int) (outcomeIndex, error) {
			time.Sleep(300 * time.Millisecond)
			return ixOK, nil
		})
		if took := time.Since(began); took != 1200*time.Millisecond {
			t.Errorf("took %v, want the 0.9 s of the last hit and its 0.3 s", took)
		}
	})
}

func TestCrewInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, interrupt := context.WithTimeout(t.Context(), 1050*time.Millisecond)
		defer interrupt()
		plan := planFor("http://127.0.0.1:1", 10, time.Hour)
		result := runCrew(t, ctx, plan, func(context.Context, *hitState, int) (outcomeIndex, error) {
			time.Sleep(time.Second)
			return ixOK, nil
		})
		if result.Complete || result.Outcomes[OK] != 11 || result.Window != 1050*time.Millisecond {
			t.Errorf("complete %v after %v with outcomes %v", result.Complete, result.Window, result.Outcomes)
		}
	})
}

// TestCrewInterruptedDrain gives up after a second what would take longer, whether the schedule is interrupted or the
// drain after it.
func TestCrewInterruptedDrain(t *testing.T) {
	for name, tt := range map[string]struct{ grace, after, want time.Duration }{
		"in the schedule":            {30 * time.Second, 2050 * time.Millisecond, 3050 * time.Millisecond},
		"in the drain":               {30 * time.Second, 8 * time.Second, 9 * time.Second},
		"shortly before its end":     {5 * time.Second, 9500 * time.Millisecond, 10 * time.Second},
		"with a grace of 0.1 s only": {100 * time.Millisecond, 2050 * time.Millisecond, 2150 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, interrupt := context.WithTimeout(t.Context(), tt.after)
				defer interrupt()
				plan := planFor("http://127.0.0.1:1", 10, 5*time.Second)
				plan.Grace, plan.Traffic.Timeout = tt.grace, 0
				began := time.Now()
				result := runCrew(t, ctx, plan, func(ctx context.Context, _ *hitState, _ int) (outcomeIndex, error) {
					<-ctx.Done()
					return 0, context.Cause(ctx)
				})
				took, planned := time.Since(began), int64(min(tt.after, 5*time.Second)/(100*time.Millisecond))
				if took != tt.want || result.Complete || result.Outcomes[Unfinished] != result.Hits || result.Hits < planned {
					t.Errorf("took %v, want %v; complete %v, outcomes %v of %d hits", took, tt.want, result.Complete, result.Outcomes, result.Hits)
				}
				if p50, _ := result.Response.Quantile(0.5); !p50.AtLeast {
					t.Errorf("p50 is %v, want it censored", p50)
				}
			})
		})
	}
}

func TestCrewSharesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := planFor("http://127.0.0.1:1", 100, time.Second)
		plan.Addresses = []string{"127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"}
		plan.Traffic.MaxInFlight = 7
		plan.Grace = time.Second
		var inFlight [3]atomic.Int64
		result := runCrew(t, t.Context(), plan, func(ctx context.Context, _ *hitState, replica int) (outcomeIndex, error) {
			inFlight[replica].Add(1)
			<-ctx.Done()
			return 0, context.Cause(ctx)
		})
		if result.Outcomes[Unfinished] != 7 || result.Outcomes[Dropped] != 93 || result.MaxInFlight != 7 {
			t.Errorf("outcomes %v, at most %d in flight", result.Outcomes, result.MaxInFlight)
		}
		for i := range inFlight {
			if n := inFlight[i].Load(); n < 2 || n > 3 {
				t.Errorf("replica %d had %d hits in flight", i, n)
			}
		}
	})
}

func TestCrewClosedLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := planFor("http://127.0.0.1:1", 1, 2*time.Second)
		plan.Scenario.Stages = append(plan.Scenario.Stages, scenarios.Stage{From: 1, To: 1, For: time.Second})
		plan.Closed, plan.Connections = true, 3
		result := runCrew(t, t.Context(), plan, func(_ context.Context, hit *hitState, _ int) (outcomeIndex, error) {
			if want := int(hit.planned / (2 * time.Second)); hit.stage != want {
				t.Errorf("stage %d at %v", hit.stage, hit.planned)
			}
			time.Sleep(100 * time.Millisecond)
			if hit.number%10 == 0 {
				return 0, errors.New("broken")
			}
			return ixOK, nil
		})
		if result.Hits != 90 || result.Outcomes[Protocol] != 9 || result.Errors[Protocol] != "broken" {
			t.Errorf("outcomes %v of %d hits, errors %v", result.Outcomes, result.Hits, result.Errors)
		}
	})
}
