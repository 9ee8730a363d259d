package scenarios

import (
	"slices"
	"testing"
)

func TestTemplateColumns(t *testing.T) {
	tests := map[string][]string{
		"":                                nil,
		"no braces":                       nil,
		"{single} }} ok":                  nil,
		"{{.id}}":                         {"id"},
		"/a/{{ .id }}/{{.id}}/{{\t.b_2}}": {"id", "b_2"},
		"{{.hit}}":                        nil,
		`{{"{{"}} and {{ "{{" }}`:         nil,
		`{"a": {"b": "{{.c}}"}}`:          {"c"},
	}
	for text, want := range tests {
		if got, err := templateColumns(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v; want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"{{", "{{}}", "{{id}}", "{{.}}", "{{.a b}}", "{{.a", "{{.a}", "{{.a-b}}", "{{.9}}", "{{.a}}{{", "{{ if .a }}", "{{.ä}}", "{{\n.a}}", "{{{.a}}}"} {
		if got, err := templateColumns(text); err == nil {
			t.Errorf("%q is read, with %q", text, got)
		}
	}
}

func TestSuggest(t *testing.T) {
	words := []string{"replicas", "readiness", "port", "name"}
	for given, want := range map[string]string{"replica": "replicas", "Port": "port", "prot": "port", "redines": "readiness", "nmae": "name", "color": "", "x": "", "": ""} {
		if got, _ := nearest(given, words); got != want {
			t.Errorf("%q: %q; want %q", given, got, want)
		}
	}
}
