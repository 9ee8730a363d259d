package loadgen

import (
	"bufio"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// rawServer serves each connection with serve, which gets it after it was accepted and need not close it.
func rawServer(t *testing.T, serve func(net.Conn)) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, conn)
			mu.Unlock()
			serving.Go(func() { defer conn.Close(); serve(conn) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		mu.Lock()
		for _, conn := range open {
			conn.Close()
		}
		mu.Unlock()
		serving.Wait()
	})
	return "http://" + listener.Addr().String()
}

// answering serves hits with reply, each after it was read to the end of its head.
func answering(reply string) func(net.Conn) {
	return func(conn net.Conn) {
		for hits := bufio.NewReader(conn); readHead(hits) == nil; {
			if _, err := io.WriteString(conn, reply); err != nil {
				return
			}
		}
	}
}

// answeringOnce answers one hit and closes the connection.
func answeringOnce(reply string) func(net.Conn) {
	return func(conn net.Conn) {
		if readHead(bufio.NewReader(conn)) == nil {
			io.WriteString(conn, reply)
		}
	}
}

// resetting answers one hit with the start of a reply, lets it arrive, and resets the connection.
func resetting(reply string) func(net.Conn) {
	return func(conn net.Conn) {
		if readHead(bufio.NewReader(conn)) == nil {
			io.WriteString(conn, reply)
			conn.(*net.TCPConn).SetLinger(0)
		}
	}
}

// silent reads and never answers.
func silent(conn net.Conn) { io.Copy(io.Discard, conn) }

// readHead reads a hit without a body.
func readHead(r *bufio.Reader) error {
	for {
		line, err := r.ReadString('\n')
		if err != nil || line == "\r\n" {
			return err
		}
	}
}

// engines are the ways of making HTTP/1.1 hits, as changes to a plan that wants the one or the other.
var engines = map[string]func(*Plan){
	"loop": func(*Plan) {},
	"crew": func(p *Plan) { p.Traffic.FollowRedirects = true },
}

// forEngines runs test for each engine, and checks that no descriptor and no goroutine is left behind.
func forEngines(t *testing.T, test func(t *testing.T, choose func(*Plan))) {
	for name, choose := range engines {
		t.Run(name, func(t *testing.T) {
			checkLeaks(t)
			test(t, choose)
		})
	}
}

// checkLeaks fails t where more goroutines or descriptors are open at its end than now. It must come before all that
// is cleaned up.
func checkLeaks(t *testing.T) {
	goroutines, descriptors := runtime.NumGoroutine(), countDescriptors(t)
	t.Cleanup(func() {
		deadline := time.Now().Add(10 * time.Second)
		for runtime.NumGoroutine() > goroutines || countDescriptors(t) > descriptors {
			if time.Now().After(deadline) {
				buffer := make([]byte, 64<<10)
				t.Errorf("left behind: %d goroutines (%d before), %d descriptors (%d before)\n%s", runtime.NumGoroutine(),
					goroutines, countDescriptors(t), descriptors, buffer[:runtime.Stack(buffer, true)])
				return
			}
			runtime.Gosched()
		}
	})
}

func countDescriptors(t *testing.T) int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0 // not Linux
	}
	return len(entries)
}

func TestFaultsHaveOutcomes(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	tests := []struct {
		name  string
		serve func(net.Conn)
		want  Outcome
		says  string // part of the error; empty: there is none
	}{
		{"ok", answering(ok), OK, ""},
		{"interim replies first", answering("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" + ok), OK, ""},
		{"chunked", answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"), OK, ""},
		{"until close", answeringOnce("HTTP/1.0 200 OK\r\n\r\nok"), OK, ""},
		{"Connection: close", answeringOnce("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"), OK, ""},
		{"204", answering("HTTP/1.1 204 No Content\r\n\r\n"), OK, ""},
		{"status", answering("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"), UnexpectedStatus, ""},
		{"body", answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno"), UnexpectedBody, ""},
		{"closed at once", func(net.Conn) {}, Reset, ""},
		{"closed without a reply", answeringOnce(""), Reset, "without a reply"},
		{"reset without a reply", resetting(""), Reset, "reset"},
		{"never answered", silent, Timeout, "within 50ms"},
		{"slow body", func(conn net.Conn) { answering("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok")(conn) }, Timeout, ""},
		{"truncated head", answeringOnce("HTTP/1.1 200 OK\r\nContent-"), Protocol, "in the middle"},
		{"truncated body", answeringOnce("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"), Protocol, "in the middle"},
		{"truncated chunk", answeringOnce("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nok"), Protocol, "in the middle"},
		{"body longer than said", answering("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nok"), Protocol, "longer"},
		{"no number", answering("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), Protocol, "Content-Length"},
		{"two lengths", answering("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nok"), Protocol, "Content-Length"},
		{"garbage", answering("SSH-2.0-OpenSSH_9.2\r\n"), Protocol, "not HTTP/1"},
		{"64 KiB head", answering("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n"), Protocol, "64 KiB"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			forEngines(t, func(t *testing.T, choose func(*Plan)) {
				plan := planFor(rawServer(t, test.serve), 100, 100*time.Millisecond)
				plan.Traffic.Hits[0].BodyContains = map[bool]string{true: "ok"}[test.want == UnexpectedBody]
				if test.want == Timeout {
					plan.Traffic.Timeout = 50 * time.Millisecond
				}
				choose(&plan)
				wantAll(t, plan, test.want, test.says)
			})
		})
	}
}

// wantAll runs plan and checks that every hit had one outcome, with an error that says so. Hits that a busy machine made
// late are left out.
func wantAll(t *testing.T, plan Plan, want Outcome, says string) Result {
	t.Helper()
	result, err := Run(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	late := result.Outcomes[Late]
	if result.Hits == 0 || result.Outcomes[want]+late != result.Hits || late == result.Hits {
		t.Errorf("outcomes %v of %d hits, want all %s; errors: %v", result.Outcomes, result.Hits, want, result.Errors)
	}
	if says != "" && !strings.Contains(result.Errors[want], says) {
		t.Errorf("error %q, want it to say %q", result.Errors[want], says)
	}
	return result
}

func TestNobodyListens(t *testing.T) {
	forEngines(t, func(t *testing.T, choose func(*Plan)) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listener.Close()
		plan := planFor("http://"+listener.Addr().String(), 100, 100*time.Millisecond)
		choose(&plan)
		wantAll(t, plan, Refused, "refused")
	})
}

func TestNameWithoutAddress(t *testing.T) {
	forEngines(t, func(t *testing.T, choose func(*Plan)) {
		plan := planFor("http://no-such-name.invalid:80", 100, 100*time.Millisecond)
		choose(&plan)
		wantAll(t, plan, Resolve, "no-such-name.invalid")
	})
}

// TestDeadReplicaStallsNobody has one replica that never answers and one that does.
func TestDeadReplicaStallsNobody(t *testing.T) {
	forEngines(t, func(t *testing.T, choose func(*Plan)) {
		dead := rawServer(t, silent)
		alive := rawServer(t, answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
		plan := planFor(alive, 400, 500*time.Millisecond)
		plan.Addresses = []string{strings.TrimPrefix(dead, "http://"), strings.TrimPrefix(alive, "http://")}
		plan.Traffic.Timeout = time.Minute
		plan.Traffic.MaxInFlight = 40
		plan.Grace = 100 * time.Millisecond
		choose(&plan)
		result, err := Run(t.Context(), plan)
		if err != nil {
			t.Fatal(err)
		}
		if result.ReplicaOK[0] != 0 || result.ReplicaOK[1]+result.Outcomes[Late] < 100 {
			t.Errorf("ok hits by replica %v, want none and 100; outcomes %v", result.ReplicaOK, result.Outcomes)
		}
		if result.Outcomes[Unfinished] != 20 {
			t.Errorf("outcomes %v, want the 20 hits that the dead replica has room for unfinished", result.Outcomes)
		}
	})
}
