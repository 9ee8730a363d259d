package loadgen

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// elsewhere fails t where it gets to see who the user is.
func elsewhere(t *testing.T) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" || r.Header.Get("X-Kept") != "yes" {
			t.Errorf("another host got the headers %v", r.Header)
		}
		fmt.Fprint(w, "elsewhere")
	}))
	t.Cleanup(server.Close)
	return server
}

func TestRedirects(t *testing.T) {
	away := elsewhere(t)
	mux := http.NewServeMux()
	mux.HandleFunc("/other", func(w http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); r.Method != "POST" || string(body) != "text" {
			t.Errorf("got %s %q", r.Method, body)
		}
		http.Redirect(w, r, "/there", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /there", func(w http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); len(body) > 0 || r.Header.Get("Authorization") == "" {
			t.Errorf("got body %q and headers %v", body, r.Header)
		}
		fmt.Fprint(w, "there")
	})
	mux.HandleFunc("/same", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/echo", http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("POST /echo", func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })
	mux.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, away.URL+"/", http.StatusFound)
	})
	mux.HandleFunc("/circle", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/circle", http.StatusFound) })
	mux.HandleFunc("/nowhere", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "gopher://hole")
		w.WriteHeader(http.StatusFound)
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	for path, want := range map[string]struct {
		outcome        Outcome
		contains, says string
	}{
		"/other":   {OK, "there", ""},
		"/same":    {OK, "text", ""},
		"/away":    {OK, "elsewhere", ""},
		"/circle":  {Protocol, "", "redirected more than 10 times"},
		"/nowhere": {Protocol, "", "gopher"},
	} {
		t.Run(path, func(t *testing.T) {
			checkLeaks(t)
			plan := planFor(server.URL, 50, 100*time.Millisecond)
			plan.Traffic.FollowRedirects = true
			plan.Traffic.Hits = []scenarios.Hit{{
				Name: "hit", Weight: 1, Method: "POST", Path: path, Body: scenarios.NewSecret("text"), BodyContains: want.contains,
				Headers: []scenarios.Variable{{Name: "Authorization", Value: scenarios.NewSecret("me")}, {Name: "X-Kept", Value: scenarios.NewSecret("yes")}},
			}}
			wantAll(t, plan, want.outcome, want.says)
		})
	}
}
