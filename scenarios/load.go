package scenarios

import (
	"math"
	"time"
)

// ScenarioKind says what a scenario is for.
type ScenarioKind string

// The kinds of scenario.
const (
	Ramp  ScenarioKind = "ramp"  // short: finds the bottleneck and the order of magnitude
	Soak  ScenarioKind = "soak"  // long and steady: leaks, saturation, confirmation
	Steps ScenarioKind = "steps" // a staircase of rates, each held
	Spike ScenarioKind = "spike" // steady, a sudden peak, steady again
	Sine  ScenarioKind = "sine"  // a rate that swings around its mean
)

// Scenario is one load shape.
type Scenario struct {
	Name string       `json:"name"`
	Kind ScenarioKind `json:"kind"`
	// Warmup comes first in the shape: its hits are not judged on latency, throttling or usage, but kills and restarts
	// count. 0 ≤ Warmup < total duration.
	Warmup time.Duration `json:"warmup_ns"`
	// Stages of the rate over time, in order, at least one. A scenario of every kind is written down as stages.
	Stages []Stage `json:"stages"`
	// SLOs of this scenario alone, beside those of the file.
	SLOs []SLO `json:"slos,omitempty"`
}

// Stage is one piece of the rate over time, in hits per second over all replicas.
type Stage struct {
	// From and To are the rates at its two ends; the rate is linear between them. Both ≥ 0.
	From float64 `json:"from_hits_per_second"`
	To   float64 `json:"to_hits_per_second"`
	// Amplitude and Period make a sine around From (= To): rate(t) = From + Amplitude·sin(2πt/Period). 0: no sine.
	// Amplitude ≤ From.
	Amplitude float64       `json:"amplitude_hits_per_second,omitempty"`
	Period    time.Duration `json:"period_ns,omitempty"`
	// For is its length, > 0.
	For time.Duration `json:"for_ns"`
}

// Duration is the length of all stages, warm-up included.
func (s Scenario) Duration() time.Duration {
	var sum time.Duration
	for _, st := range s.Stages {
		sum += st.For
	}
	return sum
}

// PeakRate is the largest planned rate, in hits per second.
func (s Scenario) PeakRate() float64 {
	peak := 0.0
	for _, st := range s.Stages {
		peak = max(peak, st.From, st.To, st.From+st.Amplitude)
	}
	return peak
}

// RateAt is the planned rate at an instant of the scenario, in hits per second; 0 before it and after its end.
func (s Scenario) RateAt(at time.Duration) float64 {
	if at < 0 {
		return 0
	}
	for _, st := range s.Stages {
		if at < st.For {
			part := at.Seconds() / st.For.Seconds()
			rate := st.From + (st.To-st.From)*part
			if st.Period > 0 {
				rate += st.Amplitude * math.Sin(2*math.Pi*at.Seconds()/st.Period.Seconds())
			}
			return max(rate, 0)
		}
		at -= st.For
	}
	return 0
}
