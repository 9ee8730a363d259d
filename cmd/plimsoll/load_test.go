package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The page about load names each of its flags.
func TestLoadPageNamesFlags(t *testing.T) {
	page, err := os.ReadFile("../../docs/load.md")
	if err != nil {
		t.Fatal(err)
	}
	usages := (&app{}).loadCommand().Flags().FlagUsages()
	for _, flag := range regexp.MustCompile(`(?m)^ +(?:-., )?(--[a-z-]+)`).FindAllStringSubmatch(usages, -1) {
		if !strings.Contains(string(page), "`"+flag[1]+"`") {
			t.Errorf("docs/load.md does not tell of %s", flag[1])
		}
	}
}

// The log is beside the summary, and the library of the format reads it.
func TestLoadHDRLog(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "load.hlog")
	got := plimsoll(t, nil, "load", "--rate", "100", "--duration", "200ms", "--hdr-log", file, server.URL)
	if !strings.Contains(got.Out, "p99") {
		t.Errorf("no summary: %+v", got)
	}
	written, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer written.Close()
	first, err := hdrhistogram.NewHistogramLogReader(written).NextIntervalHistogram()
	if err != nil || first == nil || first.Tag() != "response" || first.TotalCount() == 0 {
		t.Errorf("the log begins with %v, %v; want response times", first, err)
	}
	bad := plimsoll(t, nil, "load", "--rate", "100", "--duration", "100ms", "--hdr-log", t.TempDir(), server.URL)
	if bad.Code != 3 || !strings.Contains(bad.Err, "--hdr-log") || !strings.Contains(bad.Out, "p99") {
		t.Errorf("a log that cannot be written: %+v", bad)
	}
}

// A result that cannot be written costs no summary.
func TestLoadOutputUnwritable(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	got := plimsoll(t, nil, "load", "--rate", "100", "--duration", "100ms", "-o", t.TempDir(), server.URL)
	if got.Code != 3 || !strings.Contains(got.Err, "write the result") || !strings.Contains(got.Out, "p99") {
		t.Errorf("%+v", got)
	}
}

// Flags that would be ignored are refused, and so is a rate without end.
func TestLoadUsage(t *testing.T) {
	for flag, args := range map[string][]string{
		"--rate":     {"--rate", "Inf", "http://127.0.0.1:1/"},
		"--duration": {"-f", "testdata/simulated.yaml", "--duration", "5s", "http://127.0.0.1:1/"},
	} {
		if got := plimsoll(t, nil, append([]string{"load"}, args...)...); got.Code != 2 || !strings.Contains(got.Err, flag) {
			t.Errorf("%v: %+v", args, got)
		}
	}
}
