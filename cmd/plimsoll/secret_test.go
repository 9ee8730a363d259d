package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// planted is in every secret of these tests.
const planted = "planted-7f3a9c"

// secretFile writes the simulated scenario file, changed once more, with a secret in everything of a hit that can hold one:
// Authorization, cookies and a token without being marked, a header and the body that are marked.
func secretFile(t *testing.T, old, changed string) string {
	t.Helper()
	path := changedModel(t, "{name: work, path: /work}", `{name: work, path: /work, body: {value: "pin=`+planted+`", secret: true}, headers: {`+
		`Authorization: {env: TOKEN}, Cookie: "session=`+planted+`; theme=dark", X-Auth-Token: "`+planted+`", X-Plain: {value: "`+planted+`", secret: true}}}`)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), old, changed, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// everyOutput runs a command in GitHub Actions with each of these formats in a file of dir.
func everyOutput(t *testing.T, dir string, formats []string, args ...string) ran {
	t.Helper()
	args = append(args, "--report-dir", dir)
	for _, name := range formats {
		args = append(args, "-o", name+"="+filepath.Join(dir, "out."+name))
	}
	return plimsoll(t, []string{"TOKEN=Bearer " + planted, "GITHUB_ACTIONS=true", "GITHUB_STEP_SUMMARY=" + filepath.Join(dir, "summary.md")}, args...)
}

// holdsNoSecret fails where the planted secret was printed or is in a file of dir; it returns how many files there are.
func holdsNoSecret(t *testing.T, got ran, dir string) int {
	t.Helper()
	if strings.Contains(got.Out+got.Err, planted) {
		t.Errorf("the secret was printed:\n%s%s", got.Out, got.Err)
	}
	written, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range written {
		content, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(content), planted) {
			t.Errorf("the secret is in %s", f.Name())
		}
	}
	return len(written)
}

// A planted secret reaches no output of a whole search: not the run log, no report, nothing printed.
func TestSecretReachesNoOutput(t *testing.T) {
	dir := t.TempDir()
	got := everyOutput(t, dir, formatNames(), "tune", "-f", secretFile(t, "", ""))
	if got.Code != 0 {
		t.Fatalf("exit code %d\n%s%s", got.Code, got.Out, got.Err)
	}
	if n, want := holdsNoSecret(t, got, dir), 4+len(formatNames()); n != want {
		t.Errorf("%d files were written, want %d: the log, two reports, the summary and every format", n, want)
	}
}

// The same for a check: one that makes a baseline, one that finds a regression, one that misses its SLOs, one whose baseline
// is of another load. A check keeps no run log.
func TestSecretReachesNoOutputOfACheck(t *testing.T) {
	dir := t.TempDir()
	baseline := filepath.Join(dir, "baseline", "report.json")
	for _, c := range []struct {
		name, old, changed string
		code               int
		says               string
	}{
		{name: "baseline", says: "The limits hold"},
		{name: "worse", old: "cpu_per_hit: 1.3ms", changed: "cpu_per_hit: 1.7ms", code: 1, says: "regression"},
		{name: "missed", old: "memory_base: 40Mi", changed: "memory_base: 600Mi", code: 1, says: "OOM-killed"},
		{name: "other", old: "rate: 200/s", changed: "rate: 150/s", code: 3, says: "another load"},
	} {
		t.Run(c.name, func(t *testing.T) {
			reports := filepath.Join(dir, c.name)
			if err := os.Mkdir(reports, 0o755); err != nil {
				t.Fatal(err)
			}
			args := []string{"check", "-f", secretFile(t, c.old, c.changed)}
			if c.name != "baseline" {
				args = append(args, "--baseline", baseline)
			}
			got := everyOutput(t, reports, checkFormats(), args...)
			if got.Code != c.code || !strings.Contains(got.Out+got.Err, c.says) {
				t.Errorf("exit code %d, want %d\n%s%s", got.Code, c.code, got.Out, got.Err)
			}
			want := 3 + len(checkFormats()) // two reports, the summary and every format
			if c.code == 3 {
				want = 0 // it ran nothing
			}
			if n := holdsNoSecret(t, got, reports); n != want {
				t.Errorf("%d files were written, want %d", n, want)
			}
		})
	}
}

// apiServer answers as a cluster with one Pod that has the secret wherever a Pod can hold one, and that refuses what is in
// refused. Who comes without the token gets nothing.
func apiServer(t *testing.T, refused string) *httptest.Server {
	pod := `{"metadata": {"name": "web-1", "namespace": "shop", "annotations": {"config": "` + planted + `"}}, "spec": {"nodeName": "n", "containers": [{"name": "app",
		"env": [{"name": "TOKEN", "value": "` + planted + `"}], "args": ["--password=` + planted + `"], "resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}]},
		"status": {"phase": "Running", "containerStatuses": [{"name": "app", "restartCount": 1, "lastState": {"terminated": {"reason": "OOMKilled", "message": "` + planted + `"}}}]}}`
	answers := map[string]string{
		"/api/v1/namespaces/shop/pods": `{"kind": "PodList", "apiVersion": "v1", "items": [` + pod + `]}`,
		"/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods": `{"kind": "PodMetricsList", "apiVersion": "metrics.k8s.io/v1beta1", "items": [
			{"metadata": {"name": "web-1", "namespace": "shop"}, "containers": [{"name": "app", "usage": {"cpu": "100m", "memory": "64Mi"}}]}]}`,
		"/api/v1/nodes/n/proxy/metrics/cadvisor": `container_cpu_cfs_periods_total{container="app",namespace="shop",pod="web-1"} 100` + "\n",
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { // a token goes over TLS only
		text, ok := answers[r.URL.Path]
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.Header.Get("Authorization") != "Bearer "+planted:
			http.Error(w, "who is it?", http.StatusUnauthorized)
		case !ok || refused != "" && strings.Contains(r.URL.Path, refused):
			http.Error(w, `{"kind": "Status", "status": "Failure", "reason": "Forbidden", "code": 403, "message": "no"}`, http.StatusForbidden)
		default:
			fmt.Fprintln(w, text)
		}
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it tells of connections that a client leaves
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

// The same for a scan in every format, whether all can be read or not: the secret is in the Pods and in the kubeconfig.
func TestSecretReachesNoOutputOfAScan(t *testing.T) {
	for name, c := range map[string]struct {
		refused string
		code    int
		says    string
	}{
		"all read":              {"", 0, "web-1"},
		"no usage":              {"metrics.k8s.io", 0, "web-1"},
		"no throttling":         {"/nodes/", 0, "web-1"},
		"nothing may be listed": {"/api/v1/namespaces", 3, "list the Pods"},
	} {
		t.Run(name, func(t *testing.T) {
			server := apiServer(t, c.refused)
			dir := t.TempDir()
			kubeconfig := filepath.Join(dir, "kubeconfig")
			if err := os.WriteFile(kubeconfig, fmt.Appendf(nil, "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{name: c, context: {cluster: c, user: u}}]\n"+
				"clusters: [{name: c, cluster: {server: %q, insecure-skip-tls-verify: true}}]\nusers: [{name: u, user: {token: %s}}]\n", server.URL, planted), 0o600); err != nil {
				t.Fatal(err)
			}
			for format := range (&app{}).scanFormats() {
				got := plimsoll(t, nil, "scan", "--kubeconfig", kubeconfig, "-n", "shop", "-o", format)
				if got.Code != c.code || !strings.Contains(got.Out+got.Err, c.says) {
					t.Errorf("%s: %+v", format, got)
				}
				if strings.Contains(got.Out+got.Err, planted) {
					t.Errorf("the secret is in %s:\n%s%s", format, got.Out, got.Err)
				}
			}
		})
	}
}
