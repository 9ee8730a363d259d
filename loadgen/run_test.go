package loadgen

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// planFor is a plan of rate hits per second on url for so long.
func planFor(url string, rate float64, length time.Duration) Plan {
	return Plan{
		Traffic: scenarios.Traffic{
			URL: url, Protocol: scenarios.HTTP1, Timeout: 10 * time.Second, MaxInFlight: 1000, Arrivals: scenarios.Uniform,
			Hits: []scenarios.Hit{{Name: "root", Weight: 1, Method: "GET", Path: "/"}},
		},
		Scenario: scenarios.Scenario{Name: "test", Kind: scenarios.Soak, Stages: []scenarios.Stage{{From: rate, To: rate, For: length}}},
		Grace:    5 * time.Second,
	}
}

func TestRunOffersEveryHit(t *testing.T) {
	var got atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { got.Add(1) }))
	defer server.Close()
	result, err := Run(t.Context(), planFor(server.URL, 200, time.Second))
	if err != nil {
		t.Fatal(err)
	}
	late := result.Outcomes[Late] // on a busy machine
	if got.Load() != 200-late {
		t.Errorf("the server got %d hits, want 200 but for %d that were late", got.Load(), late)
	}
	if !result.Complete || result.Hits != 200 || result.Outcomes[OK] != 200-late {
		t.Errorf("outcomes %v of %d hits, want 200, all ok or late", result.Outcomes, result.Hits)
	}
}
