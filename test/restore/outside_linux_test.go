package restore

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// outside is what a run needs beside the API server: the service that takes the load, and a Prometheus.
type outside struct {
	*httptest.Server
	player *player
}

func newOutside(t *testing.T, player *player) *outside {
	t.Helper()
	o := &outside{player: player}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	o.Server = httptest.NewServer(mux)
	t.Cleanup(o.Close)
	return o
}
