package scenarios

import (
	"net/http"
	"strings"

	"go.yaml.in/yaml/v4"
	"golang.org/x/net/http/httpguts"
)

// trimming says what becomes of the line end that most files end with.
type trimming bool

const (
	oneLine  trimming = true  // one line end is cut off: headers and variables
	verbatim trimming = false // the file's content as it is: bodies
)

// sourceWords name what a source may be.
const sourceWords = "text, or {env: NAME}, {file: PATH} or {value: TEXT}, each with secret: true where no output may hold it"

// sourceDraft is a source as written.
type sourceDraft struct {
	env, file, value string
	secret           bool
}

// source reads a text, or where to get it from. It never puts the text into a message.
func source(to *Secret, marked *bool, trim trimming) value {
	return value{
		to:     to,
		words:  sourceWords,
		schema: sourceSchema,
		read: func(r *reader, n node) bool {
			if n.Kind == yaml.ScalarNode {
				*to = NewSecret(n.Value)
				return true
			}
			if n.Kind != yaml.MappingNode {
				return r.problem(n, "%s; %s", describe(n), sourceWords)
			}
			var d sourceDraft
			if !r.mapping(n, sourceFields(&d)) {
				return false
			}
			text, ok := r.resolve(n, &d, trim)
			*to, *marked = NewSecret(text), d.secret
			return ok
		},
	}
}

func sourceFields(d *sourceDraft) []field {
	return []field{
		{key: "env", value: scalar(&d.env, matching("the name of an environment variable", variableShape)), doc: "Environment variable of plimsoll that holds it; one that is not set is an error."},
		{key: "file", value: scalar(&d.file, text()), doc: "File that holds it, relative to the scenario file. A line end at the end is cut off, but not of a body."},
		{key: "value", value: scalar(&d.value, anyText()), doc: "The text itself."},
		{key: "secret", value: scalar(&d.secret, yesNo()), doc: "true keeps it out of every output, wherever it turns up."},
	}
}

// resolve gets the text of a source, which must name exactly one place.
func (r *reader) resolve(n node, d *sourceDraft, trim trimming) (string, bool) {
	var places []any
	for _, to := range []any{&d.env, &d.file, &d.value} {
		if r.given(to) {
			places = append(places, to)
		}
	}
	if len(places) != 1 {
		return "", r.problem(n, "%d of env, file and value are given; exactly one is needed", len(places))
	}
	switch at := r.at(places[0]); places[0] {
	case &d.env:
		text, set := r.env.lookup(d.env)
		if !set {
			return "", r.problem(at, "the environment variable %s is not set", d.env)
		}
		return text, true
	case &d.file:
		text, err := r.env.read(d.file)
		if err != nil {
			return "", r.problem(at, "%s", err)
		}
		if trim == oneLine {
			return strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r"), true
		}
		return string(text), true
	}
	return d.value, true
}

// naming is what the keys of a list of variables may be, and what follows from them.
type naming struct {
	words string
	// check tells whether a name is one.
	check func(name string) bool
	// fold gives names that mean the same the same text.
	fold func(name string) string
	// text tells whether a value is one that can be sent.
	text func(value string) bool
}

var environmentNames = naming{
	words: "a variable's name (letters, digits and _)",
	check: variableShape.MatchString,
	fold:  func(name string) string { return name },
	text:  func(value string) bool { return !strings.Contains(value, "\x00") },
}

var headerNames = naming{
	words: "a header's name",
	check: httpguts.ValidHeaderFieldName,
	fold:  http.CanonicalHeaderKey,
	text:  httpguts.ValidHeaderFieldValue,
}

// variables reads a mapping from names to sources, in the order of the file.
func variables(to *[]Variable, names naming) value {
	return value{
		to:    to,
		words: "a mapping from " + names.words + " to its value",
		schema: func() schema {
			return schema{"type": "object", "additionalProperties": sourceSchema()}
		},
		read: func(r *reader, n node) bool {
			if n.Kind != yaml.MappingNode {
				return r.problem(n, "%s; a mapping from %s to its value is needed", describe(n), names.words)
			}
			*to = make([]Variable, len(n.Content)/2)
			ok, lines := true, map[string]int{}
			for i := range *to {
				ok = r.variable(&(*to)[i], n, i, names, lines) && ok
			}
			return ok
		},
	}
}

// variable reads the i-th entry of the mapping n.
func (r *reader) variable(to *Variable, n node, i int, names naming, lines map[string]int) bool {
	key := n.Content[2*i]
	if !r.key(node{key, n.path}) {
		return false
	}
	at := child(n, key.Value, n.Content[2*i+1])
	if !names.check(key.Value) {
		return r.problem(node{key, n.path}, "%q is not %s", key.Value, names.words)
	}
	if line, double := lines[names.fold(key.Value)]; double {
		return r.problem(node{key, at.path}, "given twice, first in line %d", line)
	}
	lines[names.fold(key.Value)] = key.Line
	to.Name = key.Value
	ok := r.value(source(&to.Value, &to.Marked, oneLine), at)
	if ok && !names.text(to.Value.Reveal()) {
		ok = r.problem(at, "its value holds a line end or a control character, which can't be sent")
	}
	to.Marked = to.Marked || sensitive(to.Name)
	return ok
}

// sensitiveWords in the name of a header or variable make its value a secret without being marked.
var sensitiveWords = []string{"authorization", "cookie", "token", "secret", "password", "passwd", "credential", "apikey", "privatekey", "accesskey"}

// sensitive tells whether a name says that its value is a secret.
func sensitive(name string) bool {
	plain := strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(name))
	for _, word := range sensitiveWords {
		if strings.Contains(plain, word) {
			return true
		}
	}
	return false
}
