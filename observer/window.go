package observer

import (
	"fmt"
	"time"
)

// edge is how far the sample nearest to an end of a window may be from it: one that was due within a second, with as
// much again for a busy machine.
const edge = 2 * time.Second

// pauses is how many of a source's own pauses there may be between an end of a window and the first sample inside.
const pauses = 1.5

// window is the part of a series that a window is judged on. Where samples come once a second it lies between the samples
// nearest to its two ends; where they come at the source's own pace, between the first and the last sample inside of it,
// so that no rate holds time without the load. Rates divide by the time between those
// samples, not by the time asked for, so that an early or late sample does not bend them.
func window(s Series, from, to time.Time) ([]Sample, error) {
	if s.Every > 0 {
		return inside(s, from, to)
	}
	samples := s.Samples
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

// inside is the samples of a series inside a window.
func inside(s Series, from, to time.Time) ([]Sample, error) {
	within := s.Samples
	for len(within) > 0 && within[0].At.Before(from) {
		within = within[1:]
	}
	for len(within) > 0 && within[len(within)-1].At.After(to) {
		within = within[:len(within)-1]
	}
	if len(within) < 2 {
		return nil, fmt.Errorf("%d samples inside the window of %s, want 2 or more: %s has one every %s or less; run the load for longer",
			len(within), to.Sub(from).Round(time.Second), s.Source, s.Every)
	}
	allowed := time.Duration(pauses * float64(s.Every))
	if off := within[0].At.Sub(from); off > allowed {
		return nil, fmt.Errorf("%s has no sample for %s from the window's start", s.Source, off.Round(time.Second))
	}
	if off := to.Sub(within[len(within)-1].At); off > allowed {
		return nil, fmt.Errorf("%s has no sample for %s before the window's end", s.Source, off.Round(time.Second))
	}
	return within, nil
}

// instances cuts samples into those of each instance, in order.
func instances(samples []Sample) [][]Sample {
	var all [][]Sample
	for i, s := range samples {
		if i == 0 || s.Instance != samples[i-1].Instance {
			all = append(all, nil)
		}
		all[len(all)-1] = append(all[len(all)-1], s)
	}
	return all
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

// increase is how much a counter grew over samples: the last reading less the first, and for each instance that began in
// between its last reading whole, since it began at 0. It is nil where one of them is not known, and an error where a
// reading is below the one before of the same instance: a counter only does that when it was lost.
func increase[N ~int64](samples []Sample, read counter[N], name string) (*N, error) {
	var sum *N
	for i, part := range instances(samples) {
		grown, err := growth(part, read, name)
		if err == nil && i > 0 {
			grown = read(part[len(part)-1])
		}
		if err != nil || grown == nil {
			return nil, err
		}
		if sum == nil {
			sum = new(N)
		}
		*sum += *grown
	}
	return sum, nil
}

// growth is increase for one instance, of which there is a sample.
func growth[N ~int64](samples []Sample, read counter[N], name string) (*N, error) {
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

// rate is how much a counter grew per time that was seen: what happened between two instances is left out. nil where it
// is not known of some instance, or no time was seen.
func rate(samples []Sample, read counter[time.Duration], name string) (*float64, error) {
	var sum, span time.Duration
	for _, part := range instances(samples) {
		grown, err := growth(part, read, name)
		if err != nil || grown == nil {
			return nil, err
		}
		sum += *grown
		span += part[len(part)-1].At.Sub(part[0].At)
	}
	return ratio(&sum, span), nil
}

// ratio is part over whole, as a time over a time; nil where part is not known or whole is not above 0.
func ratio(part *time.Duration, whole time.Duration) *float64 {
	if part == nil || whole <= 0 {
		return nil
	}
	return new(part.Seconds() / whole.Seconds())
}
