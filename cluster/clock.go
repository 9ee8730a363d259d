package cluster

import "time"

// clock bounds how far the clock of a Pod is ahead of this machine's, θ = Pod − here, from rows of its log.
//
// A row written at a by the Pod's clock and read here at r was written before it was read: a − θ ≤ r, so θ ≥ a − r. A
// log that was asked for at s, and whose last row was a although the next one follows after e, was read before that one
// was written: the reading, no earlier than s, was before a + e − θ, so θ ≤ a + e − s. (The way from the Pod into its log
// file adds to e; it takes a few milliseconds at most.) Both together are what NTP gets from a request and its reply.
//
// Worked values: θ = 2 s; the log is asked for at s = 10.000, read at 10.010 and the answer is here at r = 10.030. The
// last tick was at a = 12.005, the next is due 50 ms later. So 1.975 s ≤ θ ≤ 2.055 s: 2.015 s within 40 ms.
type clock struct {
	low, high           time.Duration
	knowsLow, knowsHigh bool
}

// heard adds a row that was written at (Pod's clock) and read at received (this machine's).
func (c *clock) heard(at, received time.Time) {
	if low := at.Sub(received); !c.knowsLow || low > c.low {
		c.low, c.knowsLow = low, true
	}
}

// notBefore adds a row whose next one, every later, was not written yet at some instant after sent.
func (c *clock) notBefore(at time.Time, every time.Duration, sent time.Time) {
	if high := at.Add(every).Sub(sent); !c.knowsHigh || high < c.high {
		c.high, c.knowsHigh = high, true
	}
}

// offset is the middle of what θ can be, and how far the truth may be from it. Where nothing bounds it from above, it is
// the lower bound, and within is unknown.
func (c *clock) offset() (offset time.Duration, within time.Duration, known bool) {
	if !c.knowsLow || !c.knowsHigh {
		return c.low, 0, false
	}
	return (c.low + c.high) / 2, max(c.high-c.low, c.low-c.high) / 2, true
}
