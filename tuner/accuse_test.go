package tuner

import (
	"testing"

	"github.com/plimsoll/plimsoll/scenarios"
)

// Which limit a failure after one step is evidence against. The trial before it passed at 300m and 96Mi, using 240m.
func TestAccuses(t *testing.T) {
	cpu, memory := Limit{"app", CPU}, Limit{"app", Memory}
	trial := func(cpuLimit scenarios.MilliCPU, memoryLimit scenarios.Bytes, used float64, v Verdict) Trial {
		r := scenarios.Resources{CPULimit: cpuLimit, MemoryLimit: memoryLimit << 20}
		return Trial{Step: Step{Settings: Settings{{"app", r}}}, Verdict: v,
			Observation: Observation{Containers: []ContainerUse{{Container: "app", CPULimit: r.CPULimit, MemoryLimit: r.MemoryLimit, CPU: &used}}}}
	}
	goal := Goal{Limits: []Searched{{cpu, 10, 4000}, {memory, 1 << 20, 1 << 30}}}
	passed := trial(300, 96, 0.24, Verdict{Judgement: Pass})
	for name, c := range map[string]struct {
		failed Trial
		want   Limit // zero: none
	}{
		"less CPU, pegged":                         {trial(270, 96, 0.27, Verdict{Judgement: Fail, Mode: CPUPegged, Culprit: &cpu}), cpu},
		"less CPU, killed with CPU to spare":       {trial(270, 96, 0.2, Verdict{Judgement: Fail, Mode: OOM, Culprit: &memory}), memory},
		"less CPU, killed while pegged":            {trial(230, 96, 0.23, Verdict{Judgement: Fail, Mode: OOM, Culprit: &memory}), cpu},
		"less CPU, thrashing by more than ever":    {trial(270, 96, 0.27, Verdict{Judgement: Fail, Mode: Thrashing, Culprit: &memory}), memory},
		"less CPU, thrashing by no more than ever": {trial(240, 96, 0.24, Verdict{Judgement: Fail, Mode: Thrashing, Culprit: &memory}), cpu},
		"less memory, pegged by more than ever":    {trial(300, 90, 0.29, Verdict{Judgement: Fail, Mode: CPUPegged, Culprit: &cpu}), memory},
		"less memory, pegged by no more than ever": {trial(300, 90, 0.24, Verdict{Judgement: Fail, Mode: CPUPegged, Culprit: &cpu}), cpu},
		"more memory, pegged by more than ever":    {trial(300, 99, 0.29, Verdict{Judgement: Fail, Mode: CPUPegged, Culprit: &cpu}), cpu},
		"less memory, nothing near":                {trial(300, 90, 0.1, Verdict{Judgement: Fail, Mode: Saturation}), memory},
		"more memory, nothing near":                {trial(300, 99, 0.1, Verdict{Judgement: Fail, Mode: Saturation}), Limit{}},
		"more CPU, nothing near":                   {trial(330, 96, 0.1, Verdict{Judgement: Fail, Mode: Saturation}), cpu},
	} {
		h := newHistory(goal, []Trial{passed, c.failed})
		for _, l := range []Limit{cpu, memory} {
			if got := h.blames(1, l); got != (l == c.want) {
				t.Errorf("%s: %s blamed %v", name, limitName(l), got)
			}
		}
	}
}
