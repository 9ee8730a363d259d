package observer

import (
	"fmt"
	"time"
)

// edge is how far the sample nearest to an end of a window may be from it: one that was due within a second, with as
// much again for a busy machine.
const edge = 2 * time.Second

// window is the part of a series between the samples nearest to its two ends. Rates divide by the time between those
// samples, not by the time asked for, so that an early or late sample does not bend them.
func window(samples []Sample, from, to time.Time) ([]Sample, error) {
	first, last := nearest(samples, from), nearest(samples, to)
	if first < 0 || last <= first {
		return nil, fmt.Errorf("%d samples between %s apart, want 2 or more", max(0, last-first+1), to.Sub(from))
	}
	if off := samples[first].At.Sub(from).Abs(); off > edge {
		return nil, fmt.Errorf("no sample within %s of the window's start: the nearest is %s off", edge, off)
	}
	if off := samples[last].At.Sub(to).Abs(); off > edge {
		return nil, fmt.Errorf("no sample within %s of the window's end: the nearest is %s off", edge, off)
	}
	return samples[first : last+1], nil
}

// nearest is the index of the sample nearest to t, the earlier of two; −1 where there is none.
func nearest(samples []Sample, t time.Time) int {
	best := -1
	for i, s := range samples {
		if best < 0 || s.At.Sub(t).Abs() < samples[best].At.Sub(t).Abs() {
			best = i
		}
	}
	return best
}

// counter reads one cumulative counter of a sample; nil is "not known".
type counter[N ~int64] func(Sample) *N

// increase is how much a counter grew over samples: the last reading less the first. It is nil where one of them is not
// known, and an error where any reading is below the one before: a counter only does that when it was lost.
func increase[N ~int64](samples []Sample, read counter[N], name string) (*N, error) {
	if len(samples) == 0 {
		return nil, nil
	}
	first, last := read(samples[0]), read(samples[len(samples)-1])
	var before *N
	for _, s := range samples {
		now := read(s)
		if now != nil && before != nil && *now < *before {
			return nil, fmt.Errorf("%s went backwards, from %d to %d", name, *before, *now)
		}
		if now != nil {
			before = now
		}
	}
	if first == nil || last == nil {
		return nil, nil
	}
	return new(*last - *first), nil
}

// largest is the largest reading of a gauge over samples; nil where none is known.
func largest[N ~int64](samples []Sample, read func(Sample) *N) *N {
	var most *N
	for _, s := range samples {
		if now := read(s); now != nil && (most == nil || *now > *most) {
			most = new(*now)
		}
	}
	return most
}

// ratio is part over whole, as a time over a time; nil where part is not known or whole is not above 0.
func ratio(part *time.Duration, whole time.Duration) *float64 {
	if part == nil || whole <= 0 {
		return nil
	}
	return new(part.Seconds() / whole.Seconds())
}
