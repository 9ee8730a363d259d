package observer

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// Two targets over 3.5 seconds: a sample at the start, one each second, one at the end.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		targets := []Target{{Container: "app"}, {Container: "sidecar"}}
		w := Start(targets, func(Target) (Sample, error) { return Sample{}, nil })
		time.Sleep(2500 * time.Millisecond)
		if n := len(w.Series()[1].Samples); n != 3 {
			t.Errorf("%d samples after 2.5 s, want 3", n)
		}
		time.Sleep(time.Second)
		all := w.Stop(t.Context())
		for i, series := range all {
			if series.Target != targets[i] || len(series.Samples) != 5 {
				t.Fatalf("series %d: %+v with %d samples, want 5", i, series.Target, len(series.Samples))
			}
			for j, want := range []time.Duration{0, time.Second, 2 * time.Second, 3 * time.Second, 3500 * time.Millisecond} {
				if at := series.Samples[j].At.Sub(began); at != want {
					t.Errorf("sample %d at %s, want %s", j, at, want)
				}
			}
		}
		if again := w.Stop(t.Context()); len(again[0].Samples) != 5 {
			t.Errorf("%d samples when stopped again, want 5", len(again[0].Samples))
		}
	})
}

func TestWatchKeepsEachProblemOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		w := Start([]Target{{}}, func(Target) (Sample, error) {
			if calls++; calls%2 == 0 {
				return Sample{}, errors.New("connection refused")
			}
			return Sample{}, nil
		})
		time.Sleep(4500 * time.Millisecond)
		series := w.Stop(t.Context())[0]
		if len(series.Samples) != 3 || len(series.Problems) != 1 || series.Problems[0] != "connection refused" {
			t.Errorf("%d samples, problems %q, want 3 and one", len(series.Samples), series.Problems)
		}
	})
}
