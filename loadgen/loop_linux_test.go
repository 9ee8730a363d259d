package loadgen

import (
	"bufio"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TestLoopAllocatesNothing compares a long closed loop with a short one: what the long one allocates more is what hits
// cost.
func TestLoopAllocatesNothing(t *testing.T) {
	url := rawServer(t, func(conn net.Conn) {
		buffer := make([]byte, 4<<10)
		reply := []byte(okReply)
		for {
			if _, err := conn.Read(buffer); err != nil {
				return
			}
			if _, err := conn.Write(reply); err != nil {
				return
			}
		}
	})
	measure := func(length time.Duration) (mallocs uint64, hits int64) {
		plan := planFor(url, 1, length)
		plan.Closed, plan.Connections = true, 8
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		result, err := Run(t.Context(), plan)
		runtime.ReadMemStats(&after)
		if err != nil || result.Outcomes[OK] != result.Hits {
			t.Fatal(result.Outcomes, err)
		}
		return after.Mallocs - before.Mallocs, result.Hits
	}
	measure(50 * time.Millisecond)
	short, few := measure(50 * time.Millisecond)
	long, many := measure(500 * time.Millisecond)
	if many < few+1000 {
		t.Skipf("the machine is too busy: %d hits", many)
	}
	// 200: what the runtime and the figures of each second take in a longer time, however few hits a busy machine makes.
	if more := float64(long) - float64(short); more > 200+0.01*float64(many-few) {
		t.Errorf("%v more allocations for %d more hits, want none", more, many-few)
	}
}

// TestIdleConnectionIsSmall bounds what an idle connection holds of the generator's own memory.
func TestIdleConnectionIsSmall(t *testing.T) {
	if size := unsafe.Sizeof(conn{}); size > 1<<10 {
		t.Errorf("a connection takes %d bytes", size)
	}
}

// TestDescriptorsExhausted leaves the process so few descriptors that most connections can't be opened.
func TestDescriptorsExhausted(t *testing.T) {
	forEngines(t, func(t *testing.T, choose func(*Plan)) {
		listener, err := net.Listen("tcp", "127.0.0.1:0") // nobody accepts: the kernel holds the connections
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		plan := planFor("http://"+listener.Addr().String(), 100, 200*time.Millisecond)
		plan.Traffic.Timeout = 5 * time.Second
		plan.Grace = 20 * time.Millisecond
		choose(&plan)
		var before unix.Rlimit
		if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
			t.Fatal(err)
		}
		few := before
		few.Cur = uint64(countDescriptors(t) + 10)
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &few); err != nil {
			t.Fatal(err)
		}
		defer unix.Setrlimit(unix.RLIMIT_NOFILE, &before)
		result, err := Run(t.Context(), plan)
		if err != nil {
			t.Fatal(err)
		}
		if result.Outcomes[Exhausted] == 0 || result.Outcomes[Unfinished] == 0 || !strings.Contains(result.Errors[Exhausted], "too many open files") {
			t.Errorf("outcomes %v, errors %v", result.Outcomes, result.Errors)
		}
	})
}

// TestLoopGrowsWithTheSchedule opens as many connections as hits at once need, and uses them again.
func TestLoopGrowsWithTheSchedule(t *testing.T) {
	checkLeaks(t)
	release := make(chan struct{})
	url, connections := countingServer(t, func(conn net.Conn) {
		for hits := bufio.NewReader(conn); readHead(hits) == nil; {
			<-release
			io.WriteString(conn, okReply)
		}
	})
	plan := planFor(url, 100, time.Second)
	time.AfterFunc(500*time.Millisecond, func() { close(release) })
	result, err := Run(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	late := result.Outcomes[Late]
	if n := connections.Load(); n > 90 || n+late < 45 || result.Outcomes[OK]+late != result.Hits {
		t.Errorf("%d connections, outcomes %v", n, result.Outcomes)
	}
}
