package tuner

import (
	"math"

	"github.com/plimsoll/plimsoll/scenarios"
)

// read takes the value that slo bounds out of an observation.
func read(slo scenarios.SLO, goal Goal, step Step, o Observation) reading {
	switch slo.Metric {
	case scenarios.ResponseTime:
		return readResponse(slo, o.Load)
	case scenarios.ErrorRatio:
		return readErrors(slo, o.Load)
	case scenarios.ThroughputRate:
		return readThroughput(slo, o.Load)
	case scenarios.ThrottledRatio:
		return readThrottled(o, seenAll(goal, step, o))
	case scenarios.OOMKills:
		return readOOMKills(o, seenAll(goal, step, o))
	case scenarios.Restarts:
		return readRestarts(o, seenAll(goal, step, o))
	case scenarios.MemoryUse:
		return readOfLimit(o, seenAll(goal, step, o), memoryOfLimit, func(c ContainerUse) bool { return c.MemoryLimit > 0 }, "memory")
	case scenarios.CPUUse:
		return readOfLimit(o, seenAll(goal, step, o), cpuOfLimit, func(c ContainerUse) bool { return c.CPULimit > 0 }, "CPU")
	}
	return missing("nothing measures %q", slo.Metric)
}

// seenAll is whether the use of every container of every replica is in the observation.
func seenAll(goal Goal, step Step, o Observation) bool {
	return len(o.Containers) > 0 && len(o.Containers) >= max(goal.Replicas, 1)*len(step.Settings)
}

// readResponse takes a quantile of the response time. Where it falls among hits that were never answered, and those
// alone are more than the SLO forgives, it is missed whatever they were seen to wait.
func readResponse(slo scenarios.SLO, load *Load) reading {
	hits, _, ok := counted(load)
	if !ok {
		return missing("the outcome of its hits is not known")
	}
	q, recorded := load.Quantile(slo.Quantile)
	if !recorded {
		return missing("the quantile was not recorded")
	}
	r := reading{value: new(q.Time.Seconds()), atLeast: q.AtLeast}
	forgiven := (1 - slo.Quantile) * float64(hits)
	if gone := neverAnswered(load); q.AtLeast && q.Time <= slo.Time && float64(gone) > forgiven {
		r.value = new(math.Nextafter(slo.Time.Seconds(), math.Inf(1)))
	}
	if forgiven < tailHits-1e-9 {
		r.unknown = "only " + plural(hits, "hit") + " in the window"
		r.certain = chanceOfMore(hits, overBound(load, slo), 1-slo.Quantile) < surely
	}
	return r
}

// neverAnswered counts the hits that no reply came for.
func neverAnswered(load *Load) int64 {
	return load.Outcomes["dropped"] + load.Outcomes["timeout"] + load.Outcomes["unfinished"]
}

// overBound is the least number of hits slower than the SLO's bound that the recorded quantiles prove.
func overBound(load *Load, slo scenarios.SLO) int64 {
	over := int64(0)
	for _, q := range load.Response {
		if q.Time > slo.Time {
			over = max(over, load.Hits-int64(math.Ceil(q.Q*float64(load.Hits)))+1)
		}
	}
	return min(over, load.Hits)
}

// readErrors is hits not ok over hits planned.
func readErrors(slo scenarios.SLO, load *Load) reading {
	hits, good, ok := counted(load)
	if !ok {
		return missing("the outcome of its hits is not known")
	}
	r := reading{value: new(float64(hits-good) / float64(hits))}
	if hits < ratioHits {
		r.unknown = "only " + plural(hits, "hit") + " in the window"
		r.certain = chanceOfMore(hits, hits-good, slo.Value) < surely
	}
	return r
}

// readThroughput is hits ok over hits offered.
func readThroughput(slo scenarios.SLO, load *Load) reading {
	hits, good, ok := counted(load)
	if !ok || !(load.Offered > 0) {
		return missing("the outcome of its hits is not known")
	}
	r := reading{value: new(load.Throughput / load.Offered)}
	if hits < ratioHits {
		r.unknown = "only " + plural(hits, "hit") + " in the window"
		r.certain = chanceOfMore(hits, hits-good, 1-slo.Value) < surely
	}
	return r
}

// counted returns the hits planned and those ok; false where there were none or the outcomes do not add up.
func counted(load *Load) (hits, good int64, ok bool) {
	if load == nil || load.Hits <= 0 {
		return 0, 0, false
	}
	sum := int64(0)
	for _, n := range load.Outcomes {
		if n < 0 {
			return 0, 0, false
		}
		sum += n
	}
	return load.Hits, load.Outcomes["ok"], sum == load.Hits
}

// readThrottled is the throttled ratio of the busiest container. A container without CPU limit can't be throttled; one
// that used no CPU had no period, and is not the busiest.
func readThrottled(o Observation, seen bool) reading {
	limited, idle, unknown := 0, 0, false
	var periods int64
	r := reading{}
	for _, c := range o.Containers {
		if c.CPULimit <= 0 {
			continue
		}
		limited++
		switch v := c.ThrottledRatio(); {
		case v != nil && (r.value == nil || *v > *r.value):
			r.value, r.container, r.replica, periods = v, c.Container, c.Replica, *c.Periods
		case v == nil && c.Periods != nil && c.ThrottledPeriods != nil:
			idle++
		case v == nil:
			unknown = true
		}
	}
	switch {
	case !seen:
		r.atLeast, r.unknown = true, "not every container was seen"
	case limited == 0:
		r.inapplicable = "no CPU limit"
	case unknown:
		r.atLeast = true
		r.unknown = "the periods of a container could not be read"
	case limited == idle:
		r.unknown = "no container ran long enough to have a period"
	case periods < throttlePeriods && o.Window.Seconds() < throttlePeriods/10.0:
		r.unknown = "only " + plural(periods, "period") + " in the window"
	}
	return r
}

// readOOMKills counts OOM kills of the trial: the kernel's count, or the kills seen where those are more.
func readOOMKills(o Observation, seen bool) reading {
	r := reading{}
	if !seen {
		r.atLeast, r.unknown = true, "not every container was seen"
	}
	total, most := int64(0), int64(0)
	for _, c := range o.Containers {
		n := int64(len(killsOf(o.Kills, c.Container, c.Replica, isOOM)))
		if c.OOMKills == nil {
			r.atLeast, r.unknown = true, "the OOM kills of "+c.Container+" could not be counted"
		} else {
			n = max(n, *c.OOMKills)
		}
		total += n
		if n > most {
			most, r.container, r.replica = n, c.Container, c.Replica
		}
	}
	r.value = new(float64(max(total, int64(len(killsOf(o.Kills, "", 0, isOOM))))))
	r.certain = true
	return r
}

// readRestarts counts containers that ended and were or would be started again.
func readRestarts(o Observation, seen bool) reading {
	r := reading{certain: true}
	if !seen {
		r.atLeast, r.unknown = true, "not every container was seen"
	}
	total, most := 0, 0
	for _, c := range o.Containers {
		n := max(c.Restarts, len(killsOf(o.Kills, c.Container, c.Replica, endsContainer)))
		total += n
		if n > most {
			most, r.container, r.replica = n, c.Container, c.Replica
		}
	}
	r.value = new(float64(max(total, len(killsOf(o.Kills, "", 0, endsContainer)))))
	return r
}

// readOfLimit is usage over limit of the busiest container that has such a limit.
func readOfLimit(o Observation, seen bool, value func(ContainerUse) *float64, limited func(ContainerUse) bool, name string) reading {
	only := o
	only.Containers = nil
	for _, c := range o.Containers {
		if limited(c) {
			only.Containers = append(only.Containers, c)
		}
	}
	if seen && len(only.Containers) == 0 {
		return reading{inapplicable: "no " + name + " limit"}
	}
	r := busiest(only, "", value)
	if !seen || r.value == nil {
		r.unknown, r.certain = "not every container was seen", r.value != nil
	}
	return r
}

// killsOf are the kills of one container of one replica (of all where container is empty) that are of a kind.
func killsOf(kills []Kill, container string, replica int, is func(KillKind) bool) []Kill {
	var out []Kill
	for _, k := range kills {
		if is(k.Kind) && (container == "" || k.Container == container && k.Replica == replica) {
			out = append(out, k)
		}
	}
	return out
}

// isOOM is whether the kernel killed something for the container's memory limit.
func isOOM(k KillKind) bool { return k == OOMKill || k == OOMAtStart || k == OOMChild }

// endsContainer is whether such a kill ends the container itself.
func endsContainer(k KillKind) bool { return k != OOMChild }
