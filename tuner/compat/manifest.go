package compat

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// field and object are a mapping in the order in which people write it.
type (
	field struct {
		key   string
		value any
	}
	object []field
)

// manifest writes o as YAML in block style. Values are objects, map[string]any (keys sorted), []any, strings, numbers,
// booleans and nil.
func manifest(o object) string {
	var b strings.Builder
	writeObject(&b, o, "")
	return b.String()
}

func writeObject(b *strings.Builder, o object, indent string) {
	for i, f := range o {
		if i > 0 {
			b.WriteString(indent)
		}
		b.WriteString(scalar(f.key) + ":")
		writeValue(b, f.value, indent)
	}
}

// writeValue writes what follows "key:" and ends the line.
func writeValue(b *strings.Builder, value any, indent string) {
	switch v := value.(type) {
	case map[string]any:
		writeValue(b, sorted(v), indent)
	case object:
		if len(v) == 0 {
			b.WriteString(" {}\n")
			return
		}
		b.WriteString("\n" + indent + "  ")
		writeObject(b, v, indent+"  ")
	case []any:
		if len(v) == 0 {
			b.WriteString(" []\n")
			return
		}
		b.WriteString("\n")
		for _, item := range v {
			writeItem(b, item, indent)
		}
	default:
		b.WriteString(" " + scalar(v) + "\n")
	}
}

// writeItem writes one item of a list below a key at indent.
func writeItem(b *strings.Builder, item any, indent string) {
	b.WriteString(indent + "-")
	if m, ok := item.(map[string]any); ok {
		item = sorted(m)
	}
	if o, ok := item.(object); ok && len(o) > 0 {
		b.WriteString(" ")
		writeObject(b, o, indent+"  ")
		return
	}
	writeValue(b, item, indent+"  ")
}

// leading are the keys that people write first.
var leading = []string{"apiVersion", "kind", "metadata", "type", "name", "containerName"}

// sorted is m in the order of its keys, the leading ones before the others.
func sorted(m map[string]any) object {
	var o object
	for _, key := range leading {
		if value, ok := m[key]; ok {
			o = append(o, field{key, value})
		}
	}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if !slices.Contains(leading, key) {
			o = append(o, field{key, m[key]})
		}
	}
	return o
}

// plain is what YAML reads as the same string without quotes, in every version of it.
var plain = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*([-._/][A-Za-z0-9]+)*$`)

// quantity is an amount of CPU or memory with a unit.
var quantity = regexp.MustCompile(`^[0-9]+(m|Ki|Mi|Gi)$`)

// scalar writes a single value. A string is quoted as in JSON, which is YAML too, unless it can't be mistaken.
func scalar(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case string:
		if quantity.MatchString(v) || plain.MatchString(v) && !reserved(v) {
			return v
		}
		return quoted(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(value)
}

// quoted is JSON without its escapes for HTML.
func quoted(text string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil {
		return strconv.QuoteToASCII(text) // a string can always be encoded
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// reserved words are no strings to some readers of YAML.
func reserved(text string) bool {
	switch strings.ToLower(text) {
	case "true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf":
		return true
	}
	return false
}
