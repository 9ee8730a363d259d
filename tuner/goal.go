package tuner

import "github.com/plimsoll/plimsoll/scenarios"

// NewGoal makes the goal of a search from a scenario file.
func NewGoal(f scenarios.File) Goal {
	g := Goal{
		Replicas:  f.Workload.Replicas,
		SLOs:      map[string][]scenarios.SLO{},
		Tuning:    f.Tuning,
		Scenarios: f.Scenarios,
		Traffic:   f.Traffic.Digest(),
	}
	for _, s := range f.Scenarios {
		g.SLOs[s.Name] = append(append([]scenarios.SLO{}, f.SLOs...), s.SLOs...)
	}
	for _, c := range f.Workload.Containers {
		g.Before = append(g.Before, ContainerSettings{Container: c.Name, Resources: c.Resources})
		if !c.Tune {
			continue
		}
		if f.Tuning.CPU && f.Tuning.QoS != scenarios.NoCPULimit {
			g.Limits = append(g.Limits, Searched{Limit{c.Name, CPU}, int64(c.Bounds.CPUMin), int64(c.Bounds.CPUMax)})
		}
		if f.Tuning.Memory {
			g.Limits = append(g.Limits, Searched{Limit{c.Name, Memory}, int64(c.Bounds.MemoryMin), int64(c.Bounds.MemoryMax)})
		}
	}
	return g
}

// scenario is the scenario of that name; zero, without stages, where there is none.
func (g Goal) scenario(name string) scenarios.Scenario {
	for _, s := range g.Scenarios {
		if s.Name == name {
			return s
		}
	}
	return scenarios.Scenario{}
}
