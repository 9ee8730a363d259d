package loadgen

import (
	"math/bits"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The range of every histogram, in nanoseconds as HdrHistogram logs commonly are: times from 1 µs, in steps of
// 0.512 µs at the low end, up to 1 h.
const (
	shortest = time.Microsecond
	longest  = time.Hour
)

// Digits of precision. A fine histogram takes 197 KB at most, a coarse one 28 KB.
const (
	fineDigits   = 3 // error at most 0.1 %
	coarseDigits = 2 // error at most 0.8 %: for what is kept many times over (stages, kinds, seconds)
)

// histogram counts times. Those over an hour are counted in overflow, never clamped. It belongs to one goroutine.
type histogram struct {
	counts   *hdrhistogram.Histogram
	overflow int64
}

func newHistogram(digits int) histogram {
	return histogram{counts: hdrhistogram.New(int64(shortest), int64(longest), digits)}
}

// record counts t once. It allocates nothing.
func (h *histogram) record(t time.Duration) { h.recordTimes(t, 1) }

// recordTimes counts t n times. A negative t, which stamps taken in the right order never give, counts as 0. The
// library's error, which would allocate, is for values that are kept away from it here.
func (h *histogram) recordTimes(t time.Duration, n int64) {
	if t > longest {
		h.overflow += n
		return
	}
	_ = h.counts.RecordValues(int64(max(t, 0)), n)
}

// total is how many times were counted, overflow included.
func (h *histogram) total() int64 {
	if h.counts == nil {
		return 0
	}
	return h.counts.TotalCount() + h.overflow
}

// merge adds what other counted. The digits of both must be the same.
func (h *histogram) merge(other histogram) {
	h.counts.Merge(other.counts)
	h.overflow += other.overflow
}

// mergeAbove adds what other counted, every time below floor taken for floor.
func (h *histogram) mergeAbove(other histogram, floor time.Duration) {
	for _, bar := range other.counts.Distribution() {
		if bar.Count > 0 {
			h.recordTimes(max(time.Duration(bar.From), floor), bar.Count)
		}
	}
	h.overflow += other.overflow
}

// least is the least time of the first bucket that counted any; false where none did.
func (h *histogram) least() (time.Duration, bool) {
	if h.counts.TotalCount() == 0 {
		return longest, h.overflow > 0
	}
	return h.floor(time.Duration(h.counts.Min())), true
}

func (h *histogram) reset() {
	h.counts.Reset()
	h.overflow = 0
}

// atRank is the rank-th smallest time counted, from 1, as the greatest time that its bucket holds; false where that
// lies in the overflow or beyond.
func (h *histogram) atRank(rank int64) (time.Duration, bool) {
	n := h.counts.TotalCount()
	if rank > n {
		return 0, false
	}
	// The library takes the rank as floor(percentile/100 · n + ½).
	return time.Duration(h.counts.ValueAtPercentile(100 * float64(rank) / float64(n))), true
}

// floor is the least time that is counted in the same bucket as t.
func (h *histogram) floor(t time.Duration) time.Duration {
	// A bucket spans 2^shift ns: 512 ns at least, and so many that 2·10^digits buckets, rounded up to a power of two,
	// cover each doubling.
	shift := max(bits.Len64(uint64(t))-bits.Len64(uint64(2*pow10(h.counts.SignificantFigures())-1)), 9)
	return t >> shift << shift
}

func pow10(n int64) int64 {
	p := int64(1)
	for range n {
		p *= 10
	}
	return p
}
