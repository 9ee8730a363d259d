package kube

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll/plimsoll/test/kube"
	"github.com/plimsoll/plimsoll/tuner"
)

// withSidecar is the workload with a native sidecar that takes 8 MiB a second, of 64.
func withSidecar() string {
	return strings.Replace(workloadOf("Deployment", ""), "containers: [", `initContainers: [{name: proxy, image: `+kube.VictimImage+
		`, args: [-listen=:8081, -leak-mib-per-second=8], restartPolicy: Always, resources: {limits: {cpu: 500m, memory: 64Mi}}}], containers: [`, 1)
}

// killed says how a kill of the newest run is told; "" where there is none of that kind in the container.
func killed(r saved, container string, kind tuner.KillKind) bool {
	return len(r.Trials) > 0 && slices.ContainsFunc(r.Trials[0].Observation.Kills, func(k tuner.Kill) bool { return k.Container == container && k.Kind == kind })
}

// Whatever of a Pod runs out of memory is named, and fails the trial.
func TestOutOfMemory(t *testing.T) {
	t.Parallel()
	child := tuner.OOMChild
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil {
		child = tuner.OOMKill // there the kernel kills the whole container
	}
	for _, c := range []struct {
		name, manifests string
		file            file
		args            []string
		container       string
		kind            tuner.KillKind
	}{
		{"main process", workloadOf("Deployment", ""), file{Hit: "/eat?mib=20", For: 6 * time.Second}, nil, "app", tuner.OOMKill},
		{"sidecar", withSidecar(), file{Containers: "[{name: app}, {name: proxy}]", For: 10 * time.Second}, nil, "proxy", tuner.OOMKill},
		{"child process", workloadOf("Deployment", ""), file{Hit: "/child?mib=160", Rate: 1, For: 6 * time.Second},
			[]string{"--metrics", "reader", "--image", kube.PlimsollImage}, "app", child},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // a kill is a kill on a busy machine too
			s := newSite(t, "deploy/web", c.manifests)
			if c.args != nil {
				s.loadPlimsoll(t)
				grantReader(t, s.Clients, s.ns, true)
			}
			c.file.Trials, c.file.Start = 1, "current"
			s.write(t, c.file)
			before := s.snapshot(t)
			code, printed := s.tune(t, c.args...)
			r := s.report(t, printed)
			if code != 1 || !killed(r, c.container, c.kind) || r.Trials[0].Verdict.Judgement != tuner.Fail {
				t.Errorf("code %d, want 1 and a kill of kind %s in %s; trials %+v\n%s", code, c.kind, c.container, brief(r), printed)
			}
			s.unchanged(t, before, printed)
		})
	}
}

// brief is what matters of a run where a test has failed.
func brief(r saved) string {
	var b strings.Builder
	for _, x := range r.Trials {
		fmt.Fprintf(&b, "\n  trial %d: %s (%s); kills %+v; doubts %+v; notes %q", x.Number, x.Verdict.Judgement, x.Verdict.Why, x.Observation.Kills,
			x.Observation.Invalid, x.Observation.Notes)
	}
	return b.String() + "\n  " + string(r.Result.Outcome) + ": " + r.Result.Why
}

// Replicas that never get Ready fail the trial where that may be the limits' doing; an image that can't be pulled is none
// of it. Either way all is put back, in the state it was in: not Ready.
func TestNeverReady(t *testing.T) {
	t.Parallel()
	const image = "localhost/nothing:1"
	for _, c := range []struct {
		name, manifests string
		code            int
		says            string
	}{
		{"crash loop", workloadOf("Deployment", "-crash-after=100ms"), 1, "app exited by itself"},
		{"never ready", workloadOf("Deployment", "-never-ready"), 1, "did not become Ready in its time"},
		{"no image", strings.Replace(workloadOf("Deployment", ""), kube.VictimImage, image, 1), 3, image},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newUnreadySite(t, "deploy/web", c.manifests)
			kube.Await(t, "Pods that are not Ready", func(ctx context.Context) bool { return len(s.pods(t)) == 2 })
			s.write(t, file{Trials: 1, Start: "current", Startup: 8 * time.Second})
			before := s.snapshot(t)
			began := time.Now()
			code, printed := s.tune(t)
			if took := time.Since(began); code != c.code || !strings.Contains(printed, c.says) || took > 90*time.Second {
				t.Errorf("code %d after %v, want %d and %q:\n%s", code, took, c.code, c.says, printed)
			}
			s.unchanged(t, before, printed)
		})
	}
}

// pods are those of the workload.
func (s site) pods(t *testing.T) []corev1.Pod {
	t.Helper()
	list, err := s.Clients.CoreV1().Pods(s.ns).List(t.Context(), metav1.ListOptions{LabelSelector: "app=web"})
	if err != nil {
		t.Fatal(err)
	}
	return list.Items
}

// loaded waits until a Pod of a trial gets hits, and returns it.
func (s site) loaded(t *testing.T) corev1.Pod {
	t.Helper()
	var found corev1.Pod
	kube.Await(t, "hits", func(ctx context.Context) bool {
		for _, pod := range s.pods(t) {
			if pod.Annotations["plimsoll.dev/trial"] != "" && pod.DeletionTimestamp == nil && hits(ctx, pod.Status.PodIP) {
				found = pod
				return true
			}
		}
		return false
	})
	return found
}

// hits tells whether the victim at an address was hit in the last seconds.
func hits(ctx context.Context, ip string) bool {
	if ip == "" {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+ip+":8080/metrics", nil)
	if err != nil {
		return false
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	return err == nil && strings.Contains(string(text), "\nhits_per_second ") && !strings.Contains(string(text), "\nhits_per_second 0\n")
}

// during starts a search of one trial of so long, does something while it gets hits, and returns how it ended.
func (s site) during(t *testing.T, load time.Duration, something func(corev1.Pod), args ...string) (code int, printed string) {
	t.Helper()
	s.write(t, file{Trials: 1, Start: "current", For: load})
	cmd, out := s.command(t, append([]string{"tune", "--yes", "--overwrite"}, args...)...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	something(s.loaded(t))
	_ = cmd.Wait() // its code is looked at
	return cmd.ProcessState.ExitCode(), out.String()
}

// What happens to a Pod for another reason than its limits makes the trial doubtful, and no failure.
func TestEvictedPod(t *testing.T) {
	t.Parallel()
	s := newSite(t, "deploy/web", workloadOf("Deployment", ""))
	before := s.snapshot(t)
	code, printed := s.during(t, 8*time.Second, func(pod corev1.Pod) {
		eviction := &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace}}
		if err := s.Clients.PolicyV1().Evictions(s.ns).Evict(t.Context(), eviction); err != nil {
			t.Error(err)
		}
	})
	r := s.report(t, printed)
	disturbed := len(r.Trials) == 1 && slices.ContainsFunc(r.Trials[0].Observation.Invalid, func(d tuner.Doubt) bool { return d.Kind == tuner.NodeDisturbed })
	if code != 3 || !disturbed || r.Trials[0].Verdict.Judgement != tuner.Inconclusive {
		t.Errorf("code %d, want 3, as there was one trial, and that doubted: %s\n%s", code, brief(r), printed)
	}
	s.unchanged(t, before, printed)
}

// An API server that goes away in the middle of a trial and comes back costs the trial, at most.
func TestAPIServerAway(t *testing.T) {
	s := newSite(t, "deploy/web", workloadOf("Deployment", "")+autoscalers)
	before := s.snapshot(t)
	code, printed := s.during(t, 10*time.Second, func(corev1.Pod) {
		start := s.Stop(t, "kube-apiserver")
		time.Sleep(20 * time.Second)
		start()
	})
	if code == 2 || code == 4 {
		t.Errorf("code %d:\n%s", code, printed)
	}
	kube.Await(t, "the API server", func(ctx context.Context) bool {
		_, err := s.Clients.Discovery().ServerVersion()
		return err == nil
	})
	s.unchanged(t, before, printed)
}

// Where no source of counters answers, nothing passes; what is missing is said in the plan and in the result.
func TestNoCounters(t *testing.T) {
	for _, c := range []struct {
		name    string
		prepare func(t *testing.T, s site) (args []string)
		plan    []string // what is said before
		doubt   string   // what is said of the trial
	}{
		{"metrics-server gone", func(t *testing.T, s site) []string {
			s.Stop(t, "metrics-server")
			return nil
		}, []string{"missing  usage as kubectl top and the HPA see it", "counters: the metrics API alone; no reader: namespace"}, "no source of counters answers"},
		{"nodes forbidden", func(t *testing.T, s site) []string {
			s.loadPlimsoll(t)
			grantReader(t, s.Clients, s.ns, false)
			return []string{"--image", kube.PlimsollImage}
		}, []string{"counters: kubelet, read in the cluster"}, "403"},
		{"Prometheus down", func(*testing.T, site) []string { return []string{"--prometheus-url", "http://127.0.0.1:9"} },
			[]string{"counters: Prometheus; no reader: namespace"}, "ask Prometheus at http://127.0.0.1:9"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.name != "metrics-server gone" { // of which all would be without it
				t.Parallel()
			}
			s := newSite(t, "deploy/web", workloadOf("Deployment", ""))
			s.write(t, file{Trials: 1, Start: "current"})
			args := c.prepare(t, s)
			before := s.snapshot(t)
			code, printed := s.tune(t, args...)
			for _, part := range c.plan {
				if !strings.Contains(printed, part) {
					t.Errorf("it does not say %q", part)
				}
			}
			r := s.report(t, printed)
			if code != 3 || r.Trials[0].Verdict.Judgement != tuner.Inconclusive || !strings.Contains(brief(r), c.doubt) {
				t.Errorf("code %d, want 3, as there was one trial, and that doubted for %q: %s\n%s", code, c.doubt, brief(r), printed)
			}
			if strings.HasPrefix(c.name, "metrics-server") && !strings.Contains(strings.Join(r.Warnings, "\n"), "this result is without usage as kubectl top") {
				t.Errorf("the result's warnings say nothing of it: %q", r.Warnings)
			}
			s.unchanged(t, before, printed)
		})
	}
}

// What makes a run impossible stops it before anything is touched, with what would mend it.
func TestPreflightStopsARun(t *testing.T) {
	t.Parallel()
	s := newSite(t, "deploy/web", workloadOf("Deployment", ""))
	s.write(t, file{Trials: 1})
	before := s.snapshot(t)
	code, printed := s.tune(t, "--metrics", "reader")
	if code != 2 || !strings.Contains(printed, "ServiceAccount plimsoll-reader") || strings.Contains(printed, "Plan for") {
		t.Errorf("without a reader's account: code %d, want 2:\n%s", code, printed)
	}
	s.Kubectl(t, "-n", s.ns, "delete", "rolebinding", "perf-load")
	code, printed = s.tune(t, "--load-from", "job")
	if code != 3 || !strings.Contains(printed, `- {apiGroups: [""], resources: [secrets], verbs: [create]}`) || strings.Contains(printed, "Plan for") {
		t.Errorf("without the right to make Secrets: code %d, want 3:\n%s", code, printed)
	}
	s.unchanged(t, before, printed)
}
