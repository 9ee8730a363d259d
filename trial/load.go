package trial

import (
	"slices"
	"time"

	"github.com/plimsoll/plimsoll/loadgen"
	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// recordedQuantiles are kept of every distribution, beside those that an SLO names.
func recordedQuantiles(slos []scenarios.SLO) []float64 {
	q := []float64{0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1}
	for _, s := range slos {
		if s.Metric == scenarios.ResponseTime && !slices.Contains(q, s.Quantile) {
			q = append(q, s.Quantile)
		}
	}
	slices.Sort(q)
	return q
}

// TightestSLO is the smallest bound on a response time, 0 where there is none.
func TightestSLO(slos []scenarios.SLO) time.Duration {
	tightest := time.Duration(0)
	for _, s := range slos {
		if s.Metric == scenarios.ResponseTime && (tightest == 0 || s.Time < tightest) {
			tightest = s.Time
		}
	}
	return tightest
}

// LoadOf turns the generator's result into the load of an observation.
func LoadOf(r loadgen.Result, slos []scenarios.SLO) *tuner.Load {
	q := recordedQuantiles(slos)
	load := &tuner.Load{
		Offered: r.Offered, Achieved: r.Achieved, Throughput: r.Throughput,
		Outcomes: map[string]int64{}, Hits: r.Hits - r.Outcomes[loadgen.Late], Late: r.Outcomes[loadgen.Late],
		Response: quantiles(r.Response, q), Service: quantiles(r.Service, q), Lag: quantiles(r.Lag, q),
		MaxInFlight: r.MaxInFlight, Replicas: r.ReplicaOK, Histogram: r.Response.HDR(),
	}
	if r.Remote != nil {
		load.From = &tuner.Place{Where: r.Remote.Place, ClockOffset: r.Remote.ClockOffset, ClockWithin: r.Remote.ClockWithin}
	}
	for outcome, n := range r.Outcomes {
		if outcome != loadgen.Late {
			load.Outcomes[string(outcome)] = n
		}
	}
	for _, s := range r.Stages {
		load.Stages = append(load.Stages, tuner.StageLoad{Offered: s.Offered, Throughput: s.Throughput, Response: quantiles(s.Response, q)})
	}
	return load
}

func quantiles(d loadgen.Distribution, at []float64) []tuner.Quantile {
	var all []tuner.Quantile
	for _, q := range d.Quantiles(at...) {
		all = append(all, tuner.Quantile(q))
	}
	return all
}

// SecondOf turns one second of the generator into one of an observation; the containers are added by the caller.
func SecondOf(s loadgen.Second, width time.Duration) tuner.Second {
	rate := func(n int64) float64 { return float64(n) / width.Seconds() }
	return tuner.Second{
		At: s.At, Warmup: s.Warmup,
		Offered: rate(s.Planned), Achieved: rate(s.Started), Throughput: rate(s.OK),
		Failed: s.Failed, P50: s.P50, P99: s.P99, InFlight: s.InFlight,
	}
}
