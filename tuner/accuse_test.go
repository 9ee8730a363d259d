package tuner

import (
	"testing"

	"github.com/plimsoll/plimsoll/scenarios"
)

// accusedTrial is a trial of one container, its memory limit in Mi and its usage in cores.
func accusedTrial(cpuLimit scenarios.MilliCPU, memoryLimit scenarios.Bytes, used float64, v Verdict) Trial {
	r := scenarios.Resources{CPULimit: cpuLimit, MemoryLimit: memoryLimit << 20}
	return Trial{Step: Step{Settings: Settings{{"app", r}}}, Verdict: v,
		Observation: Observation{Containers: []ContainerUse{{Container: "app", CPULimit: r.CPULimit, MemoryLimit: r.MemoryLimit, CPU: &used}}}}
}

// Which limit a failure after one step is evidence against. The trial before it passed at 300m and 96Mi, using 240m.
func TestAccuses(t *testing.T) {
	cpu, memory, trial := Limit{"app", CPU}, Limit{"app", Memory}, accusedTrial
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
		"less memory and more CPU, pegged again":   {trial(450, 90, 0.44, Verdict{Judgement: Fail, Mode: CPUPegged, Culprit: &cpu}), memory},
		"less memory and less CPU, pegged":         {trial(270, 90, 0.27, Verdict{Judgement: Fail, Mode: CPUPegged, Culprit: &cpu}), cpu},
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

// Twice it failed at 300m with less memory and all of the CPU used. What trials after that say of which of the two it was.
func TestAbsolved(t *testing.T) {
	cpu, memory, trial := Limit{"app", CPU}, Limit{"app", Memory}, accusedTrial
	goal := Goal{Limits: []Searched{{cpu, 10, 4000}, {memory, 1 << 20, 1 << 30}}}
	pass, fail := Verdict{Judgement: Pass}, Verdict{Judgement: Fail, Mode: CPUPegged, Culprit: &cpu}
	cold := trial(450, 90, 0.24, pass)
	cold.Observation.Fresh = true
	for name, c := range map[string]struct {
		then []Trial
		want Limit
	}{
		"nothing":                            {nil, memory},
		"it passes with more CPU":            {[]Trial{trial(450, 90, 0.24, pass)}, cpu},
		"it passes by using more CPU":        {[]Trial{trial(450, 90, 0.4, pass)}, memory},
		"it passes with more memory":         {[]Trial{trial(450, 93, 0.24, pass)}, memory},
		"it passes once and fails once":      {[]Trial{trial(450, 90, 0.24, pass), trial(450, 90, 0.44, fail)}, memory},
		"it passes cold, which says less":    {[]Trial{cold}, memory},
		"it passes with less memory as well": {[]Trial{trial(450, 85, 0.24, pass)}, cpu},
	} {
		h := newHistory(goal, append([]Trial{trial(300, 96, 0.24, pass), trial(300, 90, 0.29, fail), trial(300, 90, 0.29, fail)}, c.then...))
		for _, l := range []Limit{cpu, memory} {
			if got := h.blames(2, l); got != (l == c.want) {
				t.Errorf("%s: %s blamed %v", name, limitName(l), got)
			}
		}
	}
}
