package loadgen

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestHistogramFloorIsTheLeastTimeOfTheBucket(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, digits := range []int{fineDigits, coarseDigits} {
		h := newHistogram(digits)
		for range 100_000 {
			at := time.Duration(r.Int64N(int64(longest)) >> r.IntN(40))
			floor := h.floor(at)
			if !h.counts.ValuesAreEquivalent(int64(at), int64(floor)) {
				t.Fatalf("%d digits: floor(%d) = %d is in another bucket", digits, at, floor)
			}
			if floor > 0 && h.counts.ValuesAreEquivalent(int64(floor-1), int64(at)) {
				t.Fatalf("%d digits: floor(%d) = %d, but %d is in the same bucket", digits, at, floor, floor-1)
			}
		}
	}
}

func TestHistogramCountsOverflowAndNeverClampsIt(t *testing.T) {
	h := newHistogram(fineDigits)
	for _, at := range []time.Duration{-time.Second, 0, longest, longest + 1, 24 * time.Hour} {
		h.record(at)
	}
	if h.overflow != 2 || h.total() != 5 {
		t.Errorf("overflow %d of %d, want 2 of 5", h.overflow, h.total())
	}
	if last, ok := h.atRank(3); !ok || last < longest || last > longest+longest/1000 {
		t.Errorf("rank 3 is %v, %v, want 1 h", last, ok)
	}
	if _, ok := h.atRank(4); ok {
		t.Error("rank 4 lies in the overflow, and is known")
	}
	d := knownDistribution(h)
	if q, _ := d.Quantile(1); q.Time != longest || !q.AtLeast {
		t.Errorf("maximum %+v, want at least 1 h", q)
	}
	if d.Overflow() != 2 || d.Count() != 5 || d.Censored() != 0 {
		t.Errorf("overflow %d, count %d, censored %d", d.Overflow(), d.Count(), d.Censored())
	}
}

func TestHistogramRecordAllocatesNothing(t *testing.T) {
	h := newHistogram(fineDigits)
	at := time.Microsecond
	if n := testing.AllocsPerRun(1000, func() { h.record(at); at = at*2 + 1; at &= 1<<45 - 1 }); n != 0 {
		t.Errorf("%v allocations a time", n)
	}
}
