package loadgen

import (
	"math/bits"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The range of every histogram: times from 1 µs, in steps of 0.512 µs at the low end, up to 1 h.
const (
	shortest = time.Microsecond
	longest  = time.Hour
)

// Digits of precision. A fine histogram takes at most 197 KB, a coarse one 28 KB.
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

// record counts t once; a negative t, which only a broken clock makes, counts as 0. It allocates nothing: the error,
// which would, is for values checked here.
func (h *histogram) record(t time.Duration) { h.recordTimes(t, 1) }

func (h *histogram) recordTimes(t time.Duration, n int64) {
	if t > longest {
		h.overflow += n
		return
	}
	_ = h.counts.RecordValues(int64(max(t, 0)), n)
}

// total is how many times were counted, overflow included.
func (h *histogram) total() int64 { return h.counts.TotalCount() + h.overflow }

// merge adds what other, of the same digits, counted.
func (h *histogram) merge(other histogram) {
	h.counts.Merge(other.counts)
	h.overflow += other.overflow
}

func (h *histogram) reset() {
	h.counts.Reset()
	h.overflow = 0
}

// lowestAlike is the least time that a histogram of so many digits counts in the same bucket as t.
func lowestAlike(t time.Duration, digits int) time.Duration {
	magnitude := map[int]int{fineDigits: 11, coarseDigits: 8}[digits]
	shift := max(bits.Len64(uint64(t))-magnitude, 9)
	return t >> shift << shift
}
