package scenarios

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
)

// A section of the file is a table of fields: key, value, what it is for. One table drives three things that must
// agree: the strict reader, the JSON Schema for editors (schema.go) and the reference for people (reference.go).

// field is one key of a mapping.
type field struct {
	key   string
	value value
	// doc says what the key is for, in one or two sentences.
	doc      string
	required bool
}

// must marks fields as required.
func must(f field) field {
	f.required = true
	return f
}

// value is what may stand behind a key, bound to the variable it is read into.
type value struct {
	// to is that variable's address. Later checks know the value by it.
	to any
	// words name what may be written, for the reference.
	words string
	// read reads n into the variable; false where it could not, with the problem reported.
	read func(r *reader, n node) bool
	// schema describes what read accepts.
	schema func() schema
	// preset is what holds where the key is absent, as it would be written; nil or empty: nothing.
	preset func() string
	// parts are the tables below this value, for the reference; nil for a scalar.
	parts func() []part
}

// part is a table below a value, and the heading it has.
type part struct {
	title  string
	fields []field
}

// node is a YAML node and the way to it from the root, such as traffic.hits[0].path.
type node struct {
	*yaml.Node
	path string
}

// reader reads one document. It remembers where each variable was read from, so that checks between values can name
// the line, and goes on after a problem, so that all of them are reported.
type reader struct {
	file     string
	env      Environment
	problems Errors
	// places of the values that were read, by the variable's address; failed holds those that could not be.
	places map[any]node
	failed map[any]bool
}

func newReader(file string, env Environment) *reader {
	return &reader{file: file, env: env, places: map[any]node{}, failed: map[any]bool{}}
}

// problem reports something wrong at n and returns false, for a caller to return in turn.
func (r *reader) problem(n node, format string, args ...any) bool {
	r.problems = append(r.problems, Problem{r.file, n.Line, n.Column, n.path, fmt.Sprintf(format, args...)})
	return false
}

// given tells whether the variable was read from the file.
func (r *reader) given(to any) bool {
	_, ok := r.places[to]
	return ok
}

// sound tells whether none of the variables failed to be read: only then is a check between them worth a message.
func (r *reader) sound(to ...any) bool {
	for _, t := range to {
		if r.failed[t] {
			return false
		}
	}
	return true
}

// at is where the first of the variables that the file gives was read from.
func (r *reader) at(to ...any) node {
	for _, t := range to {
		if n, ok := r.places[t]; ok {
			return n
		}
	}
	return node{&yaml.Node{Line: 1, Column: 1}, ""}
}

// value reads n into the variable of v.
func (r *reader) value(v value, n node) bool {
	ok := r.plain(n) && v.read(r, n)
	if v.to == nil {
		return ok
	}
	r.places[v.to] = n
	if !ok {
		r.failed[v.to] = true
	}
	return ok
}

// plain refuses what YAML allows and this format does not: aliases, anchors, tags, and keys with nothing behind them.
func (r *reader) plain(n node) bool {
	switch {
	case n.Kind == yaml.AliasNode:
		return r.problem(n, "*%s is an alias; write the value out", n.Value)
	case n.Anchor != "":
		return r.problem(n, "&%s is an anchor; anchors and aliases are not read", n.Anchor)
	case n.Style&yaml.TaggedStyle != 0:
		return r.problem(n, "the tag %s; tags are not read", n.Tag)
	case n.Tag == "!!null":
		return r.problem(n, "nothing is given; write a value or remove the key")
	}
	return true
}

// mapping reads n by the table.
func (r *reader) mapping(n node, fields []field) bool {
	if n.Kind != yaml.MappingNode {
		return r.problem(n, "%s; a mapping of keys is needed: %s", describe(n), strings.Join(keys(fields), ", "))
	}
	ok := true
	lines, misspelt := map[string]int{}, map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := child(n, n.Content[i].Value, n.Content[i])
		f, known := lookup(fields, key.Value)
		switch line, double := lines[key.Value]; {
		case !r.key(node{key.Node, n.path}):
			ok = false
		case double:
			ok = r.problem(key, "given twice, first in line %d", line)
		case !known:
			ok = r.problem(node{key.Node, n.path}, "unknown key %q; %s", key.Value, suggest(key.Value, keys(fields)))
			if meant, found := nearest(key.Value, keys(fields)); found {
				misspelt[meant] = true
			}
		default:
			ok = r.value(f.value, child(n, f.key, n.Content[i+1])) && ok
		}
		lines[key.Value] = key.Line
	}
	for _, f := range fields {
		if _, given := lines[f.key]; f.required && !given && !misspelt[f.key] {
			ok = r.problem(node{n.Node, join(n.path, f.key)}, "missing; %s", f.value.words)
		}
	}
	return ok
}

// key refuses a key that is no plain text.
func (r *reader) key(n node) bool {
	switch {
	case n.Tag == "!!merge":
		return r.problem(n, "<< is a merge key; write the keys out")
	case n.Kind != yaml.ScalarNode:
		return r.problem(n, "%s as a key; keys are plain words", describe(n))
	case n.Tag == "!!null":
		return r.problem(n, "a key is missing")
	case n.Anchor != "" || n.Style&yaml.TaggedStyle != 0:
		return r.problem(n, "an anchor or a tag before %q; neither is read", n.Value)
	}
	return true
}

// child is what stands behind key in n.
func child(n node, key string, value *yaml.Node) node {
	return node{value, join(n.path, key)}
}

// element is the i-th entry of the list n.
func element(n node, i int) node {
	return node{n.Content[i], fmt.Sprintf("%s[%d]", n.path, i)}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func lookup(fields []field, key string) (field, bool) {
	for _, f := range fields {
		if f.key == key {
			return f, true
		}
	}
	return field{}, false
}

func keys(fields []field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.key
	}
	return names
}

// describe names what was given, for the beginning of a message, without its text, which may be secret.
func describe(n node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping is given"
	case yaml.SequenceNode:
		return "a list is given"
	default:
		return "a single value is given"
	}
}
