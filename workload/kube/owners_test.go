package kube

import (
	"encoding/json"
	"reflect"
	"testing"
)

// An object that three managers share: one applied it, one scaled it, one owns nothing that is changed.
const shared = `{"apiVersion":"apps/v1","metadata":{"managedFields":[
 {"manager":"kubectl","operation":"Apply","fieldsV1":{"f:spec":{"f:template":{"f:spec":{"f:containers":{"k:{\"name\":\"app\"}":{".":{},"f:name":{},"f:resources":{"f:limits":{"f:cpu":{},"f:memory":{}}}}}}}}}},
 {"manager":"kubectl","operation":"Update","subresource":"scale","fieldsV1":{"f:spec":{"f:replicas":{}}}},
 {"manager":"other","operation":"Update","fieldsV1":{"f:metadata":{"f:labels":{"f:x":{}}}}}]},
 "spec":{"replicas":3,"template":{"spec":{"containers":[{"name":"app","resources":{"limits":{"cpu":"1","memory":"1Gi"}}}]}}}}`

// taken is the object after an API server took from the managers what plimsoll wrote.
const taken = `[
 {"manager":"kubectl","operation":"Apply","fieldsV1":{"f:spec":{"f:template":{"f:spec":{"f:containers":{"k:{\"name\":\"app\"}":{".":{},"f:name":{},"f:resources":{"f:limits":{}}}}}}}}},
 {"manager":"other","operation":"Update","fieldsV1":{"f:metadata":{"f:labels":{"f:x":{}}}}},
 {"manager":"plimsoll","operation":"Update","fieldsV1":{"f:spec":{"f:replicas":{}}}}]`

func TestOwnersGetTheirFieldsBack(t *testing.T) {
	object := parse(t, shared)
	r, _ := changeAll(t, object)
	for _, want := range []struct {
		at     place
		owners []string
	}{{place{"spec", "replicas"}, []string{"Update/scale kubectl"}}, {at("limits", "cpu"), []string{"Apply kubectl"}}, {at("requests", "memory"), nil}} {
		for _, f := range r.Fields {
			if f.At.String() == want.at.String() && !reflect.DeepEqual(f.Owners, want.owners) {
				t.Errorf("%s was owned by %v, want %v", f.At, f.Owners, want.owners)
			}
		}
	}
	after := parse(t, shared)
	after["metadata"].(map[string]any)["managedFields"] = parse(t, `{"x":`+taken+`}`)["x"]
	e := newEdit(after)
	giveBack(e, r)
	disown(e)
	patch, err := e.patch()
	if err != nil {
		t.Fatal(err)
	}
	before, _ := json.Marshal(after)
	text, err := applyPatch(before, patch)
	if err != nil {
		t.Fatalf("%v\n%s", err, patch)
	}
	got := parse(t, string(text))["metadata"].(map[string]any)["managedFields"].([]any)
	if len(got) != 3 {
		t.Fatalf("%d managers, want 3: %s", len(got), text)
	}
	for _, m := range got {
		entry := m.(map[string]any)
		fields := entry["fieldsV1"].(map[string]any)
		switch ownerName(entry["operation"], entry["subresource"], entry["manager"]) {
		case "Apply kubectl":
			if !owns(fields, at("limits", "cpu")) || !owns(fields, at("limits", "memory")) || owns(fields, at("requests", "memory")) {
				t.Errorf("who applied it owns %v", fields)
			}
		case "Update/scale kubectl":
			if !owns(fields, place{"spec", "replicas"}) {
				t.Errorf("who scaled it owns %v", fields)
			}
		case "Update other":
			if len(fields) != 1 {
				t.Errorf("who owned nothing of it owns %v", fields)
			}
		default:
			t.Errorf("unexpected %v", entry)
		}
	}
}
