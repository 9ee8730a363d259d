package kube

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"

	apijson "k8s.io/apimachinery/pkg/util/json"
)

// The annotations. That of a Pod template marks what belongs to a trial: its Pods, ReplicaSets and ControllerRevisions.
const (
	recordAnnotation = "plimsoll.dev/record"
	trialAnnotation  = "plimsoll.dev/trial"
)

// recordVersion is that of the annotation; others are refused.
const recordVersion = 1

// record says what an object held before Plimsoll changed it, and what Plimsoll wrote. It is kept in an annotation of
// that object, from the patch that makes the first change to the one that has put back the last.
type record struct {
	Version int `json:"version"`
	// Run names the run that made it.
	Run string `json:"run"`
	// For is the workload, as in deploy/web, for whose sake an autoscaler was changed; empty on a workload itself.
	For string `json:"for,omitempty"`
	// Whole is true where Plimsoll made the whole object: it is put back by deleting it.
	Whole bool `json:"whole,omitempty"`
	// Unready is true where the workload was not Ready before; then it need not be afterwards.
	Unready bool `json:"unready,omitempty"`
	// Fields changed, in the order in which they were; they are put back in the opposite one.
	Fields []field `json:"fields"`
}

// field is one place in an object. nil is "absent".
type field struct {
	At  place `json:"at"`
	Was any   `json:"was,omitempty"`
	Set any   `json:"set,omitempty"`
	// Noted is true where Plimsoll has not written Set itself, but has let somebody: until it does, another value is nobody's
	// fault.
	Noted bool `json:"noted,omitempty"`
	// Free is true where others may change it once Plimsoll has; it is put back whatever it holds.
	Free bool `json:"free,omitempty"`
	// Made is how many mappings around it were made for it.
	Made int `json:"made,omitempty"`
	// Owners are the field managers that owned it, as owners names them.
	Owners []string `json:"owners,omitempty"`
}

// decodeRecord reads an annotation. Anybody who may edit the object can have written it, so that only places that
// Plimsoll changes are accepted: whoever restores has more rights, perhaps, than who wrote it.
func decodeRecord(text string) (record, error) {
	var r record
	if err := apijson.Unmarshal([]byte(text), &r); err != nil {
		return record{}, fmt.Errorf("annotation %s: %w", recordAnnotation, err)
	}
	switch {
	case r.Version != recordVersion:
		return record{}, fmt.Errorf("annotation %s has version %d; this plimsoll reads version %d", recordAnnotation, r.Version, recordVersion)
	case r.Run == "":
		return record{}, fmt.Errorf("annotation %s names no run", recordAnnotation)
	}
	for i, f := range r.Fields {
		if err := f.check(); err != nil {
			return record{}, fmt.Errorf("annotation %s, entry %d: %w", recordAnnotation, i, err)
		}
		if slices.ContainsFunc(r.Fields[:i], func(g field) bool { return slices.Equal(f.At, g.At) }) {
			return record{}, fmt.Errorf("annotation %s names %s twice", recordAnnotation, f.At)
		}
	}
	return r, nil
}

// recorded are the places that Plimsoll changes.
var recorded = regexp.MustCompile(`^(/spec/(replicas|revisionHistoryLimit|minReplicas|maxReplicas|minReplicaCount|maxReplicaCount` +
	`|updatePolicy/updateMode|metrics|triggers|resourcePolicy/containerPolicies` +
	`|template/spec/(containers|initContainers)/\[[a-z0-9-]+\]/resources/(limits|requests)/(cpu|memory)` +
	`|template/metadata/annotations/plimsoll\.dev~1trial)|/metadata/annotations/autoscaling\.keda\.sh~1paused)$`)

// listed are those of them that hold lists: what an HPA scales on, what a VPA may do.
var listed = regexp.MustCompile(`^/spec/(metrics|triggers|resourcePolicy/containerPolicies)$`)

func (f field) check() error {
	if !recorded.MatchString(f.At.String()) {
		return fmt.Errorf("%s is no place that plimsoll changes", f.At)
	}
	if (f.Free || f.Noted) && !slices.Equal(f.At, replicasPlace) {
		return fmt.Errorf("%s is nothing that others may change", f.At)
	}
	if f.Made < 0 || f.Made > 2 {
		return fmt.Errorf("%d mappings made around %s", f.Made, f.At)
	}
	for _, v := range []any{f.Was, f.Set} {
		switch v.(type) {
		case nil, string, int64, float64:
			continue
		case []any:
			if listed.MatchString(f.At.String()) {
				continue
			}
		}
		return fmt.Errorf("%s holds something else than belongs there", f.At)
	}
	return nil
}

func (r record) encode() (string, error) {
	text, err := json.Marshal(r)
	return string(text), err
}

// recordOf is that of an object; nil where it has none.
func recordOf(object map[string]any) (*record, error) {
	text, _ := place{"metadata", "annotations", recordAnnotation}.at(object).(string)
	if text == "" {
		return nil, nil
	}
	r, err := decodeRecord(text)
	if err != nil {
		return nil, err
	}
	return &r, nil
}

// set changes the value at p, nil for none, and notes in r what was there before the first change.
func (r *record) set(e *edit, p place, value any) error {
	was := p.at(e.object)
	at := r.find(p)
	if at >= 0 {
		r.Fields[at].Noted = false
	}
	if reflect.DeepEqual(was, value) {
		return nil
	}
	if at >= 0 {
		if err := e.put(p, value, r.Fields[at].Made); err != nil {
			return err
		}
		r.Fields[at].Set = value
		return nil
	}
	f := field{At: p, Was: was, Set: value, Owners: owners(e.object, p)}
	if value == nil {
		if err := e.remove(p, 0); err != nil {
			return err
		}
	} else {
		made, err := e.set(p, value)
		if err != nil {
			return err
		}
		f.Made = made
	}
	r.Fields = append(r.Fields, f)
	return nil
}

// note writes down what is at p before somebody else, on Plimsoll's account, makes it value.
func (r *record) note(e *edit, p place, value any) {
	if was := p.at(e.object); !reflect.DeepEqual(was, value) {
		r.Fields = append(r.Fields, field{At: p, Was: was, Set: value, Noted: true, Owners: owners(e.object, p)})
	}
}

// freed is whether others may change the value at p.
func (r record) freed(p place) bool {
	at := r.find(p)
	return at >= 0 && r.Fields[at].Free
}

// renew writes down anew what is at p where somebody has changed it since it was noted.
func (r *record) renew(e *edit, p place) {
	at := r.find(p)
	if at < 0 {
		return
	}
	f := &r.Fields[at]
	if now := p.at(e.object); !reflect.DeepEqual(now, f.Was) && !reflect.DeepEqual(now, f.Set) {
		f.Was, f.Owners = now, owners(e.object, p)
	}
}

// find is the index of the field at p; −1 where there is none.
func (r record) find(p place) int {
	return slices.IndexFunc(r.Fields, func(f field) bool { return slices.Equal(f.At, p) })
}

// free notes that others may change the value at p from now on.
func (r *record) free(e *edit, p place) {
	at := r.find(p)
	if at < 0 {
		now := p.at(e.object)
		r.Fields = append(r.Fields, field{At: p, Was: now, Set: now, Owners: owners(e.object, p)})
		at = len(r.Fields) - 1
	}
	r.Fields[at].Free = true
}

// save writes r on the object in the same patch.
func (r record) save(e *edit) error {
	text, err := r.encode()
	if err != nil {
		return err
	}
	_, err = e.set(place{"metadata", "annotations", recordAnnotation}, text)
	return err
}

// Difference is a field that somebody else changed after Plimsoll did. nil is "absent".
type Difference struct {
	At            string
	Set, Now, Was any
	By            string
}

// String says what was set, what is there, and by whom.
func (d Difference) String() string {
	text := fmt.Sprintf("%s is %s, plimsoll set %s (before: %s)", d.At, shown(d.Now), shown(d.Set), shown(d.Was))
	if d.By != "" {
		text += ", changed by " + d.By
	}
	return text
}

// shown is a value as a person reads it.
func shown(v any) string {
	if v == nil {
		return "absent"
	}
	return fmt.Sprint(v)
}

// differences are the fields of r that hold something else than what Plimsoll set.
func (r record) differences(object map[string]any) []Difference {
	var all []Difference
	for _, f := range r.Fields {
		if now := f.At.at(object); !f.Free && !f.Noted && !reflect.DeepEqual(now, f.Set) {
			all = append(all, Difference{At: f.At.String(), Set: f.Set, Now: now, Was: f.Was, By: changedBy(object, f.At)})
		}
	}
	return all
}

// restore puts every field back that holds what Plimsoll set, but those that keep names; it returns those that somebody
// else changed, which are left alone. One that is back already is neither.
func (r record) restore(e *edit, keep func(place) bool) ([]Difference, error) {
	var foreign []Difference
	var errs []error
	for _, f := range slices.Backward(r.Fields) {
		now := f.At.at(e.object)
		switch {
		case keep(f.At):
		case reflect.DeepEqual(now, f.Was):
		case f.Free || reflect.DeepEqual(now, f.Set):
			errs = append(errs, e.put(f.At, f.Was, f.Made))
		case f.Noted: // somebody's, and never Plimsoll's
		default:
			foreign = append(foreign, Difference{At: f.At.String(), Set: f.Set, Now: now, Was: f.Was, By: changedBy(e.object, f.At)})
		}
	}
	slices.Reverse(foreign)
	return foreign, errors.Join(errs...)
}
