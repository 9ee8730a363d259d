package kube

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/plimsoll/plimsoll/test/kube"
)

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

// scaledByKEDA is a ScaledObject of KEDA's on the Deployment.
const scaledByKEDA = `
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: web}
spec: {scaleTargetRef: {name: web}, minReplicaCount: 2, maxReplicaCount: 4, triggers: [{type: cpu, metricType: Utilization, metadata: {value: "80"}}]}
`

func TestPutBack(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, object, manifests string
		// play plays the controllers that the workload needs; nil: none.
		play func(c *kube.Cluster, t *testing.T, namespace string)
	}{
		{"deployment with autoscalers", "deploy/web", workloadOf("Deployment", "") + autoscalers, nil},
		{"deployment under KEDA", "deploy/web", workloadOf("Deployment", "") + scaledByKEDA, (*kube.Cluster).PlayKEDA},
		{"stateful set", "sts/web", workloadOf("StatefulSet", ""), nil},
		{"daemon set", "ds/web", workloadOf("DaemonSet", ""), nil},
		{"rollout", "rollout/web", workloadOf("Rollout", ""), (*kube.Cluster).PlayRollouts},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // nothing is measured
			s := newUnreadySite(t, c.object, c.manifests)
			if c.play != nil {
				c.play(s.Cluster, t, s.ns)
			}
			s.awaitReady(t)
			s.write(t, file{Trials: 2})
			if strings.Contains(c.manifests, "ScaledObject") {
				kube.Await(t, "KEDA's HPA", func(context.Context) bool { return s.Kubectl(t, "-n", s.ns, "get", "hpa", "-o", "name") != "" })
			}
			before := s.snapshot(t)
			code, printed := s.tune(t)
			if code == 2 || code == 4 {
				t.Errorf("exit code %d", code)
			}
			if !strings.Contains(printed, "  2  ") {
				t.Errorf("no second trial:\n%s", printed)
			}
			kube.Await(t, "all that controllers make", func(context.Context) bool { return len(s.snapshot(t)) >= len(before) })
			s.unchanged(t, before, printed)
		})
	}
}

// kill starts a search and kills it once it has changed the workload.
func (s site) kill(t *testing.T) {
	t.Helper()
	s.killOnce(t, "a changed template", func() bool { return s.trial(t) != "" }, "tune", "--yes", "--overwrite")
}

// killOnce starts plimsoll and kills it once something is there.
func (s site) killOnce(t *testing.T, what string, there func() bool, args ...string) {
	t.Helper()
	cmd, _ := s.command(t, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kube.Await(t, what, func(context.Context) bool { return there() })
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed: an error
}

// A run that is killed leaves everything changed; restore puts it back.
func TestKilledRunIsRestored(t *testing.T) {
	t.Parallel()
	s := newSite(t, "deploy/web", workloadOf("Deployment", "")+autoscalers)
	s.write(t, file{Trials: 3})
	before := s.snapshot(t)
	s.kill(t)
	code, printed := s.run(t, "restore", "-n", s.ns)
	if code != 0 {
		t.Errorf("restore ended with %d:\n%s", code, printed)
	}
	s.unchanged(t, before, printed)
}

// A run that is killed between pinning the HPA and its first trial leaves the HPA, the real one, to change the replicas.
func TestKilledAfterPinning(t *testing.T) {
	t.Parallel()
	s := newSite(t, "deploy/web", workloadOf("Deployment", "")+autoscalers)
	s.write(t, file{Trials: 1})
	before := s.snapshot(t)
	s.killOnce(t, "one replica", func() bool {
		return s.Kubectl(t, "-n", s.ns, "get", "deploy/web", "-o", "jsonpath={.spec.replicas}") == "1"
	}, "tune", "--yes", "--overwrite", "--server", s.withoutTrials(t))
	if s.trial(t) != "" {
		t.Error("there was a trial")
	}
	code, printed := s.run(t, "restore", "-n", s.ns)
	if code != 0 {
		t.Errorf("restore ended with %d:\n%s", code, printed)
	}
	s.unchanged(t, before, printed)
}

// withoutTrials is the address of the API server for somebody whose trials it never gets.
func (s site) withoutTrials(t *testing.T) string {
	t.Helper()
	transport, err := rest.TransportFor(s.Config)
	if err != nil {
		t.Fatal(err)
	}
	to, err := url.Parse(s.Config.Host)
	if err != nil {
		t.Fatal(err)
	}
	forward := httputil.NewSingleHostReverseProxy(to)
	forward.Transport = transport
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPatch && strings.HasSuffix(r.URL.Path, "/deployments/web") {
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(body))
			if bytes.Contains(body, []byte("plimsoll.dev~1trial")) {
				<-r.Context().Done() // whoever asks is killed
				return
			}
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// So does the next run, by itself.
func TestNextRunPutsBack(t *testing.T) {
	t.Parallel()
	s := newSite(t, "deploy/web", workloadOf("Deployment", "")+autoscalers)
	s.write(t, file{Trials: 1})
	before := s.snapshot(t)
	s.kill(t)
	code, printed := s.tune(t)
	if code == 4 || !strings.Contains(printed, "putting it back first") {
		t.Errorf("the next run ended with %d:\n%s", code, printed)
	}
	s.unchanged(t, before, printed)
}

// A second search of a workload, and a restore of it, keep off it while the first run is alive, and say who that is.
func TestSecondRunKeepsOff(t *testing.T) {
	t.Parallel()
	s := newSite(t, "deploy/web", workloadOf("Deployment", ""))
	s.write(t, file{Trials: 1, Start: "current", For: 3 * time.Minute, Time: 10 * time.Minute}) // as long as the others need
	before := s.snapshot(t)
	first, out := s.command(t, "tune", "--yes")
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	kube.Await(t, "a changed template", func(context.Context) bool { return s.trial(t) != "" })
	mark := s.trial(t)
	holder, process := "another run of plimsoll works on it: run", fmt.Sprintf("process %d on ", first.Process.Pid)
	other := s
	other.dir = t.TempDir()
	other.write(t, file{Trials: 1})
	for want, args := range map[int][]string{3: {"tune", "--yes"}, 4: {"restore", "deploy/web", "-n", s.ns}} {
		code, printed := other.run(t, args...)
		if code != want || !strings.Contains(printed, holder) || !strings.Contains(printed, process) {
			t.Errorf("%v: code %d, want %d, %q and %q:\n%s", args, code, want, holder, process, printed)
		}
	}
	if now := s.trial(t); now != mark {
		t.Errorf("the trial in progress is %q, no longer %q", now, mark)
	}
	if err := first.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait() // its code is looked at
	if code := first.ProcessState.ExitCode(); code != 3 {
		t.Errorf("the first run was interrupted and ended with %d, want 3:\n%s", code, out)
	}
	s.unchanged(t, before, out.String())
}

// What somebody else changed makes the trial doubtful, is named, and is left to them.
func TestForeignChangeIsNamedAndLeft(t *testing.T) {
	t.Parallel()
	s := newSite(t, "deploy/web", workloadOf("Deployment", ""))
	s.write(t, file{Trials: 3})
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
	t.Parallel()
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
			t.Parallel() // nothing is measured
			s := newSite(t, "deploy/web", workloadOf("Deployment", ""))
			s.write(t, file{Trials: 2, Replicas: 2}) // as many as there are: a rollout then needs room for one more
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
	t.Parallel()
	s := newSite(t, "deploy/web", strings.Replace(workloadOf("Deployment", ""), "team: a", "argocd.argoproj.io/instance: shop", 1))
	s.write(t, file{Trials: 2})
	before := s.snapshot(t)
	code, printed := s.tune(t)
	if code != 2 || !strings.Contains(printed, "Argo CD manages it") {
		t.Errorf("code %d, want 2 and the reason:\n%s", code, printed)
	}
	s.unchanged(t, before, printed)
	code, printed = s.tune(t, "--on-copy", "--max-trials", "1")
	if code == 2 || code == 4 || !strings.Contains(printed, "deploy/web-plimsoll, a copy") {
		t.Errorf("on a copy: code %d:\n%s", code, printed)
	}
	s.unchanged(t, before, printed)
}

func TestDryRunChangesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, "deploy/web", workloadOf("Deployment", "")+autoscalers)
	s.write(t, file{Trials: 2})
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
