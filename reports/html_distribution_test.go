package reports

import (
	"math"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// histogram of 10 000 hits at 1, 2 … 10 000 µs.
func histogram(t *testing.T) string {
	t.Helper()
	h := hdrhistogram.New(1, int64(time.Minute), 3)
	for i := range 10_000 {
		if err := h.RecordValue(int64(i+1) * int64(time.Microsecond)); err != nil {
			t.Fatal(err)
		}
	}
	text, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// withHistograms is the usual run whose first and last trial under load have these histograms.
func withHistograms(first, last string) Run {
	r := fixtureRun()
	for number, text := range map[int]string{2: first, 9: last} {
		load := *r.Trials[number-1].Observation.Load
		load.Histogram = text
		r.Trials[number-1].Observation.Load = &load
	}
	return r
}

func TestDistributionReadsHistograms(t *testing.T) {
	whole := histogram(t)
	_, d := distribution(withHistograms(whole, whole))
	if end := d.X[len(d.X)-1]; math.Abs(end-4) > 0.06 { // 10 000 hits reach p99.99
		t.Errorf("the distribution ends at %v nines, want 4", end)
	}
	for i, x := range d.X {
		if math.Abs(x-2) < 1e-9 && math.Abs(d.Trials[1].Time[i]-9.9) > 0.05 {
			t.Errorf("p99 is %v ms, want 9.9", d.Trials[1].Time[i])
		}
	}
}

func TestDistributionFallsBackOnQuantiles(t *testing.T) {
	whole := histogram(t)
	for _, broken := range []string{"", "AAAA", "no base64", whole[:len(whole)/2]} {
		_, d := distribution(withHistograms(whole, broken))
		if len(d.X) != 6 || len(d.Trials[0].Time) != 6 || len(d.Trials[1].Time) != 6 {
			t.Errorf("%q: %d points, want the 6 quantiles below the largest value", broken, len(d.X))
		}
	}
}
