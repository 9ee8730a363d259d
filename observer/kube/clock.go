package kube

import "time"

// clock bounds how far another machine's clock is ahead of this one's, θ = theirs − ours.
//
// The Date of an HTTP reply is their time when they wrote it, cut to the second, somewhere between sending and receiving:
//
//	date ≤ sent…received + θ < date + 1 s   so   date − received ≤ θ < date + 1 s − sent
//
// One reply leaves a second of doubt; the replies that come just before and just after their second turns leave next to
// none. Worked values: sent 10.000, received 10.020, Date 12: 1.980 ≤ θ < 3.000; then sent 14.970, received 14.990, Date
// 17: 2.010 ≤ θ < 3.030; together 2.010 ≤ θ < 3.000. A clock that was set in between leaves nothing, and it begins anew.
type clock struct {
	low, high           time.Duration
	knowsLow, knowsHigh bool
}

// dated adds a reply with that Date.
func (c *clock) dated(sent, received, date time.Time) {
	if !date.IsZero() {
		c.narrow(date.Sub(received), date.Add(time.Second).Sub(sent))
	}
}

// narrow adds what one exchange says.
func (c *clock) narrow(low, high time.Duration) {
	if c.knowsLow && low > c.high && c.knowsHigh || c.knowsHigh && high < c.low && c.knowsLow {
		*c = clock{} // set in between
	}
	if !c.knowsLow || low > c.low {
		c.low, c.knowsLow = low, true
	}
	if !c.knowsHigh || high < c.high {
		c.high, c.knowsHigh = high, true
	}
}

// offset is the middle of what θ can be, and how far the truth may be from it; known is false before the first exchange.
func (c *clock) offset() (offset, within time.Duration, known bool) {
	return (c.low + c.high) / 2, (c.high - c.low) / 2, c.knowsLow && c.knowsHigh
}
