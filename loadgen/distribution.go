package loadgen

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/plimsoll/plimsoll/packed"
)

// Distribution is how a time was spread over hits, some of which may be right-censored: they took at least a known
// time, and how much longer is not known. The zero value holds no hit.
//
// A quantile is exact where it does not matter how long the censored hits would have taken, and a lower bound where it
// does: with every censored hit at its least time the quantile is L, with every one at infinity it is U ≥ L, and the
// truth lies between. L = U (in one bucket) is exact; otherwise it prints as "≥ L".
//
// Worked values: 98 hits of 1 ms and 2 that timed out at 30 s give p50 = p98 = 1 ms, p99 ≥ 30 s. 98 hits of 1 ms and 2
// that were given up unfinished after 0.5 ms give p97 = 1 ms (L = U) but p1 ≥ 0.5 ms and p99 ≥ 1 ms.
type Distribution struct {
	// known holds the hits that are not censored, all holds those and the censored ones at their least time.
	known, all histogram
	// least is the least time of a censored hit, 0 where none is censored. Buckets know it only to within their width,
	// and a bound of 30 s must not read as 29.99 s.
	least time.Duration
}

// Quantile is one point of a distribution.
type Quantile struct {
	// Q is 0–1: 0.99 is p99.
	Q float64 `json:"q"`
	// Time at that quantile: the greatest time of its bucket, which is at most 0.1 % too long (0.8 % for a stage or a
	// kind of hit), or where AtLeast is true the least.
	Time time.Duration `json:"time_ns"`
	// AtLeast is true where the quantile depends on censored hits: print "≥".
	AtLeast bool `json:"at_least,omitempty"`
}

func newDistribution(digits int) Distribution {
	return Distribution{known: newHistogram(digits), all: newHistogram(digits)}
}

// addKnown adds hits whose time is known.
func (d *Distribution) addKnown(h histogram) {
	d.known.merge(h)
	d.all.merge(h)
}

// addCensored adds hits that took at least as long as h says, and at least floor.
func (d *Distribution) addCensored(h histogram, floor time.Duration) {
	if least, ok := h.least(); ok {
		d.noteLeast(max(least, floor))
	}
	d.all.mergeAbove(h, floor)
}

func (d *Distribution) noteLeast(t time.Duration) {
	if d.least == 0 || t < d.least {
		d.least = t
	}
}

// Merge adds the hits of other, say of another generator in the same run, to d. Percentiles are never averaged.
// The error is for distributions of different precision.
func (d *Distribution) Merge(other Distribution) error {
	if other.all.counts == nil {
		return nil
	}
	digits := other.all.counts.SignificantFigures()
	if d.all.counts != nil && d.all.counts.SignificantFigures() != digits {
		return fmt.Errorf("distributions of %d and %d digits cannot be merged", d.all.counts.SignificantFigures(), digits)
	}
	sum := newDistribution(int(digits))
	for _, part := range []Distribution{*d, other} {
		if part.all.counts != nil {
			sum.known.merge(part.known)
			sum.all.merge(part.all)
		}
		if part.least > 0 {
			sum.noteLeast(part.least)
		}
	}
	*d = sum
	return nil
}

// Count is how many hits it holds, the censored ones and those over an hour included.
func (d Distribution) Count() int64 { return d.all.total() }

// Censored is how many of them are right-censored, for whatever reason but being over an hour.
func (d Distribution) Censored() int64 { return d.all.total() - d.known.total() }

// Overflow is how many took over an hour, the longest time that is told apart.
func (d Distribution) Overflow() int64 { return d.all.overflow }

// Quantile returns the time at q, from 0 to 1: the least time that at least q of all hits did not exceed (nearest
// rank). It returns false where there is no hit.
func (d Distribution) Quantile(q float64) (Quantile, bool) {
	n := d.Count()
	if n == 0 {
		return Quantile{Q: q}, false
	}
	// 0.07 · 100 is 7.000000000000001 in floating point, and still means the 7th of 100.
	rank := max(int64(math.Ceil(q*float64(n)-1e-6)), 1)
	least, ok := d.all.atRank(rank)
	if !ok {
		return Quantile{Q: q, Time: longest, AtLeast: true}, true
	}
	most, ok := d.known.atRank(rank)
	if !ok || most != least {
		return Quantile{Q: q, Time: max(d.all.floor(least), min(d.least, least)), AtLeast: true}, true
	}
	return Quantile{Q: q, Time: least}, true
}

// Quantiles returns the times at qs, in that order; nil where there is no hit.
func (d Distribution) Quantiles(qs ...float64) []Quantile {
	var all []Quantile
	for _, q := range qs {
		if at, ok := d.Quantile(q); ok {
			all = append(all, at)
		}
	}
	return all
}

// HDR returns all hits, the censored ones at their least time, as an HdrHistogram in nanoseconds, in the V2 compressed
// encoding as base64; empty where there is no hit. Hits over an hour are not in it.
func (d Distribution) HDR() string {
	if d.Count() == 0 {
		return ""
	}
	return encode(d.all)
}

// encode cannot fail: the library's error is for a version that is not V2 and for writing to memory.
func encode(h histogram) string {
	text, err := h.counts.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// distributionJSON is how a Distribution is written down.
type distributionJSON struct {
	Count     int64      `json:"hits"`
	Censored  int64      `json:"censored_hits"`
	Overflow  int64      `json:"over_1h_hits"`
	Quantiles []Quantile `json:"quantiles,omitempty"`
	// Least is the least time of a censored hit.
	Least time.Duration `json:"censored_from_ns,omitempty"`
	// All and Known are HdrHistograms in nanoseconds (V2 compressed, base64); Known leaves out the censored hits. It is
	// absent where there are none, for then both are the same.
	All   string `json:"all_ns_hdr_v2,omitempty"`
	Known string `json:"known_ns_hdr_v2,omitempty"`
	// KnownOverflow is how many of the hits over an hour are not censored.
	KnownOverflow int64 `json:"known_over_1h_hits,omitempty"`
}

// written is d as it is written down, without the quantiles that anyone can work out.
func (d Distribution) written() distributionJSON {
	out := distributionJSON{
		Count: d.Count(), Censored: d.Censored(), Overflow: d.Overflow(),
		All: d.HDR(), KnownOverflow: d.known.overflow, Least: d.least,
	}
	if d.Censored() > 0 {
		out.Known = encode(d.known)
	}
	return out
}

// distribution reads back what written wrote.
func (in distributionJSON) distribution() (Distribution, error) {
	if in.Count == 0 {
		return Distribution{}, nil
	}
	if in.Censored == 0 {
		in.Known = in.All
	}
	all, err := decode(in.All)
	if err != nil {
		return Distribution{}, fmt.Errorf("decode all_ns_hdr_v2: %w", err)
	}
	known, err := decode(in.Known)
	if err != nil {
		return Distribution{}, fmt.Errorf("decode known_ns_hdr_v2: %w", err)
	}
	return Distribution{histogram{known, in.KnownOverflow}, histogram{all, in.Overflow}, in.Least}, nil
}

// MarshalJSON writes the counts, the usual quantiles and the histograms.
func (d Distribution) MarshalJSON() ([]byte, error) {
	out := d.written()
	out.Quantiles = d.Quantiles(usualQuantiles()...)
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON wrote, so that the results of several generators can be merged. The error is for
// histograms that can't be decoded.
func (d *Distribution) UnmarshalJSON(text []byte) (err error) {
	var in distributionJSON
	if err := json.Unmarshal(text, &in); err != nil {
		return err
	}
	*d, err = in.distribution()
	return err
}

// MarshalBinary writes the counts and the histograms, for another Plimsoll to read.
func (d Distribution) MarshalBinary() ([]byte, error) { return packed.Encode(d.written()) }

// UnmarshalBinary reads what MarshalBinary wrote. The error is for histograms that can't be decoded.
func (d *Distribution) UnmarshalBinary(b []byte) (err error) {
	var in distributionJSON
	if err := packed.Decode(b, &in); err != nil {
		return err
	}
	*d, err = in.distribution()
	return err
}

// decode reads what encode wrote. Histograms of another range or precision are refused: merging them would lose counts.
func decode(text string) (*hdrhistogram.Histogram, error) {
	h, err := hdrhistogram.Decode([]byte(text))
	if err != nil {
		return nil, err
	}
	digits := h.SignificantFigures()
	if h.LowestTrackableValue() != int64(shortest) || h.HighestTrackableValue() != int64(longest) ||
		digits != fineDigits && digits != coarseDigits {
		return nil, fmt.Errorf("it holds %d to %d with %d digits; wanted %d to %d with %d or %d", h.LowestTrackableValue(),
			h.HighestTrackableValue(), digits, shortest, longest, coarseDigits, fineDigits)
	}
	return h, nil
}

// usualQuantiles are the ones that summaries show.
func usualQuantiles() []float64 { return []float64{0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 1} }
