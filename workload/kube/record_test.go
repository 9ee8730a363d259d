package kube

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	apijson "k8s.io/apimachinery/pkg/util/json"
)

// parse reads an object as a client does: whole numbers are int64.
func parse(t *testing.T, text string) map[string]any {
	t.Helper()
	var m map[string]any
	if err := apijson.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// Objects before the first change, each with something absent that Plimsoll writes.
var befores = map[string]string{
	"all there":      `{"metadata":{"annotations":{"a":"b"}},"spec":{"replicas":3,"template":{"metadata":{"annotations":{"x":"y"}},"spec":{"containers":[{"name":"app","resources":{"limits":{"cpu":"1","memory":"1Gi"},"requests":{"cpu":"1"}}}]}}}}`,
	"no resources":   `{"metadata":{},"spec":{"replicas":1,"template":{"metadata":{},"spec":{"containers":[{"name":"app"}]}}}}`,
	"empty ones":     `{"metadata":{"annotations":{}},"spec":{"template":{"metadata":{"annotations":{}},"spec":{"containers":[{"name":"x"},{"name":"app","resources":{"limits":{}}}]}}}}`,
	"no metadata":    `{"metadata":{},"spec":{"template":{"spec":{"containers":[{"name":"app","resources":{}}]}}}}`,
	"a GPU is there": `{"metadata":{},"spec":{"template":{"spec":{"containers":[{"name":"app","resources":{"limits":{"nvidia.com/gpu":"1"}}}]}}}}`,
}

func at(leaf ...string) place {
	return append(place{"spec", "template", "spec", "containers", "[app]", "resources"}, leaf...)
}

// changeAll makes the changes of a first trial.
func changeAll(t *testing.T, object map[string]any) (record, *edit) {
	t.Helper()
	r, e := record{Version: recordVersion, Run: "R"}, newEdit(object)
	for _, c := range []struct {
		at    place
		value any
	}{
		{place{"spec", "replicas"}, int64(2)}, {at("limits", "cpu"), "100m"}, {at("limits", "memory"), "50Mi"},
		{at("requests", "cpu"), nil}, {at("requests", "memory"), "50Mi"}, {markPlace, "R-1"},
	} {
		if err := r.set(e, c.at, c.value); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.save(e); err != nil {
		t.Fatal(err)
	}
	return r, e
}

func TestPutBackIsExact(t *testing.T) {
	for name, before := range befores {
		object := parse(t, before)
		_, e := changeAll(t, object)
		if !reflect.DeepEqual(object, parse(t, before)) {
			t.Errorf("%s: making a patch changed the object it is for", name)
		}
		r, err := recordOf(e.object)
		if err != nil || r == nil {
			t.Fatalf("%s: record %v, %v", name, r, err)
		}
		if d := r.differences(e.object); len(d) > 0 {
			t.Errorf("%s: nobody changed it, yet %v", name, d)
		}
		back := newEdit(e.object)
		foreign, err := r.restore(back, func(place) bool { return false })
		if err != nil || len(foreign) > 0 {
			t.Errorf("%s: %v, %v", name, foreign, err)
		}
		if err := back.remove(place{"metadata", "annotations", recordAnnotation}, 0); err != nil {
			t.Fatal(err)
		}
		want := parse(t, before)
		if m := want["metadata"].(map[string]any); m["annotations"] == nil {
			m["annotations"] = map[string]any{} // an API server leaves an empty one out
		}
		if !reflect.DeepEqual(back.object, want) {
			t.Errorf("%s: put back is\n%v\nbefore was\n%v", name, back.object, want)
		}
		// Once more changes nothing: a run killed after this patch finds the record still there.
		again := newEdit(back.object)
		if _, err := r.restore(again, func(place) bool { return false }); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if patch, _ := again.patch(); patch != nil {
			t.Errorf("%s: put back twice: %s", name, patch)
		}
	}
}

func TestForeignChangesAreLeft(t *testing.T) {
	_, e := changeAll(t, parse(t, befores["all there"]))
	foreign := newEdit(e.object)
	if _, err := foreign.set(at("limits", "memory"), "2Gi"); err != nil {
		t.Fatal(err)
	}
	r, _ := recordOf(foreign.object)
	if d := r.differences(foreign.object); len(d) != 1 || !strings.Contains(d[0].String(), "2Gi") || !strings.Contains(d[0].String(), "50Mi") {
		t.Errorf("differences: %v", d)
	}
	back := newEdit(foreign.object)
	left, err := r.restore(back, func(place) bool { return false })
	if err != nil || len(left) != 1 || left[0].Now != "2Gi" || left[0].Was != "1Gi" {
		t.Fatalf("left %v, %v", left, err)
	}
	if now := at("limits", "memory").at(back.object); now != "2Gi" {
		t.Errorf("a foreign value became %v", now)
	}
	if now := at("limits", "cpu").at(back.object); now != "1" {
		t.Errorf("the CPU limit beside it is %v, want 1", now)
	}
}

// What others may change is no difference, and is put back whatever it holds.
func TestFreeReplicas(t *testing.T) {
	for _, before := range []string{befores["all there"], `{"metadata":{},"spec":{"replicas":2}}`} {
		object := parse(t, before)
		r, e := record{Version: recordVersion, Run: "R"}, newEdit(object)
		if err := r.set(e, replicasPlace, int64(2)); err != nil {
			t.Fatal(err)
		}
		r.free(e, replicasPlace)
		if err := r.save(e); err != nil {
			t.Fatal(err)
		}
		scaled := newEdit(e.object)
		if _, err := scaled.set(replicasPlace, int64(7)); err != nil {
			t.Fatal(err)
		}
		got, err := recordOf(scaled.object)
		if err != nil || len(got.differences(scaled.object)) > 0 {
			t.Fatalf("%+v, %v", got.differences(scaled.object), err)
		}
		back := newEdit(scaled.object)
		foreign, err := got.restore(back, func(place) bool { return false })
		if was := replicasPlace.at(object); err != nil || len(foreign) > 0 || replicasPlace.at(back.object) != was {
			t.Errorf("replicas are %v, want %v: %v, %v", replicasPlace.at(back.object), was, foreign, err)
		}
	}
	if _, err := decodeRecord(`{"version":1,"run":"R","fields":[{"at":"/spec/maxReplicas","was":1,"set":2,"free":true}]}`); err == nil {
		t.Error("another field than the replicas may be anything")
	}
}

// Lists are put back whole, at the places that have them and at no others.
func TestListsArePutBack(t *testing.T) {
	before := `{"metadata":{},"spec":{"maxReplicas":4,"metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"averageUtilization":80}}}]}}`
	object := parse(t, before)
	r, e := record{Version: recordVersion, Run: "R", For: "deploy/web"}, newEdit(object)
	patch := parse(t, `{"maxReplicas":8,"metrics":[{"type":"Pods"}],"resourcePolicy":{"containerPolicies":[{"containerName":"app"}]}}`)
	if err := leaves(place{"spec"}, patch, func(p place, value any) error { return r.set(e, p, value) }); err != nil {
		t.Fatal(err)
	}
	if err := r.save(e); err != nil {
		t.Fatal(err)
	}
	got, err := recordOf(e.object)
	if err != nil || len(got.Fields) != 3 || len(got.differences(e.object)) > 0 {
		t.Fatalf("%+v, %v", got, err)
	}
	back := newEdit(e.object)
	if _, err := got.restore(back, func(place) bool { return false }); err != nil {
		t.Fatal(err)
	}
	if spec := back.object["spec"]; !reflect.DeepEqual(spec, object["spec"]) {
		t.Errorf("put back is %v, before was %v", spec, object["spec"])
	}
	if _, err := decodeRecord(`{"version":1,"run":"R","fields":[{"at":"/spec/replicas","was":[1],"set":2}]}`); err == nil {
		t.Error("a list of replicas was accepted")
	}
}

// Every operation that changes is tested for by the one before it, at the same path.
func TestEveryChangeIsCompareAndSet(t *testing.T) {
	for name, before := range befores {
		object := parse(t, before)
		_, e := changeAll(t, object)
		for i, o := range e.ops {
			if o.Op == "test" {
				continue
			}
			if i == 0 || e.ops[i-1].Op != "test" || e.ops[i-1].Path != o.Path {
				t.Errorf("%s: nothing tests %s %s", name, o.Op, o.Path)
			}
		}
	}
}

// What an API server makes of the patch is what the edit says: the same library applies it.
func TestPatchDoesWhatTheEditSays(t *testing.T) {
	for name, before := range befores {
		object := parse(t, before)
		_, e := changeAll(t, object)
		patch, err := e.patch()
		if err != nil {
			t.Fatal(err)
		}
		got, err := applyPatch([]byte(before), patch)
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, patch)
		}
		if !reflect.DeepEqual(parse(t, string(got)), e.object) {
			t.Errorf("%s: the patch makes\n%s\nthe edit\n%v", name, got, e.object)
		}
		if _, err := applyPatch(got, patch); err == nil {
			t.Errorf("%s: applied twice, nothing refused it", name)
		}
	}
}

func FuzzDecodeRecord(f *testing.F) {
	for _, before := range befores {
		var m map[string]any
		_ = apijson.Unmarshal([]byte(before), &m)
		r, e := record{Version: recordVersion, Run: "R"}, newEdit(m)
		_ = r.set(e, at("limits", "cpu"), "100m")
		text, _ := r.encode()
		f.Add(text)
	}
	f.Add(`{"version":1,"run":"R","fields":[{"at":"/spec/template/spec/containers/[app]/image","was":"evil"}]}`)
	f.Add(`{"version":1,"run":"R","fields":[{"at":"/spec/replicas","was":1.5,"set":2}]}`)
	f.Add(`{"version":1,"run":"R","fields":[{"at":"/spec/metrics","was":[{"type":"Pods"}],"set":[]},{"at":"/spec/replicas","was":1,"set":2,"free":true}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := decodeRecord(text)
		if err != nil {
			return
		}
		for _, x := range r.Fields {
			if !recorded.MatchString(x.At.String()) {
				t.Errorf("%s was accepted", x.At)
			}
		}
		again, err := r.encode()
		if err != nil {
			t.Fatal(err)
		}
		twice, err := decodeRecord(again)
		if err != nil || !reflect.DeepEqual(r, twice) {
			t.Errorf("%q became %q: %v", text, again, err)
		}
		for _, before := range befores {
			object := parse(t, before)
			e := newEdit(object)
			_, _ = r.restore(e, func(place) bool { return false }) // must not panic, whatever the object
			if !json.Valid([]byte(before)) || e.object == nil {
				t.Fatal("lost the object")
			}
			r.differences(runtime.DeepCopyJSON(object))
		}
	})
}

// What an HPA makes of the replicas once it is pinned is put back too, and what a person makes of them is not touched.
func TestNotedReplicas(t *testing.T) {
	for name, c := range map[string]struct{ pinned, left int64 }{"the HPA did": {1, 3}, "nobody did": {3, 3}, "a person did": {5, 5}} {
		object := parse(t, befores["all there"])
		r := record{Version: recordVersion, Run: "R"}
		r.note(newEdit(object), replicasPlace, int64(1))
		object["spec"].(map[string]any)["replicas"] = c.pinned
		if all := r.differences(object); len(all) > 0 {
			t.Errorf("%s: %v, though plimsoll has written nothing yet", name, all)
		}
		e := newEdit(object)
		if foreign, err := r.restore(e, history); err != nil || len(foreign) > 0 {
			t.Fatalf("%s: %v, %v", name, foreign, err)
		}
		if got := replicasPlace.at(e.object); got != c.left {
			t.Errorf("%s: killed before the first trial: %v replicas are left, want %d", name, got, c.left)
		}
		e = newEdit(object)
		r.renew(e, replicasPlace)
		if err := r.set(e, replicasPlace, int64(1)); err != nil {
			t.Fatal(err)
		}
		if _, err := r.restore(e, history); err != nil {
			t.Fatal(err)
		}
		if got := replicasPlace.at(e.object); got != c.left {
			t.Errorf("%s: after a trial: %v replicas are left, want %d", name, got, c.left)
		}
	}
}
