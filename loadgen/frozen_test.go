package loadgen

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"
)

// The analytic case in short: a tenth of the run the server stands still, so a tenth of the hits waits uniformly over
// (0, freezeFor]: p95 is half of it, p99 nine tenths.
const (
	freezeRate = 250
	freezeRun  = 4 * time.Second
	freezeFrom = time.Second
	freezeFor  = 400 * time.Millisecond
)

// freezing is a server that stands still for freezeFor, freezeFrom after its first hit, and notes when it answered
// which hit.
type freezing struct {
	mu       sync.Mutex
	first    time.Time
	answered map[int]time.Time
}

func (s *freezing) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	if s.first.IsZero() {
		s.first = time.Now()
	}
	since := time.Since(s.first)
	s.mu.Unlock()
	if since >= freezeFrom && since < freezeFrom+freezeFor {
		select {
		case <-time.After(freezeFrom + freezeFor - since):
		case <-r.Context().Done():
		}
	}
	number, err := strconv.Atoi(r.URL.Path[1:])
	if err != nil {
		return // the number is missing from answered, and the test says so
	}
	s.mu.Lock()
	s.answered[number] = time.Now()
	s.mu.Unlock()
}

// TestRunSeesAFrozenServer runs the real engine against it. A generator that waits for replies before it goes on would
// find a p95 of a millisecond. The server itself knows better: it answered hit k at an instant it noted, and hit k was
// planned k/rate after the start, so no response time may be less than the difference, on a busy machine neither.
func TestRunSeesAFrozenServer(t *testing.T) {
	frozen := &freezing{answered: map[int]time.Time{}}
	server := httptest.NewServer(frozen)
	defer server.Close()
	plan := planFor(server.URL, freezeRate, freezeRun)
	plan.Traffic.Hits[0].Path = "/{{.hit}}"
	result, err := Run(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	frozen.mu.Lock()
	defer frozen.mu.Unlock()
	late := result.Outcomes[Late] // on a busy machine
	if result.Hits != 1000 || result.Outcomes[OK]+late != 1000 || int64(len(frozen.answered)) != 1000-late {
		t.Fatalf("%d hits, %v, %v; the server answered %d", result.Hits, result.Outcomes, result.Errors, len(frozen.answered))
	}
	var truth []sample
	for number, at := range frozen.answered {
		truth = append(truth, sample{time: at.Sub(result.Started.Add(time.Duration(number) * time.Second / freezeRate))})
	}
	for q, analytic := range map[float64]time.Duration{0.5: 0, 0.95: freezeFor / 2, 0.99: freezeFor * 9 / 10, 1: freezeFor} {
		least, _ := quantileOf(q, truth)
		got, _ := result.Response.Quantile(q)
		if got.AtLeast || got.Time < least {
			t.Errorf("q %v is %v, but the server took %v from the planned instant", q, got.Time, least)
		}
		// A hit is planned every 4 ms, and the freeze begins anywhere between two.
		if late == 0 && got.Time < analytic-analytic/50-4*time.Millisecond {
			t.Errorf("q %v is %v, want no less than %v", q, got.Time, analytic)
		}
		if q < 0.99 && len(result.Invalid) == 0 && got.Time > least+least/50+20*time.Millisecond {
			t.Errorf("q %v is %v, but the server had answered after %v", q, got.Time, least)
		}
	}
}
