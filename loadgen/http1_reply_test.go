package loadgen

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// readReply feeds reply in pieces of at most size bytes, and then the end of the connection.
func readReply(reply []byte, size int, headOnly bool) (r replyReader, used int, err error) {
	r.keepLocation = true
	r.body = newTextSearch("needle")
	r.reset(headOnly)
	for used < len(reply) {
		n, done, err := r.feed(reply[used:min(used+size, len(reply))])
		used += n
		if done || err != nil {
			return r, used, err
		}
	}
	return r, used, r.end()
}

func TestReplyReader(t *testing.T) {
	const rest = "HTTP/1.1 500 the next\r\n"
	tests := []struct {
		name, reply string
		headOnly    bool
		status      int
		closes      bool
		found       bool
		rest        bool // rest is left unread
	}{
		{name: "length", reply: "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nneedle" + rest, status: 200, found: true, rest: true},
		{name: "no reason", reply: "HTTP/1.1 200\r\ncontent-length:0\r\n\r\n" + rest, status: 200, rest: true},
		{name: "bare line feeds", reply: "HTTP/1.1 200 OK\nContent-Length: 1\n\nx" + rest, status: 200, rest: true},
		{name: "lengths alike", reply: "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx" + rest, status: 200, rest: true},
		{name: "chunked", reply: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nnee\r\n3;x=y\r\ndle\r\n0\r\nTrailer: x\r\n\r\n" + rest, status: 200, found: true, rest: true},
		{name: "coded and chunked", reply: "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n0A \r\n0123456789\r\n0\r\n\r\n" + rest, status: 200, rest: true},
		{name: "chunked beats length", reply: "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + rest, status: 200, closes: true, rest: true},
		{name: "until the end", reply: "HTTP/1.1 200 OK\r\n\r\nxx needle xx", status: 200, closes: true, found: true},
		{name: "coded only", reply: "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nxx", status: 200, closes: true},
		{name: "HTTP/1.0", reply: "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", status: 200, closes: true},
		{name: "HTTP/1.0 keep-alive", reply: "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\nx" + rest, status: 200, rest: true},
		{name: "close among others", reply: "HTTP/1.1 200 OK\r\nConnection: foo, Close\r\nContent-Length: 1\r\n\r\nx", status: 200, closes: true},
		{name: "HEAD", reply: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" + rest, headOnly: true, status: 200, rest: true},
		{name: "204", reply: "HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n" + rest, status: 204, rest: true},
		{name: "304", reply: "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n" + rest, status: 304, rest: true},
		{name: "interim", reply: "HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\nHTTP/1.1 103 Early\r\nContent-Length: 7\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n" + rest, status: 201, rest: true},
		{name: "101", reply: "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n" + rest, status: 101, closes: true, rest: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for size := 1; size <= len(test.reply); size++ {
				r, used, err := readReply([]byte(test.reply), size, test.headOnly)
				if err != nil {
					t.Fatalf("in pieces of %d: %v", size, err)
				}
				if r.status != test.status || r.closes != test.closes || r.body.found() != test.found {
					t.Fatalf("in pieces of %d: status %d, closes %v, found %v", size, r.status, r.closes, r.body.found())
				}
				if left := test.reply[used:]; (left == rest) != test.rest {
					t.Fatalf("in pieces of %d: left %q", size, left)
				}
			}
		})
	}
}

func TestReplyReaderRefuses(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\n"
	for name, test := range map[string]struct{ reply, says string }{
		"another protocol":    {"SSH-2.0-OpenSSH\r\n", "not HTTP/1"},
		"HTTP/2":              {"HTTP/2.0 200 OK\r\n", "not HTTP/1"},
		"no status":           {"HTTP/1.1 2x0 OK\r\n", "no status"},
		"status too small":    {"HTTP/1.1 099 OK\r\n", "no such status"},
		"long status":         {"HTTP/1.1 2000 OK\r\n", "not HTTP/1"},
		"field without colon": {head + "nonsense\r\n\r\n", "not a header field"},
		"field without name":  {head + ": x\r\n\r\n", "not a header field"},
		"space before colon":  {head + "Content-Length : 1\r\n\r\n", "not a header field"},
		"folded field":        {head + "A: b\r\n c: d\r\n\r\n", "not a header field"},
		"negative length":     {head + "Content-Length: -1\r\n\r\n", "Content-Length"},
		"signed length":       {head + "Content-Length: +1\r\n\r\n", "Content-Length"},
		"empty length":        {head + "Content-Length:\r\n\r\n", "Content-Length"},
		"huge length":         {head + "Content-Length: 99999999999999999999\r\n\r\n", "Content-Length"},
		"two lengths":         {head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", "Content-Length"},
		"no chunk size":       {head + "Transfer-Encoding: chunked\r\n\r\n\r\n", "size of a chunk"},
		"chunk size":          {head + "Transfer-Encoding: chunked\r\n\r\n0x1\r\n", "size of a chunk"},
		"long chunk":          {head + "Transfer-Encoding: chunked\r\n\r\n1\r\nxyz\r\n", "longer than it says"},
		"long head":           {head + strings.Repeat("A: b\r\n", 64<<10/6+1), "64 KiB"},
		"long line":           {head + "A: " + strings.Repeat("b", 64<<10), "64 KiB"},
		"long chunk line":     {head + "Transfer-Encoding: chunked\r\n\r\n1;" + strings.Repeat("b", 64<<10), "64 KiB"},
		"long trailer":        {head + "Transfer-Encoding: chunked\r\n\r\n0\r\n" + strings.Repeat("A: b\r\n", 64<<10/6+1), "64 KiB"},
		"endless interim":     {strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 64<<10/20), "64 KiB"},
		"nothing":             {"", "in the middle"},
		"half a line":         {"HTTP/1.1 2", "in the middle"},
		"half a head":         {head + "A: b\r\n", "in the middle"},
		"half a body":         {head + "Content-Length: 3\r\n\r\nxx", "in the middle"},
		"half a chunk":        {head + "Transfer-Encoding: chunked\r\n\r\n3\r\nxx", "in the middle"},
		"no last chunk":       {head + "Transfer-Encoding: chunked\r\n\r\n2\r\nxx\r\n", "in the middle"},
		"no end of trailer":   {head + "Transfer-Encoding: chunked\r\n\r\n0\r\n", "in the middle"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, size := range []int{1, 7, len(test.reply) + 1} {
				if _, _, err := readReply([]byte(test.reply), size, false); err == nil || !strings.Contains(err.Error(), test.says) {
					t.Errorf("in pieces of %d: error %v, want it to say %q", size, err, test.says)
				}
			}
		})
	}
}

func TestReplyReaderIsUsedAgain(t *testing.T) {
	r := replyReader{keepLocation: true, body: newTextSearch("needle")}
	for _, reply := range []string{
		"HTTP/1.1 302 Found\r\nLocation:  /there \r\nConnection: close\r\nContent-Length: 6\r\n\r\nneedle",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nxx",
	} {
		r.reset(false)
		if _, done, err := r.feed([]byte(reply)); !done || err != nil {
			t.Fatal(done, err)
		}
	}
	if r.status != 200 || r.closes || r.body.found() || len(r.location) > 0 {
		t.Errorf("the second reply took over from the first: %+v", r)
	}
}

func TestTextSearch(t *testing.T) {
	for _, test := range []struct {
		text, stream string
		want         bool
	}{
		{"", "", true},
		{"aab", "aaab", true},
		{"abab", "abaabab", true},
		{"abcabd", "abcabcabd", true},
		{"abc", "ab", false},
		{"abc", "acb abd", false},
	} {
		for size := 1; size <= len(test.stream); size++ {
			s := newTextSearch(test.text)
			for at := 0; at < len(test.stream); at += size {
				s.look([]byte(test.stream[at:min(at+size, len(test.stream))]))
			}
			if s.found() != test.want {
				t.Errorf("%q in %q, in pieces of %d: %v", test.text, test.stream, size, s.found())
			}
		}
	}
}

// FuzzReplyReader checks that how a reply is cut into pieces changes nothing, that none is read beyond its end, and that
// what net/http reads as a reply with the same bytes left is read alike.
func FuzzReplyReader(f *testing.F) {
	for _, reply := range fuzzReplies(f) {
		f.Add(reply, uint8(3), false)
	}
	f.Fuzz(func(t *testing.T, reply []byte, size uint8, headOnly bool) {
		whole, used, err := readReply(reply, len(reply)+1, headOnly)
		pieces, usedInPieces, errInPieces := readReply(reply, int(size)+1, headOnly)
		if (err == nil) != (errInPieces == nil) {
			t.Fatalf("whole: %v; in pieces of %d: %v", err, int(size)+1, errInPieces)
		}
		if err != nil {
			return
		}
		if used != usedInPieces || used > len(reply) || whole.status != pieces.status || whole.closes != pieces.closes ||
			whole.body.found() != pieces.body.found() || !bytes.Equal(whole.location, pieces.location) {
			t.Fatalf("whole: %d bytes, %+v; in pieces of %d: %d bytes, %+v", used, whole, int(size)+1, usedInPieces, pieces)
		}
		compareWithNetHTTP(t, reply, headOnly, &whole)
	})
}

// compareWithNetHTTP fails t where net/http takes reply for another one. It reads only the first reply, so interim ones
// are left out, and it is stricter about header fields, which is no matter here.
func compareWithNetHTTP(t *testing.T, reply []byte, headOnly bool, got *replyReader) {
	request := &http.Request{Method: map[bool]string{true: "HEAD", false: "GET"}[headOnly]}
	response, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(reply)), request)
	if err != nil || response.StatusCode < 200 || response.ProtoMajor != 1 {
		return
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return
	}
	if response.StatusCode != got.status || strings.Contains(string(body), "needle") != got.body.found() {
		t.Fatalf("net/http: status %d, body %q; here: status %d, found %v", response.StatusCode, body, got.status, got.body.found())
	}
}

// fuzzReplies are replies of servers people use, as they came over the wire.
func fuzzReplies(tb testing.TB) (replies [][]byte) {
	files, err := filepath.Glob("testdata/replies/*.http")
	if err != nil || len(files) == 0 {
		tb.Fatalf("no replies in testdata: %v", err)
	}
	for _, file := range files {
		reply, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		replies = append(replies, reply)
	}
	return replies
}

func TestReplyReaderAllocatesNothing(t *testing.T) {
	reply := []byte("HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\nabc")
	r := replyReader{body: newTextSearch("abc")}
	if n := testing.AllocsPerRun(1000, func() {
		r.reset(false)
		r.feed(reply[:9])
		r.feed(reply[9:])
	}); n != 0 {
		t.Errorf("%v allocations for a reply, want 0", n)
	}
}

func BenchmarkReplyReader(b *testing.B) {
	reply := []byte("HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Mon, 02 Jan 2006 15:04:05 GMT\r\nContent-Type: text/plain\r\nContent-Length: 13\r\nConnection: keep-alive\r\n\r\nhello, world\n")
	var r replyReader
	r.body = newTextSearch("")
	b.ReportAllocs()
	for b.Loop() {
		r.reset(false)
		if _, done, _ := r.feed(reply); !done {
			b.Fatal("not done")
		}
	}
}
