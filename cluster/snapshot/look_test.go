package snapshot

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll/plimsoll/tuner/compat"
)

func TestLook(t *testing.T) {
	client := fakeCluster(t, objectsOf(t, "look.yaml"), nil)
	got, err := Look(t.Context(), client, "shop", "deployment/web", true)
	if err != nil {
		t.Fatal(err)
	}
	if got.Desired != 4 || got.Ready != 1 {
		t.Errorf("%d wanted, %d ready: want what its own HPA wants, 4, and 1: of the others one waits, one is being deleted, one is nobody's", got.Desired, got.Ready)
	}
	var pods []string
	for _, p := range got.Pods {
		if len(p.Settings) != 1 {
			t.Errorf("%s has %d containers that run side by side", p.Pod, len(p.Settings))
			continue
		}
		pods = append(pods, p.Pod+" "+p.Settings[0].CPURequest.String())
	}
	if diff := cmp.Diff([]string{"web-abc-1 25m", "web-abc-2 500m"}, pods); diff != "" {
		t.Errorf("Pods (-want +got):\n%s", diff)
	}
	if told := got.Restarts["web-abc-2/app"]; told.Times != 2 || !strings.Contains(told.Text, "code 137 (OOMKilled)") {
		t.Errorf("restarts %+v", got.Restarts)
	}
	if len(got.Waiting) != 1 || !strings.Contains(got.Waiting[0], "0/1 nodes") || len(got.Evicted) != 1 || !strings.Contains(got.Evicted[0], "EvictionByEvictionAPI") {
		t.Errorf("waiting %q, evicted %q", got.Waiting, got.Evicted)
	}
	want := map[string]compat.Told{"e1": {Object: "web-abc", Times: 3, Text: "ReplicaSet web-abc: exceeded quota: team"}}
	if diff := cmp.Diff(want, got.Refusals); diff != "" {
		t.Errorf("refusals (-want +got):\n%s", diff)
	}
	if len(got.Evictions) != 1 || got.Evictions["e2"].Times != 1 {
		t.Errorf("evictions %+v", got.Evictions)
	}
	for _, name := range []string{"web", "web-abc", "web-abc-0"} {
		if !slices.Contains(got.Own, name) {
			t.Errorf("%s is not among its own: %v", name, got.Own)
		}
	}
}

// Events are asked for where they are wanted only; that they can't be read is no failed look, that Pods can't be is one.
func TestLookUnread(t *testing.T) {
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "x"}, "", nil)
	client := fakeCluster(t, objectsOf(t, "look.yaml"), map[string]error{"events": forbidden})
	if got, err := Look(t.Context(), client, "shop", "deployment/web", true); err != nil || !strings.Contains(got.EventsUnread, "may not list events") {
		t.Errorf("%q, %v", got.EventsUnread, err)
	}
	if got, err := Look(t.Context(), client, "shop", "deployment/web", false); err != nil || got.EventsUnread != "" || got.Refusals != nil {
		t.Errorf("%+v, %v", got, err)
	}
	for _, kind := range []string{"pods", "horizontalpodautoscalers"} {
		if _, err := Look(t.Context(), fakeCluster(t, objectsOf(t, "look.yaml"), map[string]error{kind: forbidden}), "shop", "deployment/web", false); err == nil {
			t.Errorf("a look without %s is one", kind)
		}
	}
}
