package kube

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll/plimsoll/tuner"
)

// --apply leaves the limits that a soak confirmed in place, as they were printed, and puts back all the rest.
func TestApply(t *testing.T) {
	s := newSite(t, "deploy/web", workloadOf("Deployment", "")+autoscalers)
	args := s.swiftly(t)
	s.write(t, file{Trials: 10, Rate: 60, Start: "relaxed", For: 5 * time.Second, SLOs: "[p90 < 4s]",
		Tuning: "limits: [memory], bounds: {cpu: {min: 50m, max: 1}, memory: {min: 60Mi, max: 64Mi}}"})
	before := s.snapshot(t)
	code, printed := s.tune(t, append(args, "--apply", "--coexistence", "off")...)
	r := s.report(t, printed)
	if r.Result.Outcome == tuner.NotMeasured && tooBusy(r) {
		s.unchanged(t, before, printed)
		t.Skip("the machine was too busy to send the load in time: " + r.Result.Why)
	}
	if code != 0 || !r.Result.Verified {
		t.Fatalf("code %d, want 0 and a confirmed result: %s\n%s", code, brief(r), printed)
	}
	derived, _ := r.Result.Settings.Of("app")
	limit := s.Kubectl(t, "-n", s.ns, "get", s.object, "-o", "jsonpath={.spec.template.spec.containers[0].resources.limits.memory}")
	if want := fmt.Sprintf("%dMi", derived.MemoryLimit>>20); limit != want {
		t.Errorf("the memory limit left in place is %s, derived was %s", limit, want)
	}
	after := s.snapshot(t)
	for _, snapshot := range []map[string]any{before, after} {
		leaveOutResources(snapshot["Deployment web"])
		delete(snapshot, "revisions") // there is one more, and it is the user's
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("beside the limits something is not as it was (-before +after):\n%s\n%s", diff, printed)
	}
	if text, err := json.Marshal(after); err != nil || strings.Contains(string(text), "plimsoll") {
		t.Errorf("a trace of plimsoll is left (%v):\n%s", err, text)
	}
	s.awaitReady(t)
}

// tooBusy is true where the load generator got too little of the CPU for the newest trial to be judged.
func tooBusy(r saved) bool {
	return slices.ContainsFunc(r.Trials[len(r.Trials)-1].Observation.Invalid, func(d tuner.Doubt) bool { return d.Kind == tuner.GeneratorBound })
}

// leaveOutResources takes away what --apply changes, and who owns which of the fields.
func leaveOutResources(object any) {
	o := object.(map[string]any)
	delete(o["metadata"].(map[string]any), "managedFields")
	template := o["spec"].(map[string]any)["template"].(map[string]any)
	for _, c := range template["spec"].(map[string]any)["containers"].([]any) {
		delete(c.(map[string]any), "resources")
	}
}
