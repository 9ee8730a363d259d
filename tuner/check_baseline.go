package tuner

import "slices"

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

// SameLoad says whether two goals put the same load on a workload in the scenarios of a check: names, shapes and warm-up.
func SameLoad(a, b Goal) bool {
	for _, name := range []string{b.Tuning.Probe, b.Tuning.Confirm} {
		i, j := scenarioIndex(a, name), scenarioIndex(b, name)
		if i < 0 || j < 0 || a.Scenarios[i].Warmup != b.Scenarios[j].Warmup || !slices.Equal(a.Scenarios[i].Stages, b.Scenarios[j].Stages) {
			return false
		}
	}
	return true
}

func scenarioIndex(g Goal, name string) int {
	for i, s := range g.Scenarios {
		if s.Name == name {
			return i
		}
	}
	return -1
}
