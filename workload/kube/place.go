package kube

import (
	"fmt"
	"strings"
)

// place is where a value is in an object: keys of maps, and "[app]" for the entry of a list that is named app.
type place []string

// pointer writes a key as JSON Pointer does (RFC 6901, section 3).
var pointer = strings.NewReplacer("~", "~0", "/", "~1")

// key reads a key of a JSON Pointer.
var key = strings.NewReplacer("~1", "/", "~0", "~")

// String is a JSON Pointer, but that entries of lists are called by name and not by number.
func (p place) String() string {
	var b strings.Builder
	for _, k := range p {
		b.WriteString("/" + pointer.Replace(k))
	}
	return b.String()
}

// MarshalText writes p as String does.
func (p place) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (p *place) UnmarshalText(text []byte) error {
	rest, ok := strings.CutPrefix(string(text), "/")
	if !ok {
		return fmt.Errorf("%q is no place in an object; it begins with /", text)
	}
	*p = nil
	for k := range strings.SplitSeq(rest, "/") {
		*p = append(*p, key.Replace(k))
	}
	return nil
}

// entry is the name in "[name]"; ok is false for a key of a map.
func entry(k string) (name string, ok bool) {
	inner, begins := strings.CutPrefix(k, "[")
	inner, ends := strings.CutSuffix(inner, "]")
	return inner, begins && ends
}

// step goes from one value to the one at k inside it. index is that in a list, −1 in a map.
func step(value any, k string) (next any, index int, ok bool) {
	name, listed := entry(k)
	if !listed {
		m, _ := value.(map[string]any)
		next, ok = m[k]
		return next, -1, ok
	}
	list, _ := value.([]any)
	for i, e := range list {
		if m, _ := e.(map[string]any); m["name"] == name {
			return e, i, true
		}
	}
	return nil, -1, false
}

// at is the value at p in object; nil where there is none, as nothing in an object is null.
func (p place) at(object map[string]any) any {
	var value any = object
	for _, k := range p {
		var ok bool
		if value, _, ok = step(value, k); !ok {
			return nil
		}
	}
	return value
}
