package kube

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/cluster/preflight"
	"github.com/plimsoll/plimsoll/test/kube"
	"github.com/plimsoll/plimsoll/tuner"
)

// site is a namespace with a workload to tune, and a scenario file for it.
type site struct {
	*kube.Cluster
	ns, dir, object string
	// user is who runs plimsoll: somebody with the roles of deploy/rbac.yaml in the namespace, and nothing else.
	user string
}

// pod is the template of every workload here; the name of the label and the container's arguments are given.
const podTemplate = `{metadata: {labels: {app: web}}, spec: {terminationGracePeriodSeconds: 1, containers: [{name: app,
  image: ` + kube.VictimImage + `, args: [%s], ports: [{containerPort: 8080}], readinessProbe: {httpGet: {path: /ready, port: 8080}, periodSeconds: 1},
  resources: {requests: {cpu: 100m}, limits: {cpu: "1", memory: 128Mi}}}]}}`

// workloadOf is a workload of two replicas.
func workloadOf(kind, args string) string {
	spec := "{replicas: 2, selector: {matchLabels: {app: web}}, template: " + fmt.Sprintf(podTemplate, args) + "}"
	version := "apps/v1"
	switch kind {
	case "StatefulSet":
		spec = "{serviceName: web, " + spec[1:]
	case "DaemonSet":
		spec = strings.Replace(spec, "replicas: 2, ", "", 1)
	case "Rollout":
		version = "argoproj.io/v1alpha1"
	}
	return fmt.Sprintf("\n---\napiVersion: %s\nkind: %s\nmetadata: {name: web, labels: {team: a}}\nspec: %s\n", version, kind, spec)
}

// newSite applies manifests and waits until object, one of them, is Ready.
func newSite(t *testing.T, object, manifests string) site {
	t.Helper()
	s := newUnreadySite(t, object, manifests)
	s.awaitReady(t)
	return s
}

// newUnreadySite applies manifests and waits for nothing.
func newUnreadySite(t *testing.T, object, manifests string) site {
	t.Helper()
	c := shared.Start(t)
	if _, err := built(); err != nil {
		t.Fatal(err)
	}
	c.Victim(t)
	s := site{c, c.Namespace(t, nil), t.TempDir(), object, ""}
	s.user = grant(t, c.Clients, s.ns, preflight.Read, preflight.Nodes, preflight.Tune, preflight.Copy, preflight.Resize, preflight.Load, preflight.Reader)
	if strings.Contains(manifests, "kind: VerticalPodAutoscaler") {
		c.AwaitVPA(t)
	}
	c.Apply(t, s.ns, manifests)
	return s
}

// loadPlimsoll loads the image that Jobs run.
func (s site) loadPlimsoll(t *testing.T) {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	s.Plimsoll(t, path)
}

func (s site) awaitReady(t *testing.T) {
	t.Helper()
	if strings.HasPrefix(s.object, "rollout/") { // kubectl knows nothing of it
		kube.Await(t, "a healthy Rollout", func(context.Context) bool {
			return s.Kubectl(t, "-n", s.ns, "get", s.object, "-o", "jsonpath={.status.phase}") == "Healthy"
		})
		return
	}
	s.Kubectl(t, "-n", s.ns, "rollout", "status", s.object, "--timeout=90s")
}

// file says what is particular about a scenario file. Zero values: container app at GET /, 10 hits a second judged for 2 s.
type file struct {
	Trials, Replicas     int
	Containers           string // as in the file
	Hit                  string // path
	Rate                 int    // hits per second
	Startup, Warmup, For time.Duration
	Soak                 time.Duration // its judged time
	Start, Tuning        string        // what tuning.start is, and more of tuning
	SLOs                 string        // as in the file
	Time                 time.Duration // of the budget
}

// write writes the file.
func (s site) write(t *testing.T, f file) {
	t.Helper()
	f.Containers, f.Hit = cmp.Or(f.Containers, "[{name: app}]"), cmp.Or(f.Hit, "/")
	f.Startup, f.Warmup, f.For = cmp.Or(f.Startup, 20*time.Second), cmp.Or(f.Warmup, time.Second), cmp.Or(f.For, 2*time.Second)
	f.Soak, f.Time = cmp.Or(f.Soak, f.For), cmp.Or(f.Time, 5*time.Minute)
	f.Rate, f.Start, f.SLOs = cmp.Or(f.Rate, 10), cmp.Or(f.Start, "conservative"), cmp.Or(f.SLOs, "[p99 < 900ms]")
	text := fmt.Sprintf(`version: 1
workload: {kind: kubernetes, object: %s, namespace: %s, replicas: %d, port: 8080, startup: %v, containers: %s}
traffic: {hits: [{name: main, method: GET, path: "%s"}]}
scenarios:
  - {name: ramp, kind: ramp, warmup: %[7]v, stages: [{to: %[8]d/s, for: %[7]v}, {to: %[8]d/s, for: %[9]v}]}
  - {name: soak, kind: soak, rate: %[8]d/s, warmup: %[7]v, for: %[10]v}
slos: %[11]s
tuning: {start: %[12]s, %[13]s, budget: {trials: %[14]d, time: %[15]v}}
`, s.object, s.ns, max(f.Replicas, 1), f.Startup, f.Containers, f.Hit, f.Warmup, f.Rate, f.For, f.Warmup+f.Soak, f.SLOs, f.Start,
		cmp.Or(f.Tuning, wideBounds), f.Trials, f.Time)
	if err := os.WriteFile(filepath.Join(s.dir, "scenarios.yaml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

const wideBounds = "bounds: {cpu: {min: 50m, max: 1}, memory: {min: 24Mi, max: 128Mi}}"

// command is plimsoll in the folder of s, against its cluster.
func (s site) command(t *testing.T, args ...string) (*exec.Cmd, *strings.Builder) {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	args = append(args, "--kubeconfig", s.Kubeconfig, "--as", s.user)
	if args[0] == "tune" && !slices.Contains(args, "--load-from") { // most tests are about the workload; the machine has a route to its Pods
		args = append(args, "--load-from", "here")
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	var out strings.Builder
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, &out, &out
	return cmd, &out
}

// run runs plimsoll to its end.
func (s site) run(t *testing.T, args ...string) (code int, printed string) {
	t.Helper()
	cmd, out := s.command(t, args...)
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String()
}

func (s site) tune(t *testing.T, args ...string) (code int, printed string) {
	t.Helper()
	return s.run(t, append([]string{"tune", "--yes", "--overwrite"}, args...)...)
}

// saved is the part of report.json that these tests look at.
type saved struct {
	Result   tuner.Result  `json:"result"`
	Trials   []tuner.Trial `json:"trials"`
	Warnings []string      `json:"warnings"`
}

// report reads report.json. A run that wrote none fails the test with what it printed.
func (s site) report(t *testing.T, printed string) saved {
	t.Helper()
	var r saved
	text, err := os.ReadFile(filepath.Join(s.dir, "plimsoll-report", "report.json"))
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		t.Fatalf("%v; plimsoll printed:\n%s", err, printed)
	}
	return r
}

// trial is the mark of the trial in progress; empty where none is.
func (s site) trial(t *testing.T) string {
	return s.Kubectl(t, "-n", s.ns, "get", s.object, "-o", `jsonpath={.spec.template.metadata.annotations.plimsoll\.dev/trial}`)
}
