package loadgen

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/plimsoll/plimsoll/scenarios"
)

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// h2cServer serves HTTP/2 in the clear and counts its connections.
func h2cServer(t *testing.T, handler http.HandlerFunc) (url string, connections *atomic.Int64) {
	t.Helper()
	connections = new(atomic.Int64)
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = quiet()
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	return server.URL, connections
}

func http2Plan(url string) Plan {
	plan := planFor(url, 100, 200*time.Millisecond)
	plan.Traffic.Protocol = scenarios.HTTP2
	return plan
}

func TestHTTP2SharesConnections(t *testing.T) {
	checkLeaks(t)
	url, connections := h2cServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 || r.RequestURI != "/a%2Fb?x=1" || r.Header.Get("X-Row") != "7" {
			w.WriteHeader(http.StatusBadRequest)
		}
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "got %s", body)
	})
	plan := http2Plan(url)
	plan.Traffic.Hits[0] = scenarios.Hit{
		Name: "hit", Weight: 1, Method: "POST", Path: "/a%2Fb?x=1", Body: scenarios.NewSecret("row {{.row}}"), BodyContains: "got row 7",
		Headers: []scenarios.Variable{{Name: "x-row", Value: scenarios.NewSecret("{{.row}}")}},
		Data:    &scenarios.Data{File: "rows.csv", Columns: []string{"row"}, Rows: [][]string{{"7"}}},
	}
	wantAll(t, plan, OK, "")
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
}

func TestHTTP2HitsPerConnection(t *testing.T) {
	checkLeaks(t)
	url, connections := h2cServer(t, func(http.ResponseWriter, *http.Request) {})
	plan := http2Plan(url)
	plan.Traffic.HitsPerConnection = 5
	hits := wantAll(t, plan, OK, "").Outcomes[OK]
	if n := connections.Load(); n != (hits+4)/5 {
		t.Errorf("%d connections for %d hits, 5 on each", n, hits)
	}
}

func TestHTTP2StreamReset(t *testing.T) {
	checkLeaks(t)
	url, _ := h2cServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	wantAll(t, http2Plan(url), Reset, "INTERNAL_ERROR")
}

func TestHTTP2Timeout(t *testing.T) {
	checkLeaks(t)
	url, _ := h2cServer(t, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	plan := http2Plan(url)
	plan.Traffic.Timeout = 50 * time.Millisecond
	wantAll(t, plan, Timeout, "within 50ms")
}

func TestHTTP2Redirect(t *testing.T) {
	checkLeaks(t)
	url, _ := h2cServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			http.Redirect(w, r, "/there", http.StatusFound)
			return
		}
		fmt.Fprint(w, "there")
	})
	plan := http2Plan(url)
	plan.Traffic.FollowRedirects = true
	plan.Traffic.Hits[0].BodyContains = "there"
	wantAll(t, plan, OK, "")
}

func TestHTTP2ToHTTP1Server(t *testing.T) {
	checkLeaks(t)
	result := wantAll(t, http2Plan(rawServer(t, answering("HTTP/1.1 400 Bad Request\r\n\r\n"))), Protocol, "http2")
	// The first hit to notice may be one whose connection another has found out about.
	if says := result.Errors[Protocol]; !strings.Contains(says, "HTTP/1.1") && !strings.Contains(says, "could not be established") {
		t.Errorf("error %q", says)
	}
}

// TestHTTP2GoAway has each connection refuse its fourth stream and all later ones with a GOAWAY, which says that they
// can safely be sent again. None of them may be lost.
func TestHTTP2GoAway(t *testing.T) {
	checkLeaks(t)
	url := rawServer(t, func(conn net.Conn) { serveStreams(conn, 3, false) })
	wantAll(t, http2Plan(url), OK, "")
}

// TestHTTP2GoAwayProcessed has a GOAWAY end streams that the server has begun to process.
func TestHTTP2GoAwayProcessed(t *testing.T) {
	checkLeaks(t)
	url := rawServer(t, func(conn net.Conn) { serveStreams(conn, 0, true) })
	wantAll(t, http2Plan(url), Reset, "ENHANCE_YOUR_CALM")
}

// serveStreams answers so many streams and sends a GOAWAY to the next: one that leaves it out or, where processed, one
// that counts it in and is followed by the end of the connection.
func serveStreams(conn net.Conn, streams int, processed bool) {
	preface := make([]byte, len(http2.ClientPreface))
	if _, err := io.ReadFull(conn, preface); err != nil {
		return
	}
	framer := http2.NewFramer(conn, conn)
	framer.WriteSettings()
	var block bytes.Buffer
	hpack.NewEncoder(&block).WriteField(hpack.HeaderField{Name: ":status", Value: "200"})
	last := uint32(0)
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return
		}
		switch f := frame.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() {
				framer.WriteSettingsAck()
			}
		case *http2.HeadersFrame:
			switch streams--; {
			case streams >= 0:
				last = f.StreamID
				framer.WriteHeaders(http2.HeadersFrameParam{StreamID: last, BlockFragment: block.Bytes(), EndStream: true, EndHeaders: true})
			case processed:
				framer.WriteGoAway(f.StreamID, http2.ErrCodeEnhanceYourCalm, nil)
				return
			default:
				framer.WriteGoAway(last, http2.ErrCodeNo, nil)
			}
		}
	}
}
