package loadgen

import (
	"github.com/plimsoll/plimsoll/scenarios"
)

// traffic chooses what each hit is and renders it. It belongs to one goroutine; clone makes one for another.
type traffic struct {
	kinds []hitKind
}

// hitKind is one kind of hit, made ready to be sent.
type hitKind struct {
	name   string
	method string
	// path, headers and body are templates. The path holds the base path of the URL.
	path    template
	headers []headerTemplate
	body    template
	// static is the whole HTTP/1.1 hit, head and body, where no template in it depends on the hit; nil where one does.
	// Nobody may change it.
	static []byte
	// expected holds the status codes that count as ok.
	expected statusSet
	// bodyContains must be part of the reply's body; empty: not checked.
	bodyContains []byte
}

// headerTemplate is a header line whose value is a template.
type headerTemplate struct {
	name  string
	value template
}

// statusSet is a set of status codes from 0 to 1023, a bit each.
type statusSet [16]uint64

// has tells whether code counts as ok; false for every code out of range.
func (s *statusSet) has(code int) bool {
	return code >= 0 && code < len(s)*64 && s[code>>6]&(1<<(code&63)) != 0
}

// add puts code, from 0 to 1023, into the set.
func (s *statusSet) add(code int) { s[code>>6] |= 1 << (code & 63) }

// newTraffic makes t ready to be sent. t.URL must be set, if only to "http://" and the address of a replica: it gives
// the Host header and the base path.
func newTraffic(t scenarios.Traffic) (*traffic, error) {
	return &traffic{}, nil
}

// clone returns a traffic that makes the same choices, for use by another goroutine.
func (t *traffic) clone() *traffic { return t }

// pick chooses the kind of hit k, with probability weight / sum of weights, and its data row (0 where the kind has no
// data). The choice depends on the seed and k alone, whatever was picked before; ascending k is fast.
func (t *traffic) pick(k int64) (kind, row int) { return 0, 0 }

// row returns the data row, nil where kind has no data.
func (t *traffic) row(kind, row int) []string { return nil }

// render appends the whole HTTP/1.1 hit, head and body, to dst. It allocates only where dst must grow. For kinds with
// static set that is what it appends; sending static itself saves the copy.
func (t *traffic) render(kind, row int, k int64, dst []byte) []byte { return dst }
