package kube

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll/plimsoll/cluster/preflight"
	"github.com/plimsoll/plimsoll/cluster/snapshot"
	"github.com/plimsoll/plimsoll/runlog"
	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/sim"
	"github.com/plimsoll/plimsoll/tuner"
	"github.com/plimsoll/plimsoll/tuner/compat"
	workload "github.com/plimsoll/plimsoll/workload/kube"
)

// besideThese are a Service, an HPA on hits per second that forgets at once, and a VPA that may do what it wants.
const besideThese = `
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 1
  maxReplicas: 5
  behavior: {scaleDown: {stabilizationWindowSeconds: 0}}
  metrics: [{type: Pods, pods: {metric: {name: hits_per_second}, target: {type: AverageValue, averageValue: "10"}}}]
---
apiVersion: autoscaling.k8s.io/v1
kind: VerticalPodAutoscaler
metadata: {name: web}
spec: {targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, updatePolicy: {updateMode: Recreate}}
`

// besideFile is a scenario file of 40 hits a second for two replicas.
const besideFile = `version: 1
workload: {kind: kubernetes, object: deploy/web, namespace: %s, replicas: 2, port: 8080, startup: 20s, containers: [{name: app}]}
traffic: {hits: [{name: main, method: GET, path: /}]}
scenarios:
  - {name: ramp, kind: ramp, warmup: 1s, stages: [{to: 40/s, for: 1s}, {to: 40/s, for: 12s}]}
  - {name: soak, kind: soak, rate: 40/s, warmup: 1s, for: 30s}
slos: [p90 < 900ms, errors < 1%%]
tuning: {start: conservative, bounds: {cpu: {min: 50m, max: 200m}, memory: {min: 24Mi, max: 64Mi}}, budget: {trials: 40, time: 1h}}
`

// beside is a site whose search has ended, all but for the trial beside its autoscalers. The trials of that search are
// those of a simulated service: what they derived is a given here.
func beside(t *testing.T, manifests string) (s site, user string, derived tuner.ContainerSettings) {
	t.Helper()
	s = newSite(t, "deploy/web", workloadOf("Deployment", "")+manifests)
	text := fmt.Appendf(nil, besideFile, s.ns)
	path := filepath.Join(s.dir, "scenarios.yaml")
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	file, err := scenarios.Read(path, text, scenarios.Environment{Dir: s.dir, LookupEnv: os.LookupEnv})
	if err != nil {
		t.Fatal(err)
	}
	client := s.client(t)
	client.Namespace = s.ns
	k, err := workload.Open(t.Context(), client, file, workload.Options{})
	if err != nil {
		t.Fatal(err)
	}
	around, err := snapshot.Read(t.Context(), client, s.ns, s.object)
	if err != nil {
		t.Fatal(err)
	}
	result := s.searched(t, k.File(), text, around)
	place{Client: client, cluster: s.Cluster}.as(t, preflight.Read, preflight.Tune, preflight.VPA)
	return s, "perf-" + s.ns, result.Settings[0]
}

// searched writes the run log of a search that was simulated.
func (s site) searched(t *testing.T, file scenarios.File, text []byte, around compat.Snapshot) tuner.Result {
	t.Helper()
	hash, goal := sha256.Sum256(text), tuner.NewGoal(file)
	model := file
	model.Workload.Simulated = &scenarios.SimulatedService{CPUPerHit: 4 * time.Millisecond, BaseService: 5 * time.Millisecond,
		MemoryBase: 30 * scenarios.MiB, MemoryPerHit: 64 * scenarios.KiB, Noise: 0.02, Seed: 3}
	runner := sim.New(model)
	trials, last, err := tuner.Search(t.Context(), goal, nil, runner, runner.Elapsed, func(tuner.Trial) error { return nil })
	if err != nil || last.Result == nil || !last.Result.Verified {
		t.Fatalf("the simulated search derived nothing: %v, %+v", err, last.Result)
	}
	surroundings, err := json.Marshal(around)
	if err != nil {
		t.Fatal(err)
	}
	log, err := runlog.Create(filepath.Join(s.dir, "plimsoll-report", "run.plimsoll"), runlog.Header{
		Plimsoll: "test", RunID: "beside", Started: time.Now().UTC(), Machine: nodeOf(around), File: file, FileSHA256: hex.EncodeToString(hash[:]), Goal: goal,
		Around: surroundings,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, trial := range trials {
		if err := log.Append(trial); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(log.AppendResult(last), log.Close()); err != nil {
		t.Fatal(err)
	}
	return *last.Result
}

// resume goes on with the search as user, to the trial beside the autoscalers.
func resume(user, mode string) []string {
	return []string{"tune", "--yes", "--resume", "--as", user, "--coexistence", mode, "--coexistence-ramp", "10s", "--coexistence-hold", "80s",
		"--vpa-round", "15s", "--hits-metric", "hits_per_second", "--in-place=false"}
}

// nodeOf is the one node of the cluster as a run log has it; not known where the snapshot may not read nodes.
func nodeOf(around compat.Snapshot) runlog.Machine {
	if len(around.Nodes) != 1 {
		return runlog.Machine{}
	}
	n := around.Nodes[0]
	return runlog.Machine{OS: n.OS, Arch: n.Arch, CPU: n.Type, Cores: int((n.Allocatable.CPU + 999) / 1000), Memory: n.Allocatable.Memory}
}

// together runs the trial; where it was in doubt, because this machine is busy, the next resume runs it again.
func (s site) together(t *testing.T, args []string) (code int, x compat.Coexistence, checks map[string]compat.Requirement, printed string) {
	t.Helper()
	for range 3 {
		code, printed = s.run(t, args...)
		if x, checks = s.verdict(t, printed); code != 3 || x.Judgement != tuner.Inconclusive {
			break
		}
		t.Logf("in doubt: %+v", checks)
	}
	return code, x, checks, printed
}

// verdict reads what report.json says of the trial.
func (s site) verdict(t *testing.T, printed string) (compat.Coexistence, map[string]compat.Requirement) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, "plimsoll-report", "report.json"))
	if err != nil {
		t.Fatalf("%v\n%s", err, printed)
	}
	var report struct {
		Compat struct{ Coexistence *compat.Coexistence }
	}
	if err := json.Unmarshal(text, &report); err != nil || report.Compat.Coexistence == nil {
		t.Fatalf("no verdict on coexistence in report.json: %v\n%s", err, printed)
	}
	byName := map[string]compat.Requirement{}
	for _, c := range report.Compat.Coexistence.Checks {
		byName[c.Name] = c
	}
	return *report.Compat.Coexistence, byName
}

// asBefore fails the test where anything is not as it was. The replicas are the HPA's own again, and may be others.
func (s site) asBefore(t *testing.T, before map[string]any, printed string) {
	t.Helper()
	after := s.snapshot(t)
	for _, all := range []map[string]any{before, after} {
		spec := all["Deployment web"].(map[string]any)["spec"].(map[string]any)
		delete(spec, "replicas")
		m := all["Deployment web"].(map[string]any)["metadata"].(map[string]any)
		m["managedFields"] = withoutReplicas(m["managedFields"].([]any))
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("not as it was (-before +after):\n%s\nplimsoll printed:\n%s", diff, printed)
	}
}

// withoutReplicas takes the ownership of the replicas out.
func withoutReplicas(all []any) []any {
	var some []any
	for _, x := range all {
		fields, _ := x.(map[string]any)["fieldsV1"].(map[string]any)
		spec, _ := fields["f:spec"].(map[string]any)
		delete(spec, "f:replicas")
		if x.(map[string]any)["subresource"] != "scale" {
			some = append(some, x)
		}
	}
	return some
}

// Without the mends the VPA is seen to change the requests, and the gate fails; with them every Pod keeps what was derived
// while the HPA that the trials suggest, on hits per second by the custom-metrics adapter, follows the load. Everything is put
// back both times, by a user with the least rights.
func TestCoexistence(t *testing.T) {
	long(t)
	s, user, derived := beside(t, besideThese)
	before := s.snapshot(t)

	code, x, checks, printed := s.together(t, resume(user, "as-is"))
	t.Logf("as is: %s\n%+v", printed, checks)
	if code != 1 || x.Judgement != tuner.Fail {
		t.Errorf("as is: code %d and %s, want 1 and fail", code, x.Judgement)
	}
	want := fmt.Sprintf("and %v was derived", derived.CPURequest)
	if memory := fmt.Sprintf("and %v was derived", derived.MemoryRequest); checks["requests"].Judgement != tuner.Fail ||
		!strings.Contains(checks["requests"].Why, want) && !strings.Contains(checks["requests"].Why, memory) {
		t.Errorf("the VPA was not seen to change a request: %+v", checks["requests"])
	}
	s.asBefore(t, before, printed)

	log := filepath.Join(s.dir, "plimsoll-report", "run.plimsoll")
	if c, err := runlog.Open(log); err != nil || len(c.Beside) == 0 {
		t.Errorf("the run log holds no verdict: %v", err)
	}
	s.forget(t, log)
	code, x, checks, printed = s.together(t, append(resume(user, "suggested"), "-o", "markdown=summary.md"))
	t.Logf("suggested: %s\n%+v", printed, checks)
	if code != 0 || x.Judgement != tuner.Pass {
		t.Errorf("as suggested: code %d and %s, want 0 and pass: %+v", code, x.Judgement, checks)
	}
	points := x.Trajectory.Points
	if len(points) < 30 || points[0].Ready != 1 || points[len(points)-1].Ready < 2 {
		t.Errorf("the replicas were not seen to follow the load: %d looks, from %d to %d", len(points), points[0].Ready, points[len(points)-1].Ready)
	}
	if text := read(t, filepath.Join(s.dir, "summary.md")); !strings.Contains(text, "Beside its autoscalers: pass") {
		t.Errorf("the summary does not say so:\n%s", text)
	}
	s.asBefore(t, before, printed)
}

// forget takes the verdict out of a run log.
func (s site) forget(t *testing.T, path string) {
	t.Helper()
	c, err := runlog.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	log, err := runlog.Overwrite(path, c.Header)
	for i := 0; err == nil && i < len(c.Trials); i++ {
		err = log.Append(c.Trials[i])
	}
	if err == nil {
		err = log.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Killed while the suggested autoscalers are in force, it leaves them changed; restore puts them back.
func TestKilledCoexistenceIsRestored(t *testing.T) {
	long(t)
	s, user, _ := beside(t, besideThese)
	before := s.snapshot(t)
	s.killOnce(t, "the suggested HPA and VPA, and derived Pods", func() bool {
		said := s.Kubectl(t, "-n", s.ns, "get", "hpa/web", "vpa/web", "-o", "jsonpath={.items[*].metadata.annotations.plimsoll\\.dev/record}")
		return strings.Contains(said, "/spec/metrics") && strings.Contains(said, "containerPolicies") && s.trial(t) != ""
	}, resume(user, "suggested")...)
	code, printed := s.run(t, "restore", "-n", s.ns, "--as", user)
	if code != 0 {
		t.Errorf("restore ended with %d:\n%s", code, printed)
	}
	s.asBefore(t, before, printed)
}

// Where there is no VPA, one is made in Off mode for the comparison and deleted; by restore where the run was killed.
func TestCompatWithVPA(t *testing.T) {
	t.Parallel() // nothing is measured
	long(t)
	s, user, derived := beside(t, "")
	before := s.snapshot(t)
	args := []string{"compat", "deploy/web", "-n", s.ns, "--as", user, "--run", "plimsoll-report/run.plimsoll", "--with-vpa", "-o", "yaml"}
	code, printed := s.run(t, args...)
	if want := fmt.Sprintf("the VPA would request 250Mi for app; tested was a request of %v", derived.MemoryRequest); code == 3 || code == 4 || !strings.Contains(printed, want) {
		t.Errorf("code %d, want %q in\n%s", code, want, printed)
	}
	s.unchanged(t, before, printed)

	vpas := func() string { return s.Kubectl(t, "-n", s.ns, "get", "vpa", "-o", "name") }
	s.killOnce(t, "the VPA", func() bool { return vpas() != "" }, append(args, "--vpa-wait", "1h")...)
	if mode := s.Kubectl(t, "-n", s.ns, "get", "vpa/web-plimsoll", "-o", "jsonpath={.spec.updatePolicy.updateMode}"); mode != "Off" {
		t.Errorf("the VPA was in mode %s", mode)
	}
	if code, printed = s.run(t, "restore", "-n", s.ns, "--as", user); code != 0 || vpas() != "" {
		t.Errorf("restore ended with %d and left %q:\n%s", code, vpas(), printed)
	}
	s.unchanged(t, before, printed)
}
