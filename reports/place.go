package reports

import (
	"github.com/plimsoll/plimsoll/tuner"
)

// here is where Plimsoll itself ran.
const here = "where Plimsoll ran"

// placeOf names a place; nil is where Plimsoll ran.
func placeOf(p *tuner.Place) string {
	if p == nil {
		return here
	}
	return Clean(p.Where)
}

// clockOf says how far the clock of a place was from that of the machine that Plimsoll ran on; "" for that machine.
func clockOf(p *tuner.Place) string {
	switch {
	case p == nil:
		return ""
	case p.ClockOffset == nil:
		return "its clock could not be compared"
	case p.ClockWithin == nil && *p.ClockOffset >= 0:
		return "its clock at least " + duration(*p.ClockOffset) + " ahead"
	case p.ClockWithin == nil:
		return "its clock at most " + duration(-*p.ClockOffset) + " behind"
	}
	direction := "ahead"
	if *p.ClockOffset < 0 {
		direction = "behind"
	}
	return "its clock " + duration(p.ClockOffset.Abs()) + " " + direction + ", within " + duration(*p.ClockWithin)
}

// inCluster is true for a trial whose counters came from a cluster.
func inCluster(o tuner.Observation) bool { return sources(o) != "" }

// measuredFrom says in a line where the load of the newest trial in a cluster came from, and where counters were read; ""
// where there was none.
func measuredFrom(r Run) string {
	for i := len(r.Trials) - 1; i >= 0; i-- {
		o := r.Trials[i].Observation
		if o.Load == nil || !inCluster(o) {
			continue
		}
		text := "Load from " + withClock(o.Load.From) + "; counters: " + sources(o)
		if o.Reader != nil {
			text += ", by " + withClock(o.Reader)
		}
		return text + "."
	}
	return ""
}

func withClock(p *tuner.Place) string {
	if text := clockOf(p); text != "" {
		return placeOf(p) + " (" + text + ")"
	}
	return placeOf(p)
}
