package loadgen

import (
	"fmt"
	"time"
)

// allowedLag is how large the p99 of lag may be: 1 ms, or 10 % of the tightest response-time SLO where that is more.
// Up to there lateness can't decide an SLO that is met or missed by a tenth.
func allowedLag(tightest time.Duration) time.Duration { return max(time.Millisecond, tightest/10) }

// throttledAllowed is the share of CPU quota periods in which the generator may be throttled: beyond it throttling
// reaches the p99. A throttled period can stop it for up to 0.1 s.
const throttledAllowed = 0.01

// busyAllowed is the share of its cores that the generator may use. Above it stamps are taken late, whatever lag says.
const busyAllowed = 0.95

// lateAllowed is the share of hits that may be left out because the generator was too late to send them. With more, the
// service was tested with less than what was planned (0.995 of the planned rate is what a valid open loop keeps).
const lateAllowed = 0.005

// doubts says why a run can't be judged, each reason in one sentence. Only what the generator did wrong is one: hits
// dropped at the cap, timeouts and errors are the server's doing, and leave the run valid and failed.
func doubts(plan Plan, r Result) []string {
	var all []string
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	if lag, ok := r.Lag.Quantile(0.99); ok && lag.Time > allowedLag(plan.TightestSLO) {
		add("hits were sent late: lag p99 %s is above %s%s",
			formatTime(lag.Time), formatTime(allowedLag(plan.TightestSLO)), waitedForCPU(r.Generator))
	}
	if n := r.Outcomes[Late]; float64(n) > lateAllowed*float64(r.Hits) {
		add("%s of %s hits were not sent because the generator was too late for them%s",
			formatCount(n), formatCount(r.Hits), waitedForCPU(r.Generator))
	}
	if g := r.Generator; g.Periods != nil && g.ThrottledPeriods != nil &&
		float64(*g.ThrottledPeriods) > throttledAllowed*float64(*g.Periods) {
		add("the generator was throttled by its own CPU quota in %d of %d periods", *g.ThrottledPeriods, *g.Periods)
	}
	if g := r.Generator; !r.ClosedLoop && g.Cores > busyAllowed*float64(g.Allowed) {
		add("the generator was out of CPU: it used %.2f of %d cores", g.Cores, g.Allowed)
	}
	if n := r.Outcomes[Exhausted]; n > 0 {
		add("%s hits could not be sent: the generator had no ephemeral port or file descriptor left", formatCount(n))
	}
	if n := sumOf(r.Outcomes); n != r.Hits {
		add("%s hits were planned but %s have an outcome: the generator lost count", formatCount(r.Hits), formatCount(n))
	}
	return all
}

// waitedForCPU adds to a message how long the generator had to wait for a CPU, where that was long.
func waitedForCPU(g GeneratorUse) string {
	if g.RunDelay == nil || *g.RunDelay < g.CPU/10 {
		return ""
	}
	return fmt.Sprintf(" (its threads waited %s for a CPU and ran for %s)", formatTime(*g.RunDelay), formatTime(g.CPU))
}

func sumOf(outcomes map[Outcome]int64) int64 {
	sum := int64(0)
	for _, n := range outcomes {
		sum += n
	}
	return sum
}
