package scenarios

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"path/filepath"
)

// Digest is the same for traffic that puts the same load on a workload: a SHA-256 in hex. Where it is sent to and where files
// lie is not in it, and nor is anything that may be secret: of headers there are the names, of data rows the columns and how
// many there are, of bodies the text, or only the length of one that is marked secret.
func (t Traffic) Digest() string {
	t.URL, t.TLS.CAFile, t.TLS.CertFile, t.TLS.KeyFile = "", "", "", ""
	if t.GRPC != nil {
		t.GRPC = &GRPC{ProtoFiles: bases(t.GRPC.ProtoFiles)}
	}
	hidden := make([]unprinted, len(t.Hits))
	for i, h := range t.Hits {
		hidden[i] = unprintedOf(h)
	}
	text, err := json.Marshal(struct {
		Traffic Traffic
		Hidden  []unprinted
	}{t, hidden})
	if err != nil {
		return "" // a weight that is no number; the reader lets none pass
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// unprinted is what the JSON of a hit lacks.
type unprinted struct {
	Headers, Columns []string
	Body             string
	Length, Rows     int
}

func unprintedOf(h Hit) unprinted {
	u := unprinted{Length: len(h.Body.Reveal())}
	for _, v := range h.Headers {
		u.Headers = append(u.Headers, v.Name)
	}
	if h.Data != nil {
		u.Columns, u.Rows = h.Data.Columns, len(h.Data.Rows)
	}
	if !h.BodyMarked {
		u.Body = h.Body.Reveal()
	}
	return u
}

func bases(paths []string) []string {
	var all []string
	for _, p := range paths {
		all = append(all, filepath.Base(p))
	}
	return all
}
