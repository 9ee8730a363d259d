package loadgen

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// sample is one hit of the slow and obvious reference: a time, and whether it took at least as long.
type sample struct {
	time     time.Duration
	censored bool
}

func distributionOf(digits int, samples ...sample) Distribution {
	d, known, censored := newDistribution(digits), newHistogram(digits), newHistogram(digits)
	for _, s := range samples {
		if s.censored {
			censored.record(s.time)
		} else {
			known.record(s.time)
		}
	}
	d.addKnown(known)
	d.addCensored(censored, 0)
	return d
}

// quantileOf sorts: with censored hits at their least time, and with them at infinity.
func quantileOf(q float64, samples []sample) (least, most time.Duration) {
	var low, high []time.Duration
	for _, s := range samples {
		low = append(low, s.time)
		if s.censored {
			high = append(high, math.MaxInt64)
		} else {
			high = append(high, s.time)
		}
	}
	slices.Sort(low)
	slices.Sort(high)
	rank := max(int(math.Ceil(q*float64(len(low))-1e-6)), 1)
	return low[rank-1], high[rank-1]
}

func many(n int, s sample) []sample { return slices.Repeat([]sample{s}, n) }

func TestQuantileWorkedValues(t *testing.T) {
	timeouts := append(many(98, sample{time.Millisecond, false}), many(2, sample{30 * time.Second, true})...)
	unfinished := append(many(98, sample{time.Millisecond, false}), many(2, sample{500 * time.Microsecond, true})...)
	for _, tt := range []struct {
		name    string
		samples []sample
		q       float64
		want    time.Duration
		atLeast bool
	}{
		{"timeouts p50", timeouts, 0.5, time.Millisecond, false},
		{"timeouts p98", timeouts, 0.98, time.Millisecond, false},
		{"timeouts p99", timeouts, 0.99, 30 * time.Second, true},
		{"unfinished p1", unfinished, 0.01, 500 * time.Microsecond, true},
		{"unfinished p97", unfinished, 0.97, time.Millisecond, false},
		{"unfinished p99", unfinished, 0.99, time.Millisecond, true},
		{"all censored", many(3, sample{time.Second, true}), 0.5, time.Second, true},
		{"one hit, p0", many(1, sample{time.Second, false}), 0, time.Second, false},
	} {
		got, ok := distributionOf(fineDigits, tt.samples...).Quantile(tt.q)
		if !ok || math.Abs(float64(got.Time-tt.want)) > float64(tt.want)/1000 || got.AtLeast != tt.atLeast {
			t.Errorf("%s: %v at least %v, want %v %v", tt.name, got.Time, got.AtLeast, tt.want, tt.atLeast)
		}
		if tt.atLeast && got.Time > tt.want {
			t.Errorf("%s: claims at least %v, more than the %v that is known", tt.name, got.Time, tt.want)
		}
	}
	if q, ok := (Distribution{}).Quantile(0.5); ok {
		t.Errorf("no hit has median %v", q)
	}
}

func TestQuantilesAgreeWithSortedSamples(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 2))
		var samples []sample
		censoredShare := r.Float64() * r.Float64()
		for range 1 + r.IntN(2000) {
			samples = append(samples, sample{time.Duration(math.Exp(r.Float64()*18) * 1000), r.Float64() < censoredShare})
		}
		d := distributionOf(fineDigits, samples...)
		for range 50 {
			q := r.Float64()
			least, most := quantileOf(q, samples)
			got, ok := d.Quantile(q)
			if !ok || math.Abs(float64(got.Time-least)) > max(float64(least)/1000, 512) {
				t.Fatalf("seed %d: q %v is %v, want %v", seed, q, got.Time, least)
			}
			alike := d.all.counts.ValuesAreEquivalent(int64(least), int64(most))
			if got.AtLeast == alike {
				t.Fatalf("seed %d: q %v lies between %v and %v, at least is %v", seed, q, least, most, got.AtLeast)
			}
		}
	}
}

func TestDistributionsMerge(t *testing.T) {
	a := distributionOf(fineDigits, append(many(50, sample{time.Millisecond, false}), many(1, sample{time.Second, true})...)...)
	b := distributionOf(fineDigits, many(49, sample{3 * time.Millisecond, false})...)
	whole := distributionOf(fineDigits, slices.Concat(many(50, sample{time.Millisecond, false}), many(1, sample{time.Second, true}),
		many(49, sample{3 * time.Millisecond, false}))...)
	var sum Distribution
	for _, d := range []Distribution{a, {}, knownDistribution(b.known)} {
		if err := sum.Merge(d); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := sum.Quantiles(usualQuantiles()...), whole.Quantiles(usualQuantiles()...); !slices.Equal(got, want) {
		t.Errorf("merged %v, want %v", got, want)
	}
	if a.Count() != 51 {
		t.Errorf("merging changed what was merged: %d hits", a.Count())
	}
	if err := sum.Merge(distributionOf(coarseDigits, sample{1, false})); err == nil {
		t.Error("distributions of different precision were merged")
	}
}

func TestDistributionJSONComesBackWhole(t *testing.T) {
	overflow := newHistogram(fineDigits)
	overflow.record(2 * time.Hour)
	for _, d := range []Distribution{
		{},
		distributionOf(fineDigits, many(5, sample{time.Millisecond, false})...),
		distributionOf(coarseDigits, sample{time.Millisecond, false}, sample{time.Second, true}),
		distributionOf(fineDigits, sample{time.Second, true}),
		knownDistribution(overflow),
	} {
		text, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		var back Distribution
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if back.Count() != d.Count() || back.Censored() != d.Censored() || back.Overflow() != d.Overflow() ||
			!slices.Equal(back.Quantiles(usualQuantiles()...), d.Quantiles(usualQuantiles()...)) {
			t.Errorf("%s came back as %+v, want %+v", text, back.Quantiles(1), d.Quantiles(1))
		}
	}
	other := histogram{counts: hdrhistogram.New(1, 1000, 3)}
	other.record(5)
	for _, text := range []string{
		`{"hits":1,"all_ns_hdr_v2":"nonsense"}`, `{"hits":"many"}`, `{"hits":1,"all_ns_hdr_v2":"` + encode(other) + `"}`,
	} {
		var d Distribution
		if err := json.Unmarshal([]byte(text), &d); err == nil {
			t.Errorf("%s was read as %+v", text, d)
		}
	}
}
