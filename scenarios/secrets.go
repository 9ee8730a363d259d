package scenarios

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// leastSecret is the shortest text that is kept out of outputs: to blot out shorter ones would spoil ordinary text.
const leastSecret = 4

// Secrets are the texts that no output may hold, longest first: the values of variables, headers and bodies that are
// marked secret, and what can be told apart within them (the token behind "Bearer", the values of cookies, the data
// columns they are made of). Texts shorter than 4 bytes are not among them.
func (f File) Secrets() []string {
	var found []string
	for _, c := range f.Workload.Containers {
		for _, v := range c.Env {
			if v.Marked {
				found = append(found, v.Value.Reveal())
			}
		}
	}
	for _, h := range f.Traffic.Hits {
		for _, v := range h.Headers {
			if v.Marked {
				found = append(found, secretParts(v.Value.Reveal(), h.Data)...)
			}
		}
		if h.BodyMarked {
			found = append(found, secretParts(h.Body.Reveal(), h.Data)...)
		}
	}
	found = slices.DeleteFunc(found, func(s string) bool { return len(s) < leastSecret })
	slices.SortFunc(found, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	return slices.Compact(found)
}

// authScheme is the word before the credentials of an Authorization header.
var authScheme = regexp.MustCompile(`(?i)^(basic|bearer|digest|token|apikey|negotiate)\s+`)

// secretParts are the texts within a marked template that have to be kept out.
func secretParts(text string, data *Data) []string {
	var parts []string
	for _, literal := range literals(text) {
		literal = strings.TrimSpace(literal)
		parts = append(parts, literal, authScheme.ReplaceAllLiteralString(literal, ""))
		for pair := range strings.SplitSeq(literal, ";") {
			if _, value, isCookie := strings.Cut(pair, "="); isCookie {
				parts = append(parts, strings.TrimSpace(value))
			}
		}
	}
	columns, err := templateColumns(text)
	if err != nil || data == nil {
		return parts
	}
	for _, c := range columns {
		i := slices.Index(data.Columns, c)
		for _, row := range data.Rows {
			parts = append(parts, row[i])
		}
	}
	return parts
}
