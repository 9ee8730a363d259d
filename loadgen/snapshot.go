package loadgen

import "time"

// seconds hands the figures of each second over to whoever forwards them, while its loop goes on.
//
// The loop alone writes to current. When a second is over it passes current on through a channel and takes up an empty
// one that came back through another: two channel operations a second, which never wait, and nothing else is shared.
// (A WriterReaderPhaser would let the reader choose the instant, for two atomic operations on each hit.) Where no empty
// one has come back, because the reader is slow, current goes on counting: a second may then be added to the next, but
// no hit is lost.
type seconds struct {
	current *second
	// full is closed by finish. Both have room for every second there is, so sending never waits.
	full, empty chan *second
}

// second is the figures of one loop in one second.
type second struct {
	// number of the second in the run, from 0.
	number               int64
	until                time.Duration
	planned, started, ok int64
	failed               int64
	// inFlight at the end; peak is the most at once.
	inFlight, peak int64
	// response times of the ok hits that ended in it.
	response histogram
}

// secondsHeld is how many seconds one loop has: one that it fills, and others that its reader may fall behind.
const secondsHeld = 4

func newSeconds() seconds {
	s := seconds{full: make(chan *second, secondsHeld), empty: make(chan *second, secondsHeld)}
	for range secondsHeld {
		s.empty <- &second{response: newHistogram(coarseDigits)}
	}
	s.current = <-s.empty
	return s
}

// tick hands over the figures of every second that ended before now.
func (r *recorder) tick(now time.Duration) {
	if number := int64(now / time.Second); number > r.current.number {
		r.handOver(number)
	}
}

// handOver passes on the second that ended and begins the one of that number.
func (r *recorder) handOver(number int64) {
	select {
	case next := <-r.empty:
		r.current.inFlight = r.inFlight
		r.current.until = time.Duration(r.current.number+1) * time.Second
		r.full <- r.current
		r.current = next
		r.current.clear(number, r.inFlight)
	default:
		r.current.number = number
	}
}

// finish hands over the last second; nothing may be recorded after it.
func (r *recorder) finish(now time.Duration) {
	r.tick(now - 1) // a run that ends with a second begins no other
	r.current.inFlight, r.current.until = r.inFlight, now
	r.full <- r.current
	close(r.full)
}

// clear makes s ready to count the second of that number.
func (s *second) clear(number, inFlight int64) {
	s.response.reset()
	*s = second{number: number, inFlight: inFlight, peak: inFlight, response: s.response}
}

// forwardSeconds merges the seconds that the recorders hand over and passes each to onSecond (which may be nil), in
// order, until every recorder has finished. It returns the most hits in flight at once: for each second the sum of the
// loops' own peaks, which may lie a little above the truth where the loops peak at different moments of a second.
func forwardSeconds(recorders []*recorder, onSecond func(Second)) (maxInFlight int64) {
	heads := make([]*second, len(recorders))
	inFlight := make([]int64, len(recorders))
	merged := second{response: newHistogram(coarseDigits)}
	for number := int64(0); ; number++ {
		open := false
		merged.clear(number, 0)
		for i, r := range recorders {
			if heads[i] == nil {
				heads[i] = <-r.full
			}
			head := heads[i]
			open = open || head != nil
			if head == nil || head.number > number {
				merged.inFlight += inFlight[i]
				merged.peak += inFlight[i]
				continue
			}
			merged.add(head)
			inFlight[i], heads[i] = head.inFlight, nil
			r.empty <- head
		}
		if !open {
			return maxInFlight
		}
		maxInFlight = max(maxInFlight, merged.peak)
		if onSecond != nil {
			onSecond(merged.public(recorders[0].warmup))
		}
	}
}

func (s *second) add(other *second) {
	s.until = max(s.until, other.until)
	s.planned += other.planned
	s.started += other.started
	s.ok += other.ok
	s.failed += other.failed
	s.inFlight += other.inFlight
	s.peak += other.peak
	s.response.merge(other.response)
}

func (s *second) public(warmup time.Duration) Second {
	if s.until == 0 {
		s.until = time.Duration(s.number+1) * time.Second
	}
	out := Second{
		At: s.until, Warmup: s.until <= warmup,
		Planned: s.planned, Started: s.started, OK: s.ok, Failed: s.failed, InFlight: s.inFlight,
	}
	times := Distribution{known: s.response, all: s.response}
	if p50, ok := times.Quantile(0.5); ok {
		p99, _ := times.Quantile(0.99)
		out.P50, out.P99 = &p50.Time, &p99.Time
	}
	return out
}
