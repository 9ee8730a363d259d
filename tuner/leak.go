package tuner

import "time"

// Growth is the leak verdict on one container's memory.
type Growth string

// The leak verdicts. Doubt is Unclear, never Flat.
const (
	Grows   Growth = "grows"   // steady growth that does not slow down: a leak
	Flat    Growth = "flat"    // no growth that this soak could have seen
	Unclear Growth = "unclear" // too short, too noisy, or growth that slows down
)

// Leak is what a soak says of the memory of one container.
type Leak struct {
	Container string `json:"container"`
	Replica   int    `json:"replica"`
	Growth    Growth `json:"growth"`
	// Slope of the post-collection floor in bytes per second, and the ends of its interval of 95 %; nil where there
	// were too few samples.
	Slope     *float64 `json:"slope_bytes_per_second"`
	SlopeLow  *float64 `json:"slope_low_bytes_per_second"`
	SlopeHigh *float64 `json:"slope_high_bytes_per_second"`
	// PerHit is the slope in bytes per hit that this replica answered, where that is known.
	PerHit *float64 `json:"slope_bytes_per_hit"`
	// Smallest slope that this soak would most likely (90 %) have called a leak, in bytes per second.
	Smallest *float64 `json:"smallest_leak_bytes_per_second"`
	// TimeToOOM from the end of the soak until the memory limit is reached at this slope; nil where it does not grow
	// or no limit is set.
	TimeToOOM *time.Duration `json:"time_to_oom_ns"`
	// Why in words, with the figures.
	Why string `json:"why"`
}

// leaksOf gives the leak verdict of every container of a soak.
func leaksOf(step Step, o Observation) []Leak { return nil }
