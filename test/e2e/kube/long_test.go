package kube

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/test/kube"
	"github.com/plimsoll/plimsoll/tuner"
)

// whole skips a test of `make e2e-long` where nobody asked for those.
func whole(t *testing.T) {
	t.Helper()
	if !*longRuns {
		t.Skip("it takes long: make e2e-long")
	}
}

// demoOf is the demo service as a workload: at 80 hits/s a replica needs 80 × (2.6 ms + 0.25 ms) = 228m, and 78Mi.
func demoOf(kind string) string {
	return strings.NewReplacer(
		"image: "+kube.VictimImage+", args: []", "image: "+kube.DemoImage+`, args: [-host=0.0.0.0, -cpu-per-hit=2.6ms], env: [{name: PORT, value: "8080"}]`,
		"path: /ready", "path: /healthz",
		`limits: {cpu: "1", memory: 128Mi}`, `limits: {cpu: "1", memory: 512Mi}`,
	).Replace(workloadOf(kind, ""))
}

// demoBounds are wide around what the demo service needs.
const demoBounds = "bounds: {cpu: {min: 50m, max: 1}, memory: {min: 32Mi, max: 512Mi}}"

// kindBounds leave a search less far to go, where the kind of the workload is what matters.
const kindBounds = "bounds: {cpu: {min: 150m, max: 600m}, memory: {min: 64Mi, max: 128Mi}}"

// A Deployment of two replicas comes from 100m and 50Mi to limits that are at most 15 % of CPU and 10 % of memory above
// the smallest that pass, with the load and the counters as a user has them: from Jobs.
func TestLongConverges(t *testing.T) {
	whole(t)
	s := newUnreadySite(t, "deploy/web", demoOf("Deployment"))
	s.Demo(t)
	s.awaitReady(t)
	s.loadPlimsoll(t)
	grantReader(t, s.Clients, s.ns, true)
	s.write(t, file{Trials: 24, Replicas: 2, Hit: "/work", Rate: 160, Startup: 40 * time.Second, Warmup: 10 * time.Second, For: 65 * time.Second,
		Soak: 3 * time.Minute, SLOs: "[p99 < 250ms, errors < 0.1%, throttled < 10%]", Tuning: demoBounds, Time: 75 * time.Minute})
	before := s.snapshot(t)
	began := time.Now()
	code, printed := s.tune(t, "--load-from", "job", "--image", kube.PlimsollImage, "--metrics", "reader")
	t.Logf("it took %v and printed:\n%s", time.Since(began).Round(time.Second), printed)
	r := s.report(t, printed)
	s.unchanged(t, before, printed)
	if code != 0 || !r.Result.Verified {
		t.Fatalf("code %d, want 0 and a confirmed result: %s", code, brief(r))
	}
	places(t, r)
	derived, _ := r.Result.Settings.Of("app")
	b := s.bench(t)
	b.passes(t, "as derived", derived)
	b.fails(t, "15 % less CPU", lowered(derived, 1.15, 1))
	b.fails(t, "10 % less memory", lowered(derived, 1, 1.10))
}

// lowered are settings with the limits divided.
func lowered(s tuner.ContainerSettings, cpu, memory float64) tuner.ContainerSettings {
	s.CPULimit = scenarios.MilliCPU(float64(s.CPULimit) / cpu)
	s.CPURequest = min(s.CPURequest, s.CPULimit)
	s.MemoryLimit = scenarios.Bytes(float64(s.MemoryLimit) / memory)
	s.MemoryRequest = min(s.MemoryRequest, s.MemoryLimit)
	return s
}

// places fails where the newest trial does not say where load and counters came from.
func places(t *testing.T, r saved) {
	t.Helper()
	o := r.Trials[len(r.Trials)-1].Observation
	if o.Load == nil || o.Load.From == nil || !strings.HasPrefix(o.Load.From.Where, "Pod ") || o.Load.From.ClockOffset == nil || o.Load.From.ClockWithin == nil {
		t.Errorf("where the load came from is not in the report: %+v", o.Load)
	}
	if o.Reader == nil || o.Reader.ClockOffset == nil {
		t.Errorf("who read the counters is not in the report: %+v", o.Reader)
	}
}

// A sidecar that leaks is named, and no limit is called enough for it.
func TestLongLeakingSidecar(t *testing.T) {
	whole(t)
	leaking := strings.NewReplacer("-leak-mib-per-second=8", "-leak-mib-per-second=0.5", "memory: 64Mi", "memory: 128Mi").Replace(withSidecar())
	s := newSite(t, "deploy/web", leaking)
	args := s.swiftly(t)
	s.write(t, file{Trials: 20, Rate: 100, Containers: "[{name: app}, {name: proxy}]", Warmup: 3 * time.Second, For: 12 * time.Second, Soak: 75 * time.Second,
		Tuning: "bounds: {cpu: {min: 50m, max: 500m}, memory: {min: 64Mi, max: 128Mi}}", Time: 20 * time.Minute})
	before := s.snapshot(t)
	code, printed := s.tune(t, args...)
	r := s.report(t, printed)
	t.Log(printed)
	if code != 1 || r.Result.Outcome != tuner.LeakDetected || !strings.Contains(r.Result.Why, "proxy") {
		t.Errorf("code %d, want 1 and a leak in proxy: %s", code, brief(r))
	}
	s.unchanged(t, before, printed)
}

// Every kind of workload, and one under each kind of autoscaler, is tuned to the end and put back.
func TestLongKinds(t *testing.T) {
	whole(t)
	i := strings.LastIndex(autoscalers, "---")
	hpa, vpa := autoscalers[:i], strings.Replace(autoscalers[i:], "spec: {", "spec: {updatePolicy: {updateMode: Recreate}, ", 1)
	for _, c := range []struct{ name, object, manifests string }{
		{"StatefulSet", "sts/web", demoOf("StatefulSet")},
		{"DaemonSet", "ds/web", demoOf("DaemonSet")},
		{"scaled by an HPA", "deploy/web", demoOf("Deployment") + hpa},
		{"resized by a VPA", "deploy/web", demoOf("Deployment") + vpa},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newUnreadySite(t, c.object, c.manifests)
			s.Demo(t)
			s.awaitReady(t)
			args := s.swiftly(t)
			s.write(t, file{Trials: 40, Hit: "/work", Rate: 80, Startup: 40 * time.Second, Warmup: 8 * time.Second, For: 15 * time.Second, Soak: 30 * time.Second,
				SLOs: "[p99 < 250ms, errors < 0.1%, throttled < 25%]", Tuning: kindBounds, Time: 25 * time.Minute})
			before := s.snapshot(t)
			began := time.Now()
			code, printed := s.tune(t, append(args, "--coexistence", "off")...) // TestCoexistence has that trial
			t.Logf("it took %v and printed:\n%s", time.Since(began).Round(time.Second), printed)
			r := s.report(t, printed)
			if code != 0 || !r.Result.Verified {
				t.Errorf("code %d, want 0 and a confirmed result: %s", code, brief(r))
			}
			if costs := applying(r); len(costs) > 0 {
				t.Logf("putting settings in force took %v", costs)
			}
			s.unchanged(t, before, printed)
		})
	}
}

// applying are the fixed costs of the trials, in words.
func applying(r saved) []string {
	var all []string
	for _, x := range r.Trials {
		what := "in place"
		if x.Observation.Fresh {
			what = "by a rollout"
		}
		all = append(all, fmt.Sprintf("%v %s", x.Observation.Applying.Round(100*time.Millisecond), what))
	}
	return all
}
