package main

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/observer/kube"
	"github.com/plimsoll/plimsoll/scenarios"
)

func TestMetricsFlags(t *testing.T) {
	for _, c := range []struct {
		options metricsOptions
		want    string
	}{
		{metricsOptions{From: "auto"}, ""},
		{metricsOptions{From: "prometheus", PrometheusURL: "http://prometheus:9090"}, ""},
		{metricsOptions{From: "cadvisor"}, `--metrics: "cadvisor" given; allowed: [auto reader proxy prometheus metrics-server]`},
		{metricsOptions{From: "prometheus"}, "--metrics prometheus needs --prometheus-url"},
		{metricsOptions{From: "auto", PrometheusURL: "prometheus:9090"}, `--prometheus-url: "prometheus:9090" given; allowed: an http or https address`},
	} {
		err := c.options.validate()
		if text := ""; err != nil {
			text = err.Error()
			if text != c.want {
				t.Errorf("%+v: %q, want %q", c.options, text, c.want)
			}
		} else if c.want != "" {
			t.Errorf("%+v is allowed, want %q", c.options, c.want)
		}
	}
}

// account writes the folder of a ServiceAccount whose authority is that of server.
func account(t *testing.T, server *httptest.Server) string {
	t.Helper()
	dir := t.TempDir()
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "token"), []byte("secret\n"), 0o600),
		os.WriteFile(filepath.Join(dir, "ca.crt"), authority, 0o600)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A kubelet is asked with the ServiceAccount's token, over TLS that its authority vouches for, or not at all.
func TestKubeletClient(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Authorization"); got != "Bearer secret" {
			t.Errorf("authorization %q", got)
		}
		_, _ = w.Write([]byte("container_memory_rss{namespace=\"w\",pod=\"p\",container=\"c\",name=\"n\",id=\"/x\"} 7 5000\n"))
	}))
	defer server.Close()
	for _, c := range []struct {
		name     string
		dir      string
		insecure bool
		want     string
	}{
		{"its own authority", account(t, server), false, ""},
		{"another authority, and nobody checks", otherAccount(t), true, ""},
		{"another authority", otherAccount(t), false, "certificate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, err := kubeletClient(c.dir, c.insecure)
			if err != nil {
				t.Fatal(err)
			}
			k := directKubelets(client, kube.Filter{Namespace: "w"}, nil)
			k.URL = func(string) (string, error) { return server.URL, nil }
			scrape, err := k.Fetch(t.Context(), "n")
			if c.want == "" && (err != nil || len(scrape.Rows) != 1) || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%+v, %v; want %q", scrape, err, c.want)
			}
		})
	}
	if _, err := kubeletClient(t.TempDir(), false); err == nil {
		t.Error("a ServiceAccount without an authority is trusted")
	}
}

// otherAccount has the right token, and an authority of its own: the same key that httptest uses would vouch for both.
func otherAccount(t *testing.T) string {
	t.Helper()
	other := httptest.NewUnstartedServer(http.NotFoundHandler())
	other.TLS = &tls.Config{Certificates: []tls.Certificate{selfSigned(t)}}
	other.StartTLS()
	defer other.Close()
	return account(t, other)
}

func TestReadAgentUsage(t *testing.T) {
	for _, nodes := range [][]string{nil, {"n"}, {"n="}, {"=10.0.0.1"}, {"n=host"}} {
		err := readAgent{nodes: nodes, account: t.TempDir()}.run(context.Background(), nil)
		if err == nil || !strings.Contains(err.Error(), "--node") {
			t.Errorf("nodes %q: %v", nodes, err)
		}
	}
	url, err := directKubelets(nil, kube.Filter{}, func(string) string { return "fd00::1" }).URL("n")
	if err != nil || url != "https://[fd00::1]:10250/metrics/cadvisor" {
		t.Errorf("%q, %v", url, err)
	}
}

func TestTooShort(t *testing.T) {
	hold := func(name string, warmup, d time.Duration) scenarios.Scenario {
		return scenarios.Scenario{Name: name, Warmup: warmup, Stages: []scenarios.Stage{{For: d}}}
	}
	if text := tooShort([]scenarios.Scenario{hold("ramp", 10*time.Second, time.Minute), hold("soak", 10*time.Second, 70*time.Second)}); !strings.HasPrefix(text, "scenario ramp: ") {
		t.Errorf("%q", text)
	}
	if text := tooShort([]scenarios.Scenario{hold("soak", 0, time.Minute)}); text != "" {
		t.Errorf("%q", text)
	}
}
