package sim

import (
	"fmt"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// New makes a Runner of a scenario file whose workload is of kind simulated. Where the workload has several containers
// the first does the work and the others take a hundredth of it.
func New(f scenarios.File) *Runner {
	m := f.Workload.Simulated
	rate := 1.0
	for _, s := range f.Scenarios {
		rate = max(rate, s.PeakRate())
	}
	rate /= float64(max(1, f.Workload.Replicas))
	s := Service{Replicas: max(1, f.Workload.Replicas), Rate: rate, Timeout: f.Traffic.Timeout, LatencyNoise: m.Noise,
		MemoryNoise: m.Noise, UsageNoise: m.Noise / 10, StartTimeout: f.Workload.Startup}
	if s.Timeout == 0 {
		s.Timeout = 10 * time.Second
	}
	for i, c := range f.Workload.Containers {
		share := 1.0
		if i > 0 {
			share = 0.01
		}
		s.Containers = append(s.Containers, fromFile(c.Name, m, rate, share))
	}
	return NewRunner(s, f.Scenarios, m.Seed)
}

// fromFile is one container: CPU usage is rate × CPU per hit, hits in flight follow Little's law (rate × time of a hit).
func fromFile(name string, m *scenarios.SimulatedService, rate, share float64) Container {
	hit := m.BaseService.Seconds() + m.CPUPerHit.Seconds()
	inFlight := rate * hit
	return Container{
		Name:     name,
		Usage:    rate * m.CPUPerHit.Seconds() * 1000 * share,
		Base:     time.Duration(share * float64(m.BaseService+2*m.CPUPerHit)),
		Curve:    Queue(1),
		StartCPU: m.StartupCPU.Seconds() * share,
		Anon:     scenarios.Bytes(share * (float64(m.MemoryBase) + inFlight*float64(m.MemoryPerHit) + float64(m.MemoryCache))),
		Leak:     scenarios.Bytes(share * float64(m.MemoryLeakPerHit)),
	}
}

// scenario finds a scenario by name.
func (r *Runner) scenario(name string) (scenarios.Scenario, error) {
	for _, s := range r.scenarios {
		if s.Name == name {
			return s, nil
		}
	}
	return scenarios.Scenario{}, fmt.Errorf("simulate: no scenario named %q", name)
}
