package tuner

import "math"

const (
	usageNoise       = 0.01 // σ₀ of ln(usage) from run to run: what is assumed before it was measured
	usageNoiseWeight = 6.0
	// mostUsageRoom bounds usageRoom: what varies by more is no noise of one load but a service that changes, as one does
	// that compiles its code while it runs.
	mostUsageRoom = 1.06
)

// usageRoom is the factor by which the usage of one run exceeds its mean, with the probability aimed at: the knee of a run
// moves with its usage. It is measured over the trials with the memory limits of the newest one that served what was
// offered, those that failed too (those that passed near the knee are the ones with little usage), cold ones apart.
func (c *cpuSearch) usageRoom() float64 {
	n := noise{prior: usageNoise, priorWeight: usageNoiseWeight}
	for _, fresh := range []bool{true, false} {
		var g group
		for i := range c.h.trials {
			if c.h.trials[i].Observation.Fresh == fresh && c.h.usageKnown(i, c.limit.Container) && c.h.sameOf(Memory, i, len(c.h.trials)-1) {
				g.add(math.Log(*c.h.use(i, c.limit.Container).cpu))
			}
		}
		n.addGroup(g)
	}
	return min(mostUsageRoom, math.Exp(tQuantile(c.target, n.degrees())*n.sigma()))
}

// served is whether nearly all that was offered was answered, so that usage is that of the whole load.
func served(l *Load) bool { return l != nil && l.Offered > 0 && l.Throughput >= 0.99*l.Offered }

// usageOf is the mean CPU usage of a container in millicores over the trials that passed with the memory limits of the
// newest trial: a collector short of memory uses more CPU. 0 where unknown.
func (h history) usageOf(l Limit) float64 {
	sum, n := 0.0, 0
	for i := range h.trials {
		u := h.use(i, l.Container)
		if h.passes(i, Limit{l.Container, CPU}) && u.cpu != nil && h.sameOf(Memory, i, len(h.trials)-1) {
			sum, n = sum+*u.cpu*1000, n+1
		}
	}
	if n == 0 {
		return h.anyUsageOf(l)
	}
	return sum / float64(n)
}

// anyUsageOf is the usage in the newest trial that passed.
func (h history) anyUsageOf(l Limit) float64 {
	for i := len(h.trials) - 1; i >= 0; i-- {
		if u := h.use(i, l.Container); h.passes(i, Limit{l.Container, CPU}) && u.cpu != nil {
			return *u.cpu * 1000
		}
	}
	return 0
}
