package reports

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes text from outside safe for a terminal and one line: control characters (escape sequences, newlines),
// characters that reorder the line and bytes that are no UTF-8 become visible, as \x1b or \u202e.
func Clean(text string) string {
	if !strings.ContainsFunc(text, dangerous) && utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	for i, r := range text {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(text[i:], string(utf8.RuneError)):
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case !dangerous(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// dangerous reports whether r acts on a terminal instead of showing: C0, DEL, C1, line and paragraph separators, and
// the format characters (Cf), which reverse or hide text.
func dangerous(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}
