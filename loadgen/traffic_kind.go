package loadgen

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/plimsoll/plimsoll/scenarios"
)

// userAgent says who sends the load, where the scenario file gives no User-Agent of its own.
const userAgent = "plimsoll"

// hitKind is one kind of hit, made ready to be sent.
type hitKind struct {
	name   string
	method string
	// host is the value of the Host header (:authority).
	host string
	// path, headers and body are templates. The path holds the base path of the URL; headers leave out Host.
	path    template
	headers []headerTemplate
	body    template
	// data holds the rows that fill the templates, nil where the kind has none.
	data [][]string
	// head is the HTTP/1.1 head up to the value of Content-Length where measured is true, or else up to the empty line.
	head     template
	measured bool
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

// newKinds makes every kind of hit of t ready to be sent.
func newKinds(t scenarios.Traffic) ([]hitKind, error) {
	base, err := url.Parse(t.URL)
	switch {
	case err != nil:
		return nil, fmt.Errorf("url %q: %w", t.URL, err)
	case base.Host == "":
		return nil, fmt.Errorf("url %q has no host; wanted http://host:port or https://host:port", t.URL)
	case len(t.Hits) == 0:
		return nil, errors.New("no hits: at least one kind of hit is needed")
	}
	var kinds []hitKind
	var problems []error
	for _, hit := range t.Hits {
		kind, err := newKind(hit, base, t.Protocol)
		if err == nil && hit.Path != "" && base.RawQuery != "" {
			err = fmt.Errorf("has path %q while the url has a query; put the query into the path", hit.Path)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("hit %q: %w", hit.Name, err))
		}
		kinds = append(kinds, kind)
	}
	return kinds, errors.Join(problems...)
}

func newKind(hit scenarios.Hit, base *url.URL, protocol scenarios.Protocol) (hitKind, error) {
	kind := hitKind{name: hit.Name, method: hit.Method, host: base.Host, bodyContains: []byte(hit.BodyContains)}
	if !(hit.Weight > 0) {
		return kind, fmt.Errorf("weight %v must be above 0", hit.Weight)
	}
	if kind.method == "" {
		kind.method = "GET"
	}
	if protocol != scenarios.GRPCP && !httpguts.ValidHeaderFieldName(kind.method) {
		return kind, fmt.Errorf("%q is no HTTP method", kind.method)
	}
	if err := kind.expect(hit.Status, protocol); err != nil {
		return kind, err
	}
	var columns []string
	if hit.Data != nil {
		columns, kind.data = hit.Data.Columns, hit.Data.Rows
		if len(kind.data) == 0 {
			return kind, fmt.Errorf("data file %s has no rows", hit.Data.File)
		}
	}
	if err := kind.parseTemplates(hit, base, columns); err != nil {
		return kind, err
	}
	kind.writeHead()
	if kind.head.fixed() && kind.body.fixed() {
		kind.static = kind.append(nil, nil, 0)
	}
	return kind, nil
}

// expect fills in the status codes that count as ok.
func (h *hitKind) expect(status []int, protocol scenarios.Protocol) error {
	for _, code := range status {
		if code < 0 || code > 999 {
			return fmt.Errorf("expected status %d must lie between 0 and 999", code)
		}
		h.expected.add(code)
	}
	switch {
	case len(status) > 0:
	case protocol == scenarios.GRPCP:
		h.expected.add(0)
	default:
		for code := 200; code < 400; code++ {
			h.expected.add(code)
		}
	}
	return nil
}

// parseTemplates reads path, headers and body. Values that would break the framing of HTTP/1.1 are refused here, so
// that rendering need not look.
func (h *hitKind) parseTemplates(hit scenarios.Hit, base *url.URL, columns []string) (err error) {
	if h.path, err = parseTemplate(target(base, hit.Path), columns); err != nil {
		return fmt.Errorf("path: %w", err)
	}
	for _, segment := range h.path {
		if segment.kind == literal && strings.ContainsFunc(segment.text, breaksTarget) {
			return fmt.Errorf("path %q: white space and control characters must be written as %%20 and so on", hit.Path)
		}
	}
	if h.body, err = parseTemplate(hit.Body.Reveal(), columns); err != nil {
		return fmt.Errorf("body: %w", err)
	}
	for i := range columns {
		if err := h.checkColumn(hit.Data, i); err != nil {
			return err
		}
	}
	for _, header := range hit.Headers {
		if err := h.addHeader(header, hit.Data, columns); err != nil {
			return fmt.Errorf("header %q: %w", header.Name, err)
		}
	}
	return nil
}

// target is the request target of path under base: the base's own path and query where path is empty.
func target(base *url.URL, path string) string {
	if path == "" {
		return base.RequestURI()
	}
	return strings.TrimSuffix(base.EscapedPath(), "/") + "/" + strings.TrimPrefix(path, "/")
}

// breaksTarget tells whether r would end the request target early or break its line.
func breaksTarget(r rune) bool { return r <= ' ' || r == 0x7f }

// checkColumn refuses values of a column that the path takes and that would break the request line.
func (h *hitKind) checkColumn(data *scenarios.Data, column int) error {
	if !h.path.uses(column) {
		return nil
	}
	for n, row := range data.Rows {
		if strings.ContainsFunc(row[column], breaksTarget) {
			return fmt.Errorf("path: row %d of %s: the value of column %s has white space or a control character; write it as %%20 and so on",
				n+1, data.File, data.Columns[column])
		}
	}
	return nil
}

// addHeader reads one header line. Host goes to its own place; those that frame the hit are the generator's to set.
func (h *hitKind) addHeader(header scenarios.Variable, data *scenarios.Data, columns []string) error {
	value, err := parseTemplate(header.Value.Reveal(), columns)
	switch name := strings.ToLower(header.Name); {
	case err != nil:
		return err
	case !httpguts.ValidHeaderFieldName(header.Name):
		return errors.New("is no header name")
	case name == "content-length" || name == "transfer-encoding":
		return errors.New("is set by Plimsoll itself")
	case name == "host" && !value.fixed():
		return errors.New("cannot depend on the hit")
	case name == "host":
		h.host = string(value.append(nil, nil, 0))
		return checkHeaderValue(value, data)
	}
	h.headers = append(h.headers, headerTemplate{header.Name, value})
	return checkHeaderValue(value, data)
}

// checkHeaderValue refuses values that a header line cannot hold. It quotes none: they may be secret.
func checkHeaderValue(value template, data *scenarios.Data) error {
	for _, segment := range value {
		if segment.kind == literal && !httpguts.ValidHeaderFieldValue(segment.text) {
			return errors.New("the value holds a line break or another control character")
		}
		if segment.kind != dataColumn {
			continue
		}
		for n, row := range data.Rows {
			if !httpguts.ValidHeaderFieldValue(row[segment.column]) {
				return fmt.Errorf("row %d of %s: the value of column %s holds a line break or another control character",
					n+1, data.File, data.Columns[segment.column])
			}
		}
	}
	return nil
}

// writeHead puts the parts of the HTTP/1.1 head together. It has a Content-Length where there is a body, and where the
// method means that one may be expected (RFC 9110, 8.6).
func (h *hitKind) writeHead() {
	h.measured = len(h.body) > 0 || h.method == "POST" || h.method == "PUT" || h.method == "PATCH"
	head := template{}.withText(h.method + " ").with(h.path).withText(" HTTP/1.1\r\nHost: " + h.host + "\r\n")
	if !h.hasHeader("User-Agent") {
		head = head.withText("User-Agent: " + userAgent + "\r\n")
	}
	for _, header := range h.headers {
		head = head.withText(header.name + ": ").with(header.value).withText("\r\n")
	}
	if h.measured {
		head = head.withText("Content-Length: ")
	}
	h.head = head
}

// hasHeader tells whether a header of that name is given.
func (h *hitKind) hasHeader(name string) bool {
	return slices.ContainsFunc(h.headers, func(t headerTemplate) bool { return strings.EqualFold(t.name, name) })
}

// append renders the whole HTTP/1.1 hit to the end of dst.
func (h *hitKind) append(dst []byte, row []string, k int64) []byte {
	dst = h.head.append(dst, row, k)
	if h.measured {
		dst = strconv.AppendInt(dst, int64(h.body.length(row, k)), 10)
		dst = append(dst, "\r\n"...)
	}
	dst = append(dst, "\r\n"...)
	return h.body.append(dst, row, k)
}
