package scenarios

import "time"

// Metric is what an SLO bounds.
type Metric string

// The metrics an SLO can bound.
const (
	ResponseTime   Metric = "response_time"   // a quantile of completion − planned start, e.g. "p99 < 200ms"
	ErrorRatio     Metric = "errors"          // hits not ok over hits planned, 0–1; dropped and unfinished hits are errors
	ThrottledRatio Metric = "throttled"       // throttled periods over periods of the busiest replica, 0–1
	ThroughputRate Metric = "throughput"      // hits ok per second over hits offered per second, 0–1
	OOMKills       Metric = "oom_kills"       // count, of a trial
	Restarts       Metric = "restarts"        // count, of a trial; OOM kills are restarts too
	MemoryUse      Metric = "memory_of_limit" // peak working set over memory limit, 0–1
	CPUUse         Metric = "cpu_of_limit"    // CPU usage over CPU limit, 0–1
)

// SLO is one line such as "p99 < 200ms". It is met when the measured value compares as stated; a value that is not
// known never meets and never misses it.
type SLO struct {
	Metric Metric `json:"metric"`
	// Quantile of the response time, 0–1; 0 for every other metric.
	Quantile float64 `json:"quantile,omitempty"`
	// AtLeast is true for "throughput >= 99%": the value must be at least the bound. Otherwise it must stay below
	// (or at) the bound.
	AtLeast bool `json:"at_least,omitempty"`
	// Strict is true for < and >, false for <= and >=.
	Strict bool `json:"strict"`
	// Time is the bound of a response time; Value that of every other metric (a ratio 0–1, or a count).
	Time  time.Duration `json:"time_ns,omitempty"`
	Value float64       `json:"value,omitempty"`
	// Text is the line as written, for messages.
	Text string `json:"text"`
}
