package sim

import (
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// Service is the model of one workload. The latency of a hit is the sum over the containers of a replica of what each
// takes with endless CPU, stretched by its curve.
type Service struct {
	// Replicas share the load evenly, 1 or more.
	Replicas int
	// Rate is the offered rate, in hits per second of one replica, at which the figures of the containers hold. CPU
	// usage is proportional to the rate.
	Rate float64
	// Timeout censors a hit.
	Timeout time.Duration
	// Containers in the order of the settings; at least one.
	Containers []Container
	// Run-to-run noise: standard deviations of ln(response time), of ln(memory) and of ln(CPU usage); ratios ≥ 0.
	LatencyNoise, MemoryNoise, UsageNoise float64
	// LockAt is the rate, in hits per second of one replica, at which a lock saturates whatever the limits; 0: no lock.
	LockAt float64
	// StartTimeout is how long a replica may take to become Ready; 0: one minute.
	StartTimeout time.Duration
}

// Container is the model of one container.
type Container struct {
	Name string
	// Usage is the CPU used at Service.Rate, in millicores.
	Usage float64
	// Base is the p99 of this container's part of a hit with endless CPU.
	Base time.Duration
	// Curve says how Base grows as the CPU limit nears usage.
	Curve Curve
	// Cliff raises the latency at CPU limits from CliffFrom up to CliffTo by the factor Cliff: a runtime that changes
	// its garbage collector or its number of threads there. 0: none.
	CliffFrom, CliffTo, Cliff float64
	// Warming is how much more CPU fresh replicas use than warm ones, as a ratio: a runtime that compiles its code while it
	// serves. A replica is fresh for the whole of the trial it was started for. 0: no more.
	Warming float64
	// StartCPU is the CPU time from start to Ready, in seconds.
	StartCPU float64
	// Anon is anonymous memory at Service.Rate, File the file pages that the load touches all the time, Cache the ones it
	// touches once: Anon + File is the need, all three the peak. StartMemory is needed, as anonymous memory, before Ready.
	Anon, File, Cache, StartMemory scenarios.Bytes
	// HeapShare is the share of the memory limit that a garbage-collected heap grows to when it may, 0–1; Anon is then its
	// live part. The nearer the heap is to it, the more CPU collection takes. 0: the heap does not look at the limit.
	HeapShare float64
	// StarvedMemory is how much the need grows, as a ratio, where every period is throttled: a starved collector lags.
	StarvedMemory float64
	// Leak per ok hit of one replica; never given back.
	Leak scenarios.Bytes
	// FillHits is the number of hits after which the cache is full; 0: at once.
	FillHits float64
}

// Curve gives the factor by which latency is stretched and the throttled ratio, 0–1, at depth = limit / usage. It is
// asked only where depth > 1; below it a container can't keep up.
type Curve func(depth float64) (stretch, throttled float64)

// startTimeout is StartTimeout, or what it stands for.
func (s *Service) startTimeout() time.Duration {
	if s.StartTimeout == 0 {
		return time.Minute
	}
	return s.StartTimeout
}
