package main

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/sim"
	"github.com/plimsoll/plimsoll/tuner"
)

// specimen is one service of the fleet, the goal of its search, and what is true of it.
type specimen struct {
	service  sim.Service
	goal     tuner.Goal
	bound    float64 // of p99, in seconds
	seed     uint64
	replayed bool // its curve is a table
	cliff    bool
	leaks    bool
	warms    bool // its fresh replicas use more CPU than warm ones
}

// memoryShare is the noise of peak memory as a share of that of latency, and usageShare that of CPU usage: sigma 5 %
// and 2 % in the simulations the targets come from.
const (
	memoryShare = 0.4
	usageShare  = 0.1
)

// newSpecimen draws a service: demand log-uniform over 50m–4 cores and 32Mi–8Gi, every other trait by its share.
func newSpecimen(r *rand.Rand, noise float64) specimen {
	s := specimen{seed: r.Uint64()}
	s.service = sim.Service{Replicas: 1, Rate: 100, Timeout: 5 * time.Second, LatencyNoise: noise, MemoryNoise: memoryShare * noise,
		UsageNoise: usageShare * noise}
	count := pick(r, 0.70, 0.25, 0.05) + 1
	total := 0.0
	names := []string{"app", "proxy", "agent"}
	for i := range count {
		c := s.container(r, names[i], i)
		total += c.Base.Seconds()
		s.service.Containers = append(s.service.Containers, c)
	}
	// The SLO is 2–8 times the p99 with endless CPU; the demand follows from it, so usage is set to meet the demand.
	factor := uniform(r, 2, 8)
	s.bound = factor * total
	for i := range s.service.Containers {
		c := &s.service.Containers[i]
		c.Usage = logUniform(r, 50, 4000) / depthAt(c.Curve, factor) / (1 + c.Warming)
		if i > 0 {
			c.Usage = max(c.Usage*0.1, 5)
		}
		c.StartCPU = min(20, c.Usage/1000*logUniform(r, 1, 20))
		if c.Cliff > 0 {
			demand := c.Usage * (1 + c.Warming) * depthAt(c.Curve, factor)
			c.CliffFrom, c.CliffTo = demand*1.5, demand*2.2
		}
	}
	s.goal = goalOf(s)
	return s
}

// container draws one container. i counts from 0; the first does most of the work.
func (s *specimen) container(r *rand.Rand, name string, i int) sim.Container {
	c := sim.Container{Name: name, Base: time.Duration(logUniform(r, 3e6, 50e6))}
	need := logUniform(r, 32, 8192) * float64(scenarios.MiB)
	if i > 0 {
		c.Base /= 10
		need = logUniform(r, 16, 256) * float64(scenarios.MiB)
	}
	file := uniform(r, 0, 0.1)
	switch pick(r, 0.35, 0.35, 0.3) {
	case 1: // a cache of pages that could be given back
		c.Cache = scenarios.Bytes(need * uniform(r, 0.1, 1))
	case 2: // a garbage-collected heap that looks at the limit
		c.HeapShare = uniform(r, 0.85, 0.92)
		file = min(file, 0.03)
		c.StarvedMemory = uniform(r, 0, 0.1)
	}
	c.Anon, c.File = scenarios.Bytes(need*(1-file)), scenarios.Bytes(need*file)
	if r.Float64() < 0.15 {
		c.StartMemory = scenarios.Bytes(need * uniform(r, 0.9, 1.15))
	}
	c.Curve = sim.Queue(uniform(r, 0.7, 1.5))
	if i == 0 && r.Float64() < 0.35 {
		curves := sim.MeasuredCurves()
		c.Curve, s.replayed = sim.Table(curves[r.IntN(len(curves))].Points), true
	}
	if i == 0 && r.Float64() < 0.05 {
		c.Cliff, s.cliff = uniform(r, 5, 10), true
	}
	if i == 0 && r.Float64() < 0.1 {
		c.Warming, s.warms = uniform(r, 0.05, 0.4), true
	}
	if i == 0 && r.Float64() < 0.02 {
		s.leaks = true
		c.Leak = scenarios.Bytes(need * 0.3 / (100 * 600))
	}
	return c
}

// depthAt is limit over usage at which a curve stretches latency by factor.
func depthAt(curve sim.Curve, factor float64) float64 {
	low, high := 1.001, 50.0
	for range 60 {
		middle := math.Sqrt(low * high)
		if stretch, _ := curve(middle); stretch > factor {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

// goalOf is what the search is told: the same bounds, budget and scenarios for all, and the SLOs of this one.
func goalOf(s specimen) tuner.Goal {
	bound := time.Duration(s.bound * float64(time.Second))
	f := scenarios.File{
		Workload: scenarios.Workload{Replicas: 1},
		SLOs: []scenarios.SLO{{Metric: scenarios.ResponseTime, Quantile: 0.99, Strict: true, Time: bound, Text: "p99 < " + bound.String()},
			{Metric: scenarios.ErrorRatio, Strict: true, Value: 0.001, Text: "errors < 0.1%"}},
		Scenarios: []scenarios.Scenario{flat("probe", scenarios.Ramp, 12*time.Second), flat("confirm", scenarios.Soak, 10*time.Minute)},
		Tuning: scenarios.Tuning{Start: scenarios.Conservative, CPU: true, Memory: true, QoS: scenarios.Burstable, MaxTrials: 80,
			MaxTime: 12 * time.Hour, Safety: 0.95, Probe: "probe", Confirm: "confirm"},
	}
	for _, c := range s.service.Containers {
		f.Workload.Containers = append(f.Workload.Containers, scenarios.Container{Name: c.Name, Tune: true,
			Bounds: scenarios.Bounds{CPUMin: 5, CPUMax: 16000, MemoryMin: 4 * scenarios.MiB, MemoryMax: 32 * scenarios.GiB}})
	}
	return tuner.NewGoal(f)
}

func flat(name string, kind scenarios.ScenarioKind, length time.Duration) scenarios.Scenario {
	return scenarios.Scenario{Name: name, Kind: kind, Warmup: 2 * time.Second,
		Stages: []scenarios.Stage{{From: 100, To: 100, For: length}}}
}

func uniform(r *rand.Rand, low, high float64) float64 { return low + r.Float64()*(high-low) }

func logUniform(r *rand.Rand, low, high float64) float64 {
	return math.Exp(uniform(r, math.Log(low), math.Log(high)))
}

// pick draws an index with the given shares, which sum to 1.
func pick(r *rand.Rand, shares ...float64) int {
	x := r.Float64()
	for i, s := range shares {
		if x < s {
			return i
		}
		x -= s
	}
	return len(shares) - 1
}
