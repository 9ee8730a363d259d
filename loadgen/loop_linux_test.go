package loadgen

import (
	"bufio"
	"io"
	"math"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TestFrozenServerForReal has a server with 1 ms of service freeze for 0.4 of 4 seconds, that is for 10 % of the hits.
// As in TestFrozenServer the response times of these spread evenly over the freeze, so p95 is that of the hit planned
// in the middle of it, and p99 that of the one planned after a tenth.
func TestFrozenServerForReal(t *testing.T) {
	const length, freeze = 4 * time.Second, 400 * time.Millisecond
	var once sync.Once
	thaw := make(chan struct{})
	var thawed, frozen time.Time
	var mu sync.Mutex
	var isFrozen bool
	var hits int
	var drains []time.Duration // from the thaw to each reply that had waited for it
	freezeAndThaw := func() {
		time.AfterFunc(length/4, func() {
			mu.Lock()
			defer mu.Unlock()
			isFrozen, frozen = true, time.Now()
			time.AfterFunc(freeze, func() {
				mu.Lock()
				defer mu.Unlock()
				isFrozen, thawed = false, time.Now()
				close(thaw)
			})
		})
	}
	url := rawServer(t, func(conn net.Conn) {
		for reader := bufio.NewReader(conn); readHead(reader) == nil; {
			once.Do(freezeAndThaw)
			mu.Lock()
			wait := isFrozen
			hits++
			mu.Unlock()
			if wait {
				<-thaw
			}
			time.Sleep(time.Millisecond)
			io.WriteString(conn, okReply)
			if wait {
				mu.Lock()
				drains = append(drains, time.Since(thawed))
				mu.Unlock()
			}
		}
	})
	result, err := Run(t.Context(), planFor(url, 500, length))
	if err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	slices.Sort(drains)
	if len(drains) == 0 || result.Outcomes[Late] > result.Hits/100 || drains[len(drains)*9/10]-drains[len(drains)/10] > 4*time.Millisecond {
		t.Skipf("this machine is too busy to judge by: replies left up to %v after the thaw; %v", slices.Max(append(drains, 0)), result.Invalid)
	}
	if result.Outcomes[OK]+result.Outcomes[Late] != result.Hits {
		t.Errorf("outcomes %v of %d hits", result.Outcomes, result.Hits)
	}
	// Where the machine froze and thawed the server late, or had the generator leave hits out, the truth is what it did.
	truth := thawed.Sub(frozen)
	share := float64(len(drains)) / float64(hits)
	for _, q := range []float64{0.95, 0.99} {
		want := truth.Seconds()*(1-(1-q)/share) + drains[len(drains)/2].Seconds()
		got, _ := result.Response.Quantile(q)
		if miss := math.Abs(got.Time.Seconds() - want); miss > 0.02*want+0.004 { // two hits' distance
			t.Errorf("quantile %v is %v, want %.3f s", q, got.Time, want)
		}
	}
	if p50, _ := result.Response.Quantile(0.5); p50.Time < time.Millisecond || p50.Time > 10*time.Millisecond {
		t.Errorf("p50 is %v, want a little over 1ms", p50.Time)
	}
}

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
	if more := float64(long) - float64(short); more > 0.01*float64(many-few) {
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
