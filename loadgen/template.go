package loadgen

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// template is a text with {{.column}} of the data row and {{.hit}} for the number of the hit.
type template []segment

// segment is one piece of a template: text as it stands, the hit's number, or a column of the data row.
type segment struct {
	kind   segmentKind
	text   string
	column int
}

type segmentKind uint8

const (
	literal segmentKind = iota
	hitNumber
	dataColumn
)

// parseTemplate reads text. Within {{ }} only .hit and the names in columns, after a dot, are known; {{"{{"}} is a
// literal {{ as in Go's templates. The error names the place and what is allowed.
func parseTemplate(text string, columns []string) (template, error) {
	var t template
	for rest := text; rest != ""; {
		before, inside, opened := strings.Cut(rest, "{{")
		t = t.withText(before)
		if !opened {
			return t, nil
		}
		action, after, err := cutAction(inside)
		if err != nil {
			return nil, fmt.Errorf("at byte %d: %w", len(text)-len(inside)-2, err)
		}
		if t, err = t.withAction(action, columns); err != nil {
			return nil, fmt.Errorf("at byte %d: %w", len(text)-len(inside)-2, err)
		}
		rest = after
	}
	return t, nil
}

// cutAction splits what follows {{ into the action and the text after its }}.
func cutAction(inside string) (action, after string, err error) {
	const quoted = `"{{"`
	lead := len(inside) - len(strings.TrimLeft(inside, " \t"))
	if strings.HasPrefix(inside[lead:], quoted) {
		lead += len(quoted)
	}
	end := strings.Index(inside[lead:], "}}")
	if end < 0 {
		return "", "", fmt.Errorf("{{ is never closed by }}")
	}
	return strings.Trim(inside[:lead+end], " \t"), inside[lead+end+2:], nil
}

func (t template) withText(text string) template {
	if text == "" {
		return t
	}
	if n := len(t); n > 0 && t[n-1].kind == literal {
		t[n-1].text += text
		return t
	}
	return append(t, segment{kind: literal, text: text})
}

// with returns t followed by other.
func (t template) with(other template) template {
	for _, s := range other {
		if s.kind == literal {
			t = t.withText(s.text)
		} else {
			t = append(t, s)
		}
	}
	return t
}

func (t template) withAction(action string, columns []string) (template, error) {
	if action == `"{{"` {
		return t.withText("{{"), nil
	}
	name, dotted := strings.CutPrefix(action, ".")
	if column := slices.Index(columns, name); dotted && column >= 0 {
		return append(t, segment{kind: dataColumn, column: column}), nil
	}
	if dotted && name == "hit" {
		return append(t, segment{kind: hitNumber}), nil
	}
	allowed := "{{.hit}}"
	for _, c := range columns {
		allowed += ", {{." + c + "}}"
	}
	return nil, fmt.Errorf("{{%s}} is not known; allowed: %s", action, allowed)
}

// fixed tells whether t is the same for every hit.
func (t template) fixed() bool {
	return !slices.ContainsFunc(t, func(s segment) bool { return s.kind != literal })
}

// uses tells whether t takes column from the data row.
func (t template) uses(column int) bool {
	return slices.ContainsFunc(t, func(s segment) bool { return s.kind == dataColumn && s.column == column })
}

// append renders t for hit k with the values of row to the end of dst. It allocates only where dst must grow.
func (t template) append(dst []byte, row []string, k int64) []byte {
	for _, s := range t {
		switch s.kind {
		case literal:
			dst = append(dst, s.text...)
		case hitNumber:
			dst = strconv.AppendInt(dst, k, 10)
		case dataColumn:
			dst = append(dst, row[s.column]...)
		}
	}
	return dst
}

// length is how many bytes append adds.
func (t template) length(row []string, k int64) int {
	n := 0
	for _, s := range t {
		switch s.kind {
		case literal:
			n += len(s.text)
		case hitNumber:
			var digits [20]byte
			n += len(strconv.AppendInt(digits[:0], k, 10))
		case dataColumn:
			n += len(row[s.column])
		}
	}
	return n
}
