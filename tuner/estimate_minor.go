package tuner

import (
	"fmt"
	"math"
)

// minorUse is the share of its CPU limit that a minor container is to use.
const minorUse = 0.65

// minor says whether another container whose CPU limit is searched uses more CPU. All of them share the SLOs, and the
// room below a bound can be given away once: it goes to the largest, where a percent is worth most. The others stay
// where the SLOs can't feel them.
func (h history) minor(l Limit) bool {
	usage := h.usageOf(l)
	for _, s := range h.goal.Limits {
		if s.Resource == CPU && s.Limit != l && h.usageOf(s.Limit) > usage {
			return true
		}
	}
	return false
}

// minorEstimate brings the CPU limit of a minor container to usage / minorUse, and up again while an SLO feels it.
func (h history) minorEstimate(l Searched) estimate {
	usage := h.usageOf(l.Limit)
	passed, failed := h.extremes(l.Limit)
	e := estimate{Searched: l, hold: passed, confidence: 1}
	aim := max(usage/minorUse, float64(max(failed, h.soakFailed(l.Limit)))*1.25)
	x := l.within(roundUp(CPU, aim))
	if passed <= failed {
		e.hold = h.passedValue(l.Limit, func(v int64) bool { return v > failed })
	}
	if math.Abs(math.Log(float64(x)/float64(e.hold))) > 2*resolution && x < e.hold {
		e.next = x
		e.reason = fmt.Sprintf("%s uses %.0fm: %s of %s is where the SLOs hardly feel it", l.Container, usage, percentText(usage/float64(x)), limitText(CPU, x))
	}
	return e
}
