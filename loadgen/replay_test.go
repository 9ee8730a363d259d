package loadgen

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// replay runs a plan of 1,000 hits a second through schedule, traffic, recorder and seconds in fast time, as the engine
// does in real time, but for the sending. halfway is called in the middle, ended after the last hit.
func replay(t testing.TB, length time.Duration, halfway, ended func()) Result {
	plan := planOf(ramp(500, 1500, length/2), constant(1000, length/2))
	r, made := newRecorder(plan), mustTraffic(t, plan.Traffic)
	forwarded := make(chan int64)
	go func() { forwarded <- forwardSeconds([]*recorder{r}, func(Second) {}) }()
	c := newSchedule(plan.Scenario, scenarios.Uniform, 1)
	for {
		at, stage, ok := c.next()
		if !ok {
			break
		}
		k := c.hit()
		h := answered(at, time.Duration(mix(uint64(k))%uint64(20*time.Millisecond)))
		h.kind, _ = made.pick(k)
		h.stage = stage
		if k%100 == 7 {
			h.outcome = outcomeIndex(k / 100 % int64(ixExhausted)) // all but the generator's own failure
		}
		r.offer(h)
		if k == c.hits/2 {
			halfway()
		}
	}
	ended()
	r.finish(length)
	return summarize(plan, []*recorder{r}, ranFor{ended: length, complete: true, maxInFlight: <-forwarded})
}

func TestMemoryIsFlatHoweverLongTheRun(t *testing.T) {
	if testing.Short() {
		t.Skip("replays an hour")
	}
	var before, after runtime.MemStats
	result := replay(t, time.Hour, func() { runtime.ReadMemStats(&before) }, func() { runtime.ReadMemStats(&after) })
	if result.Hits != 3_600_000 || len(result.Invalid) > 0 {
		t.Fatalf("%d hits, invalid %v", result.Hits, result.Invalid)
	}
	// Half an hour, 1.8 million hits: two quantiles for each of 1,800 seconds, and what the runtime needs.
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<20 {
		t.Errorf("allocated %d KiB in half an hour", grown>>10)
	}
}

// BenchmarkReplayDay is a day at 1,000/s: what it takes in memory is what a soak takes.
func BenchmarkReplayDay(b *testing.B) {
	for b.Loop() {
		var half, last int64
		result := replay(b, 24*time.Hour, func() { half = liveBytes() }, func() { last = liveBytes() })
		b.ReportMetric(float64(last-half)/1024, "KiB-grown")
		b.ReportMetric(float64(residentKiB(b))/1024, "MiB-peak")
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(result.Hits), "ns/hit")
	}
}

// liveBytes is what is in use after a collection.
func liveBytes() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// residentKiB is the most resident memory this process ever had.
func residentKiB(t testing.TB) int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip(err)
	}
	_, rest, _ := bytes.Cut(text, []byte("VmHWM:"))
	kib, err := strconv.ParseInt(string(bytes.Fields(rest)[0]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kib
}
