package tuner

import "github.com/plimsoll/plimsoll/scenarios"

// Judgement is whether a trial passed. The zero value is none of them.
type Judgement string

// The judgements. A doubtful trial is Inconclusive, never a Fail or a Pass.
const (
	Pass         Judgement = "pass"
	Fail         Judgement = "fail"
	Inconclusive Judgement = "inconclusive"
)

// Mode names how a trial failed. The first six are those of the talk.
type Mode string

// The failure modes.
const (
	MemoryCreep     Mode = "memory_creep"          // memory grows without end
	CPUPegged       Mode = "cpu_pegged"            // usage at the CPU limit, throttled
	Errors          Mode = "errors"                // replies that are not as expected
	HighLatency     Mode = "high_latency"          // slow throughout
	DroppedHits     Mode = "dropped_hits"          // hits refused, dropped, unfinished
	LatencyVariance Mode = "latency_variance"      // the median is fine, the tail is not
	OOM             Mode = "oom"                   // killed for its memory limit under load
	OOMStart        Mode = "oom_at_start"          // killed for its memory limit before it was Ready
	ChildOOM        Mode = "child_oom"             // a child process was killed, the container lived on
	Thrashing       Mode = "thrashing"             // memory just below need: no kill, but pages are read back again and again
	Crashed         Mode = "crash"                 // it exited by itself
	Liveness        Mode = "liveness_kill"         // its liveness probe killed it
	NotReady        Mode = "never_ready"           // it did not become Ready in time
	NotReadyCPU     Mode = "never_ready_throttled" // it did not become Ready in time, and was throttled
	Saturation      Mode = "saturation"            // slow, and no limit is near: a lock, a pool, a dependency
	// CreepingSaturation is a soak through which response times or the CPU time of a hit grew without end.
	CreepingSaturation Mode = "creeping_saturation"
	MemoryHigh         Mode = "memory_high" // an SLO on memory over its limit is missed, nothing else
)

// Verdict is what Judge says of one trial.
type Verdict struct {
	Judgement Judgement `json:"judgement"`
	// Mode of the failure; empty unless Judgement is Fail.
	Mode Mode `json:"mode,omitempty"`
	// Culprit is the limit that explains the failure; nil where it passed or where no limit explains it.
	Culprit *Limit `json:"culprit,omitempty"`
	// Why in words, one sentence with the figures.
	Why string `json:"why"`
	// Margins of every SLO and every limit that could be measured, in the order: SLOs of the file, then limits.
	Margins []Margin `json:"margins,omitempty"`
	// Leaks holds the leak verdict of each container, its worst replica deciding, in the order of the settings; only
	// for a confirming soak.
	Leaks []Leak `json:"leaks,omitempty"`
	// Creeps holds the verdicts on saturation over time: of response times, then of the CPU of each container; only for a
	// confirming soak at a constant rate.
	Creeps []Creep `json:"creeps,omitempty"`
}

// Margin is how far one measured value is from its bound.
type Margin struct {
	// Name as written in the file ("p99 < 200ms"), or "app memory peak / limit".
	Name   string           `json:"name"`
	Metric scenarios.Metric `json:"metric"`
	// Container and Replica are set where the value belongs to one: the busiest decides.
	Container string `json:"container,omitempty"`
	Replica   int    `json:"replica,omitempty"`
	// Value and Bound in the same unit: seconds for times, 0–1 for ratios, counts. Value is nil where not known.
	Value *float64 `json:"value"`
	Bound float64  `json:"bound"`
	// AtLeast marks a censored value: the true one is this or larger.
	AtLeast bool `json:"value_at_least,omitempty"`
	// Ratio is Value / Bound (Bound / Value for bounds from below), 1000 at most: below 1 is met. Over a bound of 0 it is
	// 1 + Value. nil where Value is.
	Ratio *float64 `json:"ratio"`
	// Met is nil where the value is not known or rests on too few samples, and where there is no SLO or it does not apply.
	Met *bool `json:"met"`
	// Unknown says why Met is nil although the SLO applies; empty otherwise.
	Unknown string `json:"unknown_reason,omitempty"`
}
