package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestParseNeeds(t *testing.T) {
	n, err := parseNeeds([]string{"-cpu-per-hit", "2ms", "-cpu-extra", "0.3", "-cache", "3MiB", "-leak-per-hit", "4KiB", "-lock", "10ms"})
	if err != nil {
		t.Fatal(err)
	}
	if n.cpuPerHit != 2*time.Millisecond || n.cpuExtra != 0.3 || n.cache != 3*mib || n.leakPerHit != 4*kib || n.lock != 10*time.Millisecond {
		t.Errorf("needs %+v", n)
	}
	if n, err := parseNeeds(nil); err != nil || n.leakPerHit != 0 || n.child != 0 || n.lock != 0 || n.cpuExtra != 0 {
		t.Errorf("by default: %+v, %v; want nothing that makes it fail", n, err)
	}
	for args, want := range map[string]string{
		"-cache 3MB":                  "-cache",
		"-cache -1":                   "-cache",
		"-cache 3GiBs":                "-cache",
		"-cpu-extra -1":               "0 or more",
		"-cache-step 0":               "-cache-step",
		"-cpu-per-hit 1":              "-cpu-per-hit",
		"-leak-per-hit 99999999999":   "-leak-per-hit",
		"-cpu-per-hit 1ms surprising": "surprising",
	} {
		if n, err := parseNeeds(strings.Fields(args)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %+v, error %v, want one that names %q", args, n, err, want)
		}
	}
}

func TestCacheFillsAndStaysFlat(t *testing.T) {
	s, err := newService(needs{cache: 10 * kib, cacheStep: 4 * kib})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int64{4 * kib, 8 * kib, 10 * kib, 10 * kib} {
		if code := get(s, "/work"); code != http.StatusOK {
			t.Fatalf("status %d", code)
		}
		if s.filled != want {
			t.Errorf("after %d hits %d bytes of the cache are filled, want %d", i+1, s.filled, want)
		}
	}
	if len(s.leaked) != 0 {
		t.Errorf("%d leaks without -leak-per-hit", len(s.leaked))
	}
	if code := get(s, "/healthz"); code != http.StatusOK {
		t.Errorf("/healthz: status %d", code)
	}
}

func TestLeakIsKept(t *testing.T) {
	s, err := newService(needs{leakPerHit: 8 * kib})
	if err != nil {
		t.Fatal(err)
	}
	get(s, "/work")
	get(s, "/work")
	if len(s.leaked) != 2 || len(s.leaked[0]) != 8*kib {
		t.Errorf("%d leaks, want 2 of 8 KiB", len(s.leaked))
	}
}

// The thread's CPU clock tells what a burn took, however busy the machine is.
func TestBurnTakesCPUTime(t *testing.T) {
	began := time.Now()
	burn(20 * time.Millisecond)
	if took := time.Since(began); took < 20*time.Millisecond {
		t.Errorf("20 ms of CPU time took %s", took)
	}
}

func get(s *service, path string) int {
	reply := httptest.NewRecorder()
	s.routes().ServeHTTP(reply, httptest.NewRequest(http.MethodGet, path, nil))
	return reply.Code
}
