package cluster

import (
	"math/rand/v2"
	"testing"
	"time"
)

func at(s float64) time.Time { return time.Unix(1000, 0).Add(time.Duration(s * float64(time.Second))) }

// The worked values of clock.
func TestClock(t *testing.T) {
	var c clock
	c.heard(at(12.005), at(10.030))
	if offset, _, known := c.offset(); known || offset != 1975*time.Millisecond {
		t.Errorf("with a bound from below only: %v, known %v", offset, known)
	}
	c.notBefore(at(12.005), 50*time.Millisecond, at(10.000))
	offset, within, known := c.offset()
	if !known || offset != 2015*time.Millisecond || within != 40*time.Millisecond {
		t.Errorf("%v within %v, known %v; want 2.015s within 40ms", offset, within, known)
	}
	// A slower answer tells less and takes nothing back.
	c.heard(at(13.0), at(14.0))
	c.notBefore(at(13.0), time.Second, at(10.5))
	if again, w, _ := c.offset(); again != offset || w != within {
		t.Errorf("a slow answer made it %v within %v", again, w)
	}
}

// Whatever the delays, the truth lies within what is said.
func TestClockHoldsTheTruth(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	upTo := func(d time.Duration) time.Duration { return time.Duration(random.Int64N(int64(d))) }
	for range 2000 {
		truth := upTo(10*time.Second) - 5*time.Second
		every := 20 * time.Millisecond
		var c clock
		for range 4 {
			sent := at(0).Add(upTo(time.Minute))
			read := sent.Add(upTo(30 * time.Millisecond))
			received := read.Add(upTo(30 * time.Millisecond))
			tick := read.Add(truth).Add(-upTo(every)) // the newest one when it was read
			c.heard(tick, received)
			c.notBefore(tick, every, sent)
		}
		offset, within, known := c.offset()
		if off := (offset - truth).Abs(); !known || off > within || within > 50*time.Millisecond {
			t.Fatalf("the truth is %v, said is %v within %v (known %v)", truth, offset, within, known)
		}
	}
}
