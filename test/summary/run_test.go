package main

import (
	"strings"
	"testing"
)

func summarise(t *testing.T, events string) (string, bool) {
	t.Helper()
	r := newRun()
	var out strings.Builder
	if err := r.read(strings.NewReader(events), &out); err != nil {
		t.Fatal(err)
	}
	r.print(&out)
	return out.String(), r.failed()
}

func TestPassesAreQuietAndSkipsSayWhy(t *testing.T) {
	got, failed := summarise(t, `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestB","Output":"=== RUN   TestB\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:7: needs a cgroup: none is writable\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"--- SKIP: TestB (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Output":"PASS\n"}
{"Action":"output","Package":"p","Output":"ok  \tp\t0.100s\n"}
{"Action":"pass","Package":"p"}
`)
	want := "ok  \tp\t0.100s\n\n1 passed, 0 failed, 1 skipped\nskipped: needs a cgroup: none is writable\n         (TestB)\n"
	if got != want || failed {
		t.Errorf("got %q, failed %v, want %q", got, failed, want)
	}
}

func TestFailuresArePrintedWhole(t *testing.T) {
	got, failed := summarise(t, `{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:3: 1, want 2\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"--- FAIL: TestA (0.00s)\n"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Output":"FAIL\tp\t0.100s\n"}
{"Action":"fail","Package":"p"}
`)
	for _, want := range []string{"a_test.go:3: 1, want 2\n", "--- FAIL: TestA", "FAIL\tp\t0.100s\n", "0 passed, 1 failed"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in %q", want, got)
		}
	}
	if !failed {
		t.Error("not counted as failed")
	}
}

// A package that does not build, and a line that is no event, fail and show.
func TestBuildFailure(t *testing.T) {
	got, failed := summarise(t, `{"ImportPath":"p","Action":"build-output","Output":"p/a.go:1:1: syntax error\n"}
{"ImportPath":"p","Action":"build-fail"}
{"Action":"output","Package":"p","Output":"FAIL\tp [build failed]\n"}
{"Action":"fail","Package":"p","FailedBuild":"p"}
not an event
`)
	if !failed || !strings.Contains(got, "syntax error") || !strings.Contains(got, "not an event") ||
		!strings.Contains(got, "FAIL\tp [build failed]") || !strings.Contains(got, "1 failed") {
		t.Errorf("failed %v, got %q", failed, got)
	}
}
