package loadgen

import (
	"bytes"
	"fmt"
)

// readStatus reads "HTTP/1.1 200 OK".
func (r *replyReader) readStatus(line []byte) error {
	const shortest = len("HTTP/1.1 200")
	if len(line) < shortest || string(line[:7]) != "HTTP/1." || line[7] < '0' || line[7] > '9' || line[8] != ' ' ||
		len(line) > shortest && line[shortest] != ' ' {
		return fmt.Errorf("not HTTP/1: the reply begins with %q", line[:min(len(line), 40)])
	}
	status := 0
	for _, c := range line[9:shortest] {
		if c < '0' || c > '9' {
			return fmt.Errorf("no status in %q", line[:min(len(line), 40)])
		}
		status = status*10 + int(c-'0')
	}
	if status < 100 {
		return fmt.Errorf("no such status: %d", status)
	}
	r.status, r.minor, r.state = status, line[7]-'0', inHeader
	return nil
}

// readField reads a header field where it says something about the framing, the connection or a redirect.
func (r *replyReader) readField(line []byte) error {
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 || line[0] == ' ' || line[0] == '\t' || line[colon-1] == ' ' || line[colon-1] == '\t' {
		return fmt.Errorf("not a header field: %q", line[:min(len(line), 40)])
	}
	name, value := line[:colon], line[colon+1:]
	switch {
	case isField(name, "content-length"):
		return r.readLength(bytes.TrimSpace(value))
	case isField(name, "transfer-encoding"):
		r.coded = true
		r.chunked = isField(lastItem(value), "chunked")
	case isField(name, "connection"):
		for more := true; more; {
			var item []byte
			item, value, more = bytes.Cut(value, []byte(","))
			item = bytes.TrimSpace(item)
			r.closes = r.closes || isField(item, "close")
			r.alive = r.alive || isField(item, "keep-alive")
		}
	case r.keepLocation && isField(name, "location"):
		r.location = append(r.location[:0], bytes.TrimSpace(value)...)
	}
	return nil
}

// readLength reads a Content-Length. Several equal ones are one (RFC 9110 8.6).
func (r *replyReader) readLength(value []byte) error {
	length, ok := parseNumber(value, 10)
	if !ok || r.length >= 0 && r.length != length {
		return fmt.Errorf("no usable Content-Length: %q", value[:min(len(value), 40)])
	}
	r.length = length
	return nil
}

// readChunkSize reads "1a2b;extension".
func (r *replyReader) readChunkSize(line []byte) error {
	size, _, _ := bytes.Cut(line, []byte(";"))
	size = bytes.TrimRight(size, " \t")
	n, ok := parseNumber(size, 16)
	if !ok {
		return fmt.Errorf("not the size of a chunk: %q", line[:min(len(line), 40)])
	}
	r.state, r.left = inChunk, n
	if n == 0 {
		r.state = inTrailer
	}
	return nil
}

// parseNumber reads digits and nothing else: no sign, no space, at most 15 of them, so it can't overflow.
func parseNumber(b []byte, base int64) (n int64, ok bool) {
	if len(b) == 0 || len(b) > 15 {
		return 0, false
	}
	for _, c := range b {
		var digit int64
		switch lower := c | 0x20; {
		case '0' <= c && c <= '9':
			digit = int64(c - '0')
		case base == 16 && 'a' <= lower && lower <= 'f':
			digit = int64(lower-'a') + 10
		default:
			return 0, false
		}
		n = n*base + digit
	}
	return n, true
}

// isField compares in ASCII without regard to case; want is in lower case.
func isField(b []byte, want string) bool {
	if len(b) != len(want) {
		return false
	}
	for i := range len(want) {
		c := b[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != want[i] {
			return false
		}
	}
	return true
}

// lastItem is the last of the items of a comma-separated list.
func lastItem(list []byte) []byte {
	return bytes.TrimSpace(list[bytes.LastIndexByte(list, ',')+1:])
}
