package kube

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
)

// op is one operation of a JSON Patch (RFC 6902).
type op struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// edit is a JSON Patch in the making. Every operation that changes is led by one that tests: the server refuses the whole
// patch where the object no longer holds what it was made for.
type edit struct {
	// object is a copy with all operations so far applied.
	object map[string]any
	ops    []op
}

func newEdit(object map[string]any) *edit { return &edit{object: runtime.DeepCopyJSON(object)} }

// patch is the text of the patch; nil where there is nothing to change.
func (e *edit) patch() ([]byte, error) {
	if !slices.ContainsFunc(e.ops, func(o op) bool { return o.Op != "test" }) {
		return nil, nil
	}
	return json.Marshal(e.ops)
}

func (e *edit) add(kind, path string, value any) {
	if value != nil {
		value = runtime.DeepCopyJSONValue(value)
	}
	e.ops = append(e.ops, op{kind, path, value})
}

// walk goes to the map that holds the last key of p, or as far as there are maps. path is the JSON Pointer of the next
// key, which is named by missing[0]; missing has one key where nothing but the value itself can be missing.
func (e *edit) walk(p place) (in map[string]any, path string, missing place, value any, err error) {
	var at any = e.object
	for i, k := range p {
		next, index, ok := step(at, k)
		if index >= 0 {
			path += "/" + strconv.Itoa(index)
			e.add("test", path+"/name", next.(map[string]any)["name"])
			at = next
			continue
		}
		if _, listed := entry(k); listed {
			return nil, "", nil, nil, fmt.Errorf("there is no %s", p[:i+1])
		}
		path += "/" + pointer.Replace(k)
		in, _ = at.(map[string]any)
		if in == nil {
			return nil, "", nil, nil, fmt.Errorf("%s is not a mapping", p[:i])
		}
		if !ok || i == len(p)-1 {
			return in, path, p[i:], next, nil
		}
		at = next
	}
	return nil, "", nil, nil, fmt.Errorf("%s is an entry of a list", p)
}

// set writes value at p, and returns how many mappings had to be made for it.
func (e *edit) set(p place, value any) (made int, err error) {
	in, path, missing, was, err := e.walk(p)
	if err != nil {
		return 0, err
	}
	for _, k := range slices.Backward(missing[1:]) {
		value = map[string]any{k: value}
		made++
	}
	if made == 0 && reflect.DeepEqual(was, value) {
		return 0, nil
	}
	e.add("test", path, was)
	e.add("add", path, value)
	in[missing[0]] = runtime.DeepCopyJSONValue(value)
	return made, nil
}

// remove takes what is at p away, and with it up to made of the mappings that held it, where they are then empty.
func (e *edit) remove(p place, made int) error {
	in, path, missing, was, err := e.walk(p)
	if err != nil {
		return err
	}
	if len(missing) > 1 || was == nil {
		return nil
	}
	e.add("test", path, was)
	e.add("remove", path, nil)
	delete(in, missing[0])
	if holder := p[:len(p)-1]; made > 0 && len(in) == 0 {
		return e.remove(holder, made-1)
	}
	return nil
}

// put writes value at p, or removes what is there where value is nil.
func (e *edit) put(p place, value any, made int) error {
	if value == nil {
		return e.remove(p, made)
	}
	_, err := e.set(p, value)
	return err
}

// String is the patch as a person reads it, one change a line.
func (e *edit) String() string {
	var b strings.Builder
	for _, o := range e.ops {
		switch o.Op {
		case "add":
			if o.Path == "/metadata/annotations/"+pointer.Replace(recordAnnotation) || o.Path == "/metadata/annotations" {
				fmt.Fprintf(&b, "note   in annotation %s what all of this was before\n", recordAnnotation)
				continue
			}
			text, _ := json.Marshal(o.Value)
			fmt.Fprintf(&b, "set    %s to %s\n", o.Path, text)
		case "remove":
			fmt.Fprintf(&b, "remove %s\n", o.Path)
		}
	}
	return b.String()
}
