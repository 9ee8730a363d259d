package loadgen

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/scenarios"
)

func TestTemplate(t *testing.T) {
	columns, row := []string{"id", "name"}, []string{"17", "Ada"}
	for _, tt := range []struct{ text, want string }{
		{"", ""},
		{"/plain", "/plain"},
		{"/users/{{.id}}/{{ .name }}?n={{.hit}}", "/users/17/Ada?n=5"},
		{"{{.id}}{{.id}}", "1717"},
		{`{"a":{"b":1}}`, `{"a":{"b":1}}`},
		{`mustache {{"{{"}}x}}`, `mustache {{x}}`},
		{"} { {{.hit}} }", "} { 5 }"},
	} {
		parsed, err := parseTemplate(tt.text, columns)
		if err != nil {
			t.Errorf("%q: %v", tt.text, err)
			continue
		}
		got := string(parsed.append(nil, row, 5))
		if got != tt.want || parsed.length(row, 5) != len(got) {
			t.Errorf("%q gives %q of length %d, want %q", tt.text, got, parsed.length(row, 5), tt.want)
		}
		if parsed.fixed() != !strings.Contains(tt.text, "{{.") && !strings.Contains(tt.text, "{{ .") {
			t.Errorf("%q: fixed is %v", tt.text, parsed.fixed())
		}
	}
}

func TestTemplateErrorsSayWhereAndWhatIsAllowed(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"/a/{{.idd}}", "at byte 3: {{.idd}} is not known; allowed: {{.hit}}, {{.id}}"},
		{"{{id}}", "at byte 0: {{id}} is not known; allowed: {{.hit}}, {{.id}}"},
		{"{{.id", "at byte 0: {{ is never closed by }}"},
		{"x{{}}", "at byte 1: {{}} is not known; allowed: {{.hit}}, {{.id}}"},
		{"{{.id}}{{.hit | print}}", "at byte 7: {{.hit | print}} is not known; allowed: {{.hit}}, {{.id}}"},
	} {
		_, err := parseTemplate(tt.text, []string{"id"})
		if err == nil || err.Error() != tt.want {
			t.Errorf("%q: error %v, want %q", tt.text, err, tt.want)
		}
	}
}

// TestTemplatesAreThoseOfTheScenarioFile binds the two readers of the grammar: what one takes the other takes. Where they
// differed, a file that validates could not be run, or a typing error would be sent as it stands.
func TestTemplatesAreThoseOfTheScenarioFile(t *testing.T) {
	const file = `workload: {kind: external, name: shop}
traffic:
  url: http://127.0.0.1:8080
  hits: [{name: hit, method: POST, path: /, data: rows.csv, body: %s}]
scenarios: [{name: soak, kind: soak, rate: 20/s, for: 10s}]
slos: [errors < 1%%]
`
	env := scenarios.Environment{ReadFile: func(string) ([]byte, error) { return []byte("id,b_2\n7,x\n"), nil }}
	for text, want := range map[string]bool{
		"plain": true, "{single} }} ok": true, "} { {{.hit}} }": true, "{{.id}}{{.b_2}}": true, "{{ .id }}{{\t.hit\t}}": true,
		`{{"{{"}}`: true, `{{ "{{" }} and {{"{{"}}`: true, `{{"{{"}}}}`: true, `{"a": {"b": "{{.id}}"}}`: true, "{{.id}}}": true,
		"{{": false, "{{}}": false, "{{id}}": false, "{{.}}": false, "{{.id": false, "{{.id}": false, "{{.id} }": false,
		"{{.id}}{{": false, "{{{.id}}}": false, "{{{{.id}}}}": false, "{{.a b}}": false, "{{.id b_2}}": false, "{{.a-b}}": false,
		"{{.9}}": false, "{{.nope}}": false, "{{.ID}}": false, "{{.Hit}}": false, "{{hit}}": false, "{{ if .id }}": false,
		"{{.hit | print}}": false, "{{\n.id}}": false, "{{\u00a0.id}}": false, "{{.\u00e4}}": false, `{{"{{"`: false,
		`{{"{{".}}`: false, `{{"}}"}}`: false, `{{'{{'}}`: false, `{{"{{" "{{"}}`: false, "{{. id}}": false,
	} {
		quoted, err := json.Marshal(text) // JSON's strings are YAML's
		if err != nil {
			t.Fatal(err)
		}
		_, of := scenarios.Read("scenarios.yaml", fmt.Appendf(nil, file, quoted), env)
		_, ours := parseTemplate(text, []string{"id", "b_2"})
		if (of == nil) != want || (ours == nil) != want {
			t.Errorf("%q: the scenario file says %v, the generator %v; want it taken: %v", text, of, ours, want)
		}
	}
}

// FuzzTemplate checks that reading never panics, that length is what append adds, and that text without {{ comes out as
// it went in.
func FuzzTemplate(f *testing.F) {
	for _, text := range []string{"", "/a", "{{.id}}", "{{.hit}}-{{.id}}", `{{"{{"}}`, "{{", "}}", "{{ .hit}", "{{{{.id}}}}", `{{"{{"`} {
		f.Add(text, "value", int64(3))
	}
	f.Fuzz(func(t *testing.T, text, value string, k int64) {
		parsed, err := parseTemplate(text, []string{"id"})
		if err != nil {
			return
		}
		got := parsed.append([]byte("before "), []string{value}, k)
		if len(got) != len("before ")+parsed.length([]string{value}, k) {
			t.Errorf("%q gave %q, but length %d", text, got, parsed.length([]string{value}, k))
		}
		if !strings.Contains(text, "{{") && string(got) != "before "+text {
			t.Errorf("%q gave %q", text, got)
		}
	})
}
