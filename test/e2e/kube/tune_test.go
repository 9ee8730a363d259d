package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll/plimsoll/test/kube"
)

// built is the path of plimsoll, built once for all tests.
var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "plimsoll-e2e-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "plimsoll")
	cmd := exec.Command("go", "build", "-trimpath", "-o", path, "../../../cmd/plimsoll") // as make build does, and so from its cache
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")                                      // it runs in images too
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build plimsoll: %w\n%s", err, out)
	}
	return path, nil
})

// site is a namespace with a workload to tune, and a scenario file for it.
type site struct {
	*kube.Cluster
	ns, dir, object string
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
	c := shared.Start(t)
	if _, err := built(); err != nil {
		t.Fatal(err)
	}
	c.Victim(t)
	s := site{c, c.Namespace(t, nil), t.TempDir(), object}
	c.Apply(t, s.ns, manifests)
	s.awaitReady(t)
	return s
}

func (s site) awaitReady(t *testing.T) {
	t.Helper()
	s.Kubectl(t, "-n", s.ns, "rollout", "status", s.object, "--timeout=90s")
}

// scenario is a file of trials that last three seconds.
func (s site) scenario(t *testing.T, trials int, tuning string) {
	t.Helper()
	text := fmt.Sprintf(`version: 1
workload: {kind: kubernetes, object: %s, namespace: %s, replicas: 1, port: 8080, startup: 20s, containers: [{name: app}]}
traffic: {hits: [{name: main, method: GET, path: /}]}
scenarios:
  - {name: ramp, kind: ramp, warmup: 1s, stages: [{to: 10/s, for: 1s}, {to: 10/s, for: 2s}]}
  - {name: soak, kind: soak, rate: 10/s, warmup: 1s, for: 2s}
slos: [p99 < 900ms]
tuning: {start: conservative, %s, budget: {trials: %d, time: 5m}}
`, s.object, s.ns, tuning, trials)
	if err := os.WriteFile(filepath.Join(s.dir, "scenarios.yaml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// replicas changes those of the scenario file.
func (s site) replicas(t *testing.T, n int) {
	t.Helper()
	path := filepath.Join(s.dir, "scenarios.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text = []byte(strings.Replace(string(text), "replicas: 1", fmt.Sprint("replicas: ", n), 1))
	if err := os.WriteFile(path, text, 0o644); err != nil {
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
	args = append(args, "--kubeconfig", s.Kubeconfig)
	if args[0] == "tune" { // these tests are about the workload; the machine has a route to its Pods
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

// snapshot is all that has to be as it was, in every object that a search may touch.
func (s site) snapshot(t *testing.T) map[string]any {
	t.Helper()
	all := map[string]any{}
	text := s.Kubectl(t, "-n", s.ns, "get", "-o", "json", "--show-managed-fields",
		"deploy,sts,ds,hpa,vpa,scaledobjects.keda.sh,rollouts.argoproj.io,leases,jobs")
	var list struct{ Items []map[string]any }
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatal(err)
	}
	for _, o := range list.Items {
		m := o["metadata"].(map[string]any)
		delete(o, "status")
		delete(m, "resourceVersion")
		delete(m, "generation")
		if a, ok := m["annotations"].(map[string]any); ok {
			delete(a, "deployment.kubernetes.io/revision")
			delete(a, "deprecated.daemonset.template.generation")
		}
		var managers []any
		for _, x := range m["managedFields"].([]any) {
			entry := x.(map[string]any)
			if entry["subresource"] != "status" && entry["manager"] != "kube-controller-manager" {
				delete(entry, "time")
				managers = append(managers, entry)
			}
		}
		m["managedFields"] = managers
		all[fmt.Sprint(o["kind"], " ", m["name"])] = o
	}
	// Of the earlier templates the names are enough: they are hashes of what they hold.
	all["revisions"] = s.Kubectl(t, "-n", s.ns, "get", "rs,controllerrevisions", "-o", "jsonpath={range .items[*]}{.metadata.name}{.metadata.annotations.plimsoll\\.dev/record} {end}")
	return all
}

// unchanged fails the test where anything is not as it was.
func (s site) unchanged(t *testing.T, before map[string]any, printed string) {
	t.Helper()
	if diff := cmp.Diff(before, s.snapshot(t)); diff != "" {
		t.Errorf("not as it was (-before +after):\n%s\nplimsoll printed:\n%s", diff, printed)
	}
}

const autoscalers = `
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 4
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]
---
apiVersion: autoscaling.k8s.io/v1
kind: VerticalPodAutoscaler
metadata: {name: web}
spec: {targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
`

// long skips a test that takes long where -short asks for that.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("it takes long; run it without -short")
	}
}

// paused is a ScaledObject of KEDA's on the Deployment.
const paused = `
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: web}
spec: {scaleTargetRef: {name: web}, minReplicaCount: 2, maxReplicaCount: 4, triggers: [{type: cpu, metricType: Utilization, metadata: {value: "80"}}]}
`

func TestPutBack(t *testing.T) {
	for _, c := range []struct {
		name, object, manifests string
		long                    bool
	}{
		{"deployment with autoscalers", "deploy/web", workloadOf("Deployment", "") + autoscalers, false},
		{"deployment under KEDA", "deploy/web", workloadOf("Deployment", "") + paused, true},
		{"stateful set", "sts/web", workloadOf("StatefulSet", ""), true},
		{"daemon set", "ds/web", workloadOf("DaemonSet", ""), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.long {
				long(t)
			}
			s := newSite(t, c.object, c.manifests)
			s.scenario(t, 2, wideBounds)
			before := s.snapshot(t)
			code, printed := s.tune(t)
			if code == 2 || code == 4 {
				t.Errorf("exit code %d", code)
			}
			if !strings.Contains(printed, "  2  ") {
				t.Errorf("no second trial:\n%s", printed)
			}
			s.unchanged(t, before, printed)
		})
	}
}

// kill starts a search and kills it once it has changed the workload.
func (s site) kill(t *testing.T) {
	t.Helper()
	cmd, _ := s.command(t, "tune", "--yes", "--overwrite")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kube.Await(t, "a changed template", func(context.Context) bool { return s.trial(t) != "" })
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed: an error
}

// A run that is killed leaves everything changed; restore puts it back.
func TestKilledRunIsRestored(t *testing.T) {
	s := newSite(t, "deploy/web", workloadOf("Deployment", "")+autoscalers)
	s.scenario(t, 3, wideBounds)
	before := s.snapshot(t)
	s.kill(t)
	code, printed := s.run(t, "restore", "-n", s.ns)
	if code != 0 {
		t.Errorf("restore ended with %d:\n%s", code, printed)
	}
	s.unchanged(t, before, printed)
}

// So does the next run, by itself.
func TestNextRunPutsBack(t *testing.T) {
	long(t)
	s := newSite(t, "deploy/web", workloadOf("Deployment", "")+autoscalers)
	s.scenario(t, 1, wideBounds)
	before := s.snapshot(t)
	s.kill(t)
	code, printed := s.tune(t)
	if code == 4 || !strings.Contains(printed, "putting it back first") {
		t.Errorf("the next run ended with %d:\n%s", code, printed)
	}
	s.unchanged(t, before, printed)
}

// trial is the mark of the trial in progress; empty where none is.
func (s site) trial(t *testing.T) string {
	return s.Kubectl(t, "-n", s.ns, "get", s.object, "-o", `jsonpath={.spec.template.metadata.annotations.plimsoll\.dev/trial}`)
}

// What somebody else changed makes the trial doubtful, is named, and is left to them.
func TestForeignChangeIsNamedAndLeft(t *testing.T) {
	s := newSite(t, "deploy/web", workloadOf("Deployment", ""))
	s.scenario(t, 3, wideBounds)
	cmd, out := s.command(t, "tune", "--yes")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kube.Await(t, "a changed template", func(context.Context) bool { return s.trial(t) != "" })
	s.Kubectl(t, "-n", s.ns, "set", "resources", s.object, "--limits=memory=99Mi", "--field-manager=intruder")
	_ = cmd.Wait() // its code is looked at
	printed := out.String()
	if code := cmd.ProcessState.ExitCode(); code != 3 || !strings.Contains(printed, `"intruder"`) {
		t.Errorf("code %d, want 3 and the intruder's name:\n%s", code, printed)
	}
	if !strings.Contains(printed, "left as it is") {
		t.Errorf("it does not say what it left:\n%s", printed)
	}
	limits := s.Kubectl(t, "-n", s.ns, "get", s.object, "-o", "jsonpath={.spec.template.spec.containers[0].resources.limits}")
	if limits != `{"cpu":"1","memory":"99Mi"}` {
		t.Errorf("limits are %s: the intruder's memory and the CPU of before are wanted", limits)
	}
}

// The cluster's own words come in seconds, and nothing stays changed.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name, manifest, says string
		code                 int
	}{
		{"limit range", "apiVersion: v1\nkind: LimitRange\nmetadata: {name: small}\nspec: {limits: [{type: Container, max: {memory: 10Mi}}]}",
			"LimitRange (min not set, max 10Mi) do not overlap", 2},
		{"quota", "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: small}\nspec: {hard: {limits.memory: 256Mi}}", "exceeded quota: small", 3},
		{"pod security", "", "violates PodSecurity", 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t, "deploy/web", workloadOf("Deployment", ""))
			s.scenario(t, 2, wideBounds)
			s.replicas(t, 2) // as many as there are: a rollout then needs room for one more
			before := s.snapshot(t)
			if c.manifest == "" {
				s.Kubectl(t, "label", "namespace", s.ns, "pod-security.kubernetes.io/enforce=restricted")
			} else {
				s.Apply(t, s.ns, c.manifest)
			}
			time.Sleep(time.Second) // admission reads these from a cache
			began := time.Now()
			code, printed := s.tune(t)
			if took := time.Since(began); code != c.code || took > time.Minute || !strings.Contains(printed, c.says) {
				t.Errorf("code %d after %v, want %d within seconds and %q:\n%s", code, took, c.code, c.says, printed)
			}
			s.unchanged(t, before, printed)
		})
	}
}

// A controller that keeps the object as it is declared elsewhere would undo every trial.
func TestManagedObjectIsRefused(t *testing.T) {
	s := newSite(t, "deploy/web", strings.Replace(workloadOf("Deployment", ""), "team: a", "argocd.argoproj.io/instance: shop", 1))
	s.scenario(t, 2, wideBounds)
	before := s.snapshot(t)
	code, printed := s.tune(t)
	if code != 2 || !strings.Contains(printed, "Argo CD manages it") {
		t.Errorf("code %d, want 2 and the reason:\n%s", code, printed)
	}
	s.unchanged(t, before, printed)
	long(t)
	code, printed = s.tune(t, "--on-copy", "--max-trials", "1")
	if code == 2 || code == 4 || !strings.Contains(printed, "deploy/web-plimsoll, a copy") {
		t.Errorf("on a copy: code %d:\n%s", code, printed)
	}
	s.unchanged(t, before, printed)
}

func TestDryRunChangesNothing(t *testing.T) {
	s := newSite(t, "deploy/web", workloadOf("Deployment", "")+autoscalers)
	s.scenario(t, 2, wideBounds)
	before := s.snapshot(t)
	code, printed := s.run(t, "tune", "--dry-run=server")
	if code != 0 || !strings.Contains(printed, "/spec/template/spec/containers/0/resources/limits/memory") {
		t.Errorf("code %d:\n%s", code, printed)
	}
	s.unchanged(t, before, printed)
	if code, _ := s.run(t, "tune"); code != 2 {
		t.Errorf("without a terminal and without --yes: code %d, want 2", code)
	}
	s.unchanged(t, before, printed)
}
