package loadgen

import (
	"strings"
	"testing"
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
