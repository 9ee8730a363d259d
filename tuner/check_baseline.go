package tuner

import (
	"fmt"
	"slices"
)

// BaselineTrials are the trials of an earlier run that a check is compared with: those at the settings that it derived,
// or, where it derived none, at those of its last trial. nil where it has no trial at these settings.
func BaselineTrials(result *Result, trials []Trial) []Trial {
	var at Settings
	switch {
	case result != nil && len(result.Settings) > 0:
		at = result.Settings
	case len(trials) > 0:
		at = trials[len(trials)-1].Step.Settings
	}
	var all []Trial
	for _, t := range trials {
		same := slices.EqualFunc(t.Step.Settings, at, func(a, b ContainerSettings) bool {
			return a.Container == b.Container && a.CPULimit == b.CPULimit && a.MemoryLimit == b.MemoryLimit
		})
		if same {
			all = append(all, t)
		}
	}
	return all
}

// OtherLoad says how the load that a puts on a workload differs from that of b in the scenarios of a check of b: shapes,
// warm-up, what is sent, and over how many replicas, where both know it. Empty where it is the same. Traffic that is not
// known may be any.
func OtherLoad(a, b Goal) string {
	for _, name := range []string{b.Tuning.Probe, b.Tuning.Confirm} {
		i, j := scenarioIndex(a, name), scenarioIndex(b, name)
		switch {
		case i < 0 || j < 0:
			return fmt.Sprintf("scenario %s is in one of them alone", name)
		case a.Scenarios[i].Warmup != b.Scenarios[j].Warmup || !slices.Equal(a.Scenarios[i].Stages, b.Scenarios[j].Stages):
			return fmt.Sprintf("scenario %s has another shape", name)
		}
	}
	switch {
	case a.Traffic == "" || b.Traffic == "":
		return "what was sent is not recorded"
	case a.Traffic != b.Traffic:
		return "what is sent differs"
	case a.Replicas != b.Replicas && a.Replicas > 0 && b.Replicas > 0:
		return fmt.Sprintf("%d replicas and %d", a.Replicas, b.Replicas)
	}
	return ""
}

func scenarioIndex(g Goal, name string) int {
	for i, s := range g.Scenarios {
		if s.Name == name {
			return i
		}
	}
	return -1
}
