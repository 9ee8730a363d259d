package scenarios

import (
	"regexp"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// grpcMethod is "package.Service/Method".
var grpcMethod = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*/[A-Za-z_][A-Za-z0-9_]*$`)

// finishHit checks a hit against its protocol and its templates against its data.
func (r *reader) finishHit(h *Hit, t *Traffic) {
	if !r.sound(&h.Data, &t.Protocol) {
		return
	}
	if t.Protocol == GRPCP {
		r.checkGRPCHit(h)
	} else {
		r.checkHTTPHit(h)
	}
	template := func(to any, text string) {
		if err := checkTemplate(text, h.Data); err != nil && r.given(to) && r.sound(to) {
			r.problem(r.at(to), "%s", err)
		}
	}
	template(&h.Path, h.Path)
	template(&h.Body, h.Body.Reveal())
	for i := range h.Headers {
		template(&h.Headers[i].Value, h.Headers[i].Value.Reveal())
	}
}

func (r *reader) checkGRPCHit(h *Hit) {
	switch {
	case !r.given(&h.Method):
		r.problem(r.at(h), "method is missing; grpc needs package.Service/Method")
	case r.sound(&h.Method) && !grpcMethod.MatchString(h.Method):
		r.problem(r.at(&h.Method), "%q is not a gRPC method; write package.Service/Method", h.Method)
	}
	if r.given(&h.Path) {
		r.problem(r.at(&h.Path), "a gRPC call has no path; remove it")
	}
	h.Path = ""
	for i := range h.Status {
		if at := &h.Status[i]; *at > 16 && r.sound(at) {
			r.problem(r.at(at), "%d is not a gRPC status; 0 to 16 are", *at)
		}
	}
}

func (r *reader) checkHTTPHit(h *Hit) {
	switch method := strings.ToUpper(h.Method); {
	case !r.sound(&h.Method):
	case !httpguts.ValidHeaderFieldName(h.Method):
		r.problem(r.at(&h.Method), "%q is not an HTTP method", h.Method)
	case h.Method != method:
		r.problem(r.at(&h.Method), "%q is not an HTTP method; write %s", h.Method, method)
	}
	if r.sound(&h.Path) && !validPath(h.Path) {
		r.problem(r.at(&h.Path), "%q is not a path; it begins with / and has no spaces and no #", h.Path)
	}
	for i := range h.Status {
		if at := &h.Status[i]; *at < 100 && r.sound(at) {
			r.problem(r.at(at), "%d is not an HTTP status; 100 to 599 are", *at)
		}
	}
}

// validPath tells whether text can be the target of a hit once its templates are filled in.
func validPath(text string) bool {
	if !strings.HasPrefix(text, "/") {
		return false
	}
	plain := strings.Join(literals(text), "")
	return !strings.ContainsFunc(plain, func(c rune) bool { return c <= ' ' || c == 0x7f || c == '#' })
}
