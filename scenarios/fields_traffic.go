package scenarios

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

func defaultTraffic() Traffic {
	return Traffic{Protocol: HTTP1, Timeout: 10 * time.Second, MaxInFlight: 1000, Arrivals: Uniform, Seed: 1}
}

func trafficFields(t *Traffic) []field {
	return []field{
		{key: "url", value: scalar(&t.URL, baseURL()),
			doc: "Where to send to. A local or simulated workload tells its own addresses; for others this is the base that hit paths are added to."},
		{key: "protocol", value: scalar(&t.Protocol, choice(HTTP1, HTTP2, GRPCP)),
			doc: "How hits are sent. http/2 and grpc go over TLS for https URLs and with prior knowledge otherwise."},
		{key: "timeout", value: scalar(&t.Timeout, duration(time.Millisecond, time.Hour)), doc: "How long one hit may take from its actual start."},
		{key: "max_in_flight", value: scalar(&t.MaxInFlight, whole(1, 1_000_000)),
			doc: "Cap on the hits in flight over all replicas. Hits over it are dropped, and counted as errors."},
		{key: "arrivals", value: scalar(&t.Arrivals, choice(Uniform, Poisson)), doc: "How hits are spaced: equal gaps, or independent random ones with the same mean."},
		{key: "seed", value: scalar(&t.Seed, seed()), doc: "Seed of the schedule and of the choice of hits. The same seed gives the same schedule, to the hit."},
		{key: "hits_per_connection", value: scalar(&t.HitsPerConnection, whole(0, 1_000_000_000)), doc: "Closes a connection after that many hits. 0: never."},
		{key: "connection_lifetime", value: scalar(&t.ConnectionLifetime, duration(0, longest)), doc: "Closes a connection after that time. 0s: never."},
		{key: "follow_redirects", value: scalar(&t.FollowRedirects, yesNo()), doc: "Follows up to 10 redirects within one hit."},
		{key: "tls", value: object(&t.TLS, "traffic.tls", func() []field { return tlsFields(&t.TLS) }), doc: "TLS towards the workload; files are PEM, relative to the scenario file."},
		{key: "grpc", value: optional(&t.GRPC, grpcValue), doc: "Where the method descriptors come from. Without it: server reflection."},
		must(field{key: "hits", value: list(&t.Hits, 1, hitValue), doc: "The kinds of hit. Each is chosen with probability weight / sum of weights."}),
	}
}

// baseURL is where hits are sent: scheme, host and at most a path to put before theirs.
func baseURL() form[string] {
	f := text()
	plain := f.parse
	f.words = "a URL such as http://shop.example:8080"
	f.schema = schema{"type": "string", "pattern": `^https?://[^?#]+$`}
	f.parse = func(n *yaml.Node) (string, error) {
		s, err := plain(n)
		if err != nil {
			return "", err
		}
		return s, CheckURL(s)
	}
	return f
}

func tlsFields(t *TLS) []field {
	file := text()
	file.words = "a file name"
	return []field{
		{key: "ca_file", value: scalar(&t.CAFile, file), doc: "Certificates of the authorities to trust. Without it: those of the system."},
		{key: "cert_file", value: scalar(&t.CertFile, file), doc: "Client certificate, for mutual TLS; needs key_file."},
		{key: "key_file", value: scalar(&t.KeyFile, file), doc: "Private key of the client certificate."},
		{key: "server_name", value: scalar(&t.ServerName, text()), doc: "Name to ask for (SNI) and to check. Without it: the host of the URL."},
		{key: "skip_verify", value: scalar(&t.SkipVerify, yesNo()), doc: "Accepts any certificate; every report says so."},
	}
}

func grpcValue(g *GRPC) value {
	name := func(s *string) value { return scalar(s, text()) }
	return object(g, "traffic.grpc", func() []field {
		return []field{
			must(field{key: "proto_files", value: list(&g.ProtoFiles, 1, name), doc: "The .proto files, relative to an import path or to the scenario file."}),
			{key: "import_paths", value: list(&g.ImportPaths, 1, name), doc: "Folders that imports are looked up in."},
		}
	})
}

// hitValue reads one kind of hit. Path, header values and body are templates over the columns of its data.
func hitValue(h *Hit) value {
	h.Weight, h.Method, h.Path = 1, "GET", "/"
	return object(h, "an entry of traffic.hits", func() []field {
		return []field{
			must(field{key: "name", value: scalar(&h.Name, name()), doc: "What reports call it."}),
			{key: "weight", value: scalar(&h.Weight, number(0, 1_000_000)), doc: "Its share of all hits, beside the other weights."},
			{key: "method", value: scalar(&h.Method, text()), doc: "HTTP method, or `package.Service/Method` for grpc (no default there)."},
			{key: "path", value: scalar(&h.Path, text()), doc: "Path and query, a template: `{{.column}}` of the data row, `{{.hit}}` for the number of the hit from 0. Not for grpc."},
			{key: "headers", value: variables(&h.Headers, headerNames), doc: "Header (or gRPC metadata) to text or to a source; values are templates. Those of Authorization, cookies and the like are secret without being marked."},
			{key: "body", value: source(&h.Body, &h.BodyMarked, verbatim), doc: "Body, a template, as text or from a source; the message as JSON for grpc."},
			{key: "data", value: dataValue(&h.Data), doc: "A file of rows to fill templates from, in order and over again: CSV with a header line (.csv), or JSON lines (.jsonl, .ndjson)."},
			{key: "expect", value: object(nil, "expect of a hit", func() []field { return expectFields(h) }), doc: "What counts as ok."},
		}
	})
}

func expectFields(h *Hit) []field {
	code := func(c *int) value { return scalar(c, whole(0, 599)) }
	return []field{
		{key: "status", value: list(&h.Status, 1, code), doc: "Status codes that count as ok. Without it: 200–399, or 0 (OK) for grpc."},
		{key: "body_contains", value: scalar(&h.BodyContains, text()), doc: "Text that must be part of the reply's body. Without it: not checked."},
	}
}

// CheckURL tells whether text can be the url of traffic: absolute, http or https, with a host, without user, query and
// fragment. The error says what is wrong.
func CheckURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return fmt.Errorf("is not a URL")
	case !strings.HasPrefix(text, "http://") && !strings.HasPrefix(text, "https://"):
		return fmt.Errorf("%q does not begin with http:// or https://", text)
	case u.User != nil:
		return fmt.Errorf("holds a user or password; send it as an Authorization header from {env: NAME}")
	case u.Hostname() == "":
		return fmt.Errorf("%q has no host", text)
	case strings.ContainsAny(text, "?#"):
		return fmt.Errorf("%q has a query or fragment; write it in the path of a hit", text)
	}
	return nil
}
