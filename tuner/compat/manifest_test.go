package compat

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"
)

// What is written reads back as the same.
func TestManifestReadsBack(t *testing.T) {
	tree := map[string]any{
		"apiVersion": "v1", "kind": "X", "metadata": map[string]any{"name": "a: b", "labels": map[string]any{}},
		"list":  []any{map[string]any{"name": "on", "n": 3}, "1", []any{}, true, nil, "- x", map[string]any{"deep": []any{map[string]any{"a": []any{"b"}}}}},
		"empty": "", "number": 1.5, "text": "line\nbreak", "quantity": "250m", "digits": "0123", "date": "2026-11-26", "tag": "!x", "anchor": "&a", "star": "*",
	}
	text := manifest(sorted(tree))
	var got map[string]any
	if err := yaml.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if diff := cmp.Diff(asJSON(t, tree), asJSON(t, got)); diff != "" {
		t.Errorf("differs:\n%s\n%s", diff, text)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// No name from a manifest breaks out of its place.
func FuzzManifest(f *testing.F) {
	for _, seed := range []string{"web", "on", "a: b", "\n- x", "1e3", "{{x}}", "~", "0x1f", "<&>", "\u2028", "'", `"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		valid, err := json.Marshal(s)
		if err != nil {
			t.Skip()
		}
		var want string
		if err := json.Unmarshal(valid, &want); err != nil {
			t.Skip()
		}
		text := manifest(object{{"key", want}, {"after", 1}})
		var got map[string]any
		if err := yaml.Unmarshal([]byte(text), &got); err != nil {
			t.Fatalf("%q: %v\n%s", want, err, text)
		}
		if got["key"] != want || got["after"] != 1 {
			t.Errorf("%q came back as %#v", want, got)
		}
	})
}
