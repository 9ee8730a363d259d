package tuner

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// Where a limit is near. The throttled ratio jumps from a few percent to most periods within 5 % of the limit, and a
// service is slowed by it before its mean usage reaches the limit.
const (
	// nearThrottled is a throttled ratio from which throttling explains slowness: hits that hit a throttled period are
	// then more than a p99 forgives.
	nearThrottled = 0.05
	// nearCPU is mean usage over the CPU limit from which the limit explains slowness.
	nearCPU = 0.85
	// peggedThrottled and peggedCPU: usage at the limit itself.
	peggedThrottled = 0.5
	peggedCPU       = 0.95
	// nearMemory is the peak working set over the memory limit from which pages are being taken away. reclaimMemory is
	// enough where the kernel's high-water mark stands at the limit and pages are seen to be read back.
	nearMemory, reclaimMemory = 0.9, 0.75
	// startThrottled is the throttled ratio of a start-up that the CPU limit made too slow.
	startThrottled = 0.25
)

// What shows that pages are read back again and again. A service with room reads its files once; one that lacks a few
// hundred KiB reads back thousands of pages of 4 KiB a second, and CPU usage and throttling rise with it.
const (
	thrashRefaults = 100.0 // file pages read back after reclaim, per second
	thrashHits     = 50.0  // allocations that ran into the memory limit, per second
	thrashStall    = 0.1   // PSI "some" memory, ratio of time
)

// failure is how a trial failed.
type failure struct {
	mode    Mode
	culprit *Limit
	why     string
}

// oomFailure explains OOM kills. The first decides: later ones may be its echo. In a confirming soak a kill at the end
// of steady growth is memory creep, which more memory only puts off.
func (h *hearing) oomFailure(m measured) failure {
	kills := killsOf(h.o.Kills, "", 0, isOOM)
	if len(kills) == 0 { // counted by the kernel, seen by nobody
		mode, what := ChildOOM, "a process in "
		if slices.ContainsFunc(h.o.Containers, func(c ContainerUse) bool { return c.Container == m.Container && c.Restarts > 0 }) {
			mode, what = OOM, ""
		}
		return failure{mode, h.limit(m.Container, Memory), fmt.Sprintf("the kernel counts %s of %s%s at a memory limit of %s",
			plural(int64(*m.Value), "OOM kill"), what, replicaText(m.Container, m.Replica, h.goal), h.memoryLimitText(m.Container))}
	}
	k := kills[0]
	f := failure{OOM, h.limit(k.Container, Memory), ""}
	who := replicaText(k.Container, k.Replica, h.goal)
	switch k.Kind {
	case OOMAtStart:
		f.mode, f.why = OOMStart, fmt.Sprintf("%s was OOM-killed before it was Ready, at a memory limit of %s", who, h.memoryLimitText(k.Container))
		return f
	case OOMChild:
		f.mode, who = ChildOOM, "a child process of "+who
	}
	f.why = fmt.Sprintf("%s was OOM-killed %s at a memory limit of %s", who, whenText(k.At), h.memoryLimitText(k.Container))
	for _, l := range h.leaks {
		if l.Growth == Grows && l.Container == k.Container {
			f.mode, f.why = MemoryCreep, f.why+" after steady growth: "+l.Why
		}
	}
	return f
}

// endFailure explains containers that ended for another reason than an OOM kill, the first in time.
func (h *hearing) endFailure(kills []Kill) failure {
	k := kills[0]
	who := replicaText(k.Container, k.Replica, h.goal)
	switch k.Kind {
	case OOMKill, OOMAtStart:
		return failure{map[KillKind]Mode{OOMKill: OOM, OOMAtStart: OOMStart}[k.Kind], h.limit(k.Container, Memory),
			fmt.Sprintf("%s was OOM-killed at a memory limit of %s", who, h.memoryLimitText(k.Container))}
	case LivenessKill:
		p := h.pressure()
		return failure{Liveness, p.limit, fmt.Sprintf("%s was killed by its liveness probe %s%s", who, whenText(k.At), andText(p.text))}
	}
	f := failure{Crashed, nil, fmt.Sprintf("%s exited by itself %s%s", who, whenText(k.At), codeText(k.ExitCode))}
	if line, ok := outOfMemory(k.Output); ok {
		f.culprit = h.limit(k.Container, Memory)
		f.why += fmt.Sprintf(", its runtime out of memory: %q", line)
	}
	return f
}

// outOfMemory finds the line in which a runtime that sizes its heap from the memory limit says that it is too small.
func outOfMemory(output []string) (line string, ok bool) {
	for _, line := range output {
		for _, says := range []string{
			"java.lang.OutOfMemoryError", "insufficient memory for the Java Runtime", "Could not reserve enough space",
			"JavaScript heap out of memory", "MemoryError", "std::bad_alloc", "annot allocate memory", "runtime: out of memory",
		} {
			if strings.Contains(line, says) {
				return strings.TrimSpace(line), true
			}
		}
	}
	return "", false
}

// startFailure explains a replica that did not become Ready. Memory before CPU: reading pages back takes CPU too.
func (h *hearing) startFailure() failure {
	if kills := killsOf(h.o.Kills, "", 0, isOOM); len(kills) > 0 {
		return failure{OOMStart, h.limit(kills[0].Container, Memory), fmt.Sprintf("%s was OOM-killed before it was Ready, at a memory limit of %s",
			replicaText(kills[0].Container, kills[0].Replica, h.goal), h.memoryLimitText(kills[0].Container))}
	}
	if kills := killsOf(h.o.Kills, "", 0, func(k KillKind) bool { return k == Crash || k == LivenessKill }); len(kills) > 0 {
		return h.endFailure(kills)
	}
	for _, c := range h.o.Containers {
		if text, ok := thrashing(c, h.o.Applying); ok {
			return failure{Thrashing, h.limit(c.Container, Memory), "it did not become Ready: " + text}
		}
	}
	r := busiest(h.o, "", func(c ContainerUse) *float64 { return c.StartupThrottled })
	if r.value == nil {
		return failure{NotReady, nil, "it did not become Ready in its time; whether it was throttled is not known"}
	}
	if *r.value < startThrottled {
		return failure{NotReady, nil, fmt.Sprintf("it did not become Ready in its time, throttled in %s of periods", percentText(*r.value))}
	}
	return failure{NotReadyCPU, h.limit(r.container, CPU), "it did not become Ready in its time: " + h.throttledText(r)}
}

// sloFailure names how SLOs were missed and which limit explains it. why holds the figures of those missed.
func (h *hearing) sloFailure(missed []scenarios.SLO, why string) failure {
	p := h.pressure()
	f := failure{h.symptom(missed), p.limit, why + andText(p.text)}
	switch {
	case p.thrashing:
		f.mode = Thrashing
	case p.pegged:
		f.mode = CPUPegged
	case p.text == "" && f.mode == HighLatency && h.sees():
		f.mode = Saturation
		if c := h.growing(); c != nil {
			f.mode, f.why = CreepingSaturation, f.why+"; "+c.Why
		}
	}
	switch {
	case p.text == "" && h.sees():
		f.why += "; no container is near a limit"
	case p.text == "":
		f.why += "; whether a container is near a limit is not known"
	}
	return f
}

// sees is whether usage and throttling are known of every container with a limit, so that none near it means none.
func (h *hearing) sees() bool {
	for _, c := range h.o.Containers {
		if c.CPULimit > 0 && (c.CPU == nil || c.Periods == nil || c.ThrottledPeriods == nil) || c.MemoryLimit > 0 && c.WorkingSet == nil {
			return false
		}
	}
	return len(h.o.Containers) > 0
}

// symptom names a failure by what a caller sees.
func (h *hearing) symptom(missed []scenarios.SLO) Mode {
	for _, s := range missed {
		switch s.Metric {
		case scenarios.ErrorRatio, scenarios.ThroughputRate:
			return errorSymptom(h.o.Load)
		case scenarios.ThrottledRatio, scenarios.CPUUse:
			return CPUPegged
		case scenarios.MemoryUse:
			return MemoryHigh
		}
	}
	for _, s := range missed {
		if hits, _, ok := counted(h.o.Load); ok && float64(neverAnswered(h.o.Load)) > (1-s.Quantile)*float64(hits) {
			return DroppedHits
		}
		if median, ok := h.o.Load.Quantile(0.5); ok && s.Quantile > 0.5 && !median.AtLeast && median.Time < s.Time/2 {
			return LatencyVariance
		}
	}
	return HighLatency
}

// errorSymptom tells replies that were not as expected from hits that got none.
func errorSymptom(load *Load) Mode {
	if load == nil {
		return DroppedHits
	}
	wrong := load.Outcomes["unexpected_status"] + load.Outcomes["unexpected_body"] + load.Outcomes["protocol"] + load.Outcomes["tls"]
	lost := -wrong - load.Outcomes["ok"]
	for _, n := range load.Outcomes {
		lost += n
	}
	if wrong >= lost && wrong > 0 {
		return Errors
	}
	return DroppedHits
}

// pressure is the limit that a service is up against.
type pressure struct {
	limit             *Limit // nil where none is near, or where the container carries no such limit
	thrashing, pegged bool
	text              string // with figures; empty where none is near
}

// pressure finds the limit that explains a slow or failing service: memory where pages are read back again and again
// (the CPU that this takes looks like a CPU shortage and is none), else the CPU limit of the container with the
// highest throttled ratio, else the highest usage over limit. Where none is near, none is named.
func (h *hearing) pressure() pressure {
	for _, c := range h.o.Containers {
		if text, ok := thrashing(c, h.o.Window); ok {
			return pressure{h.limit(c.Container, Memory), true, false, text}
		}
	}
	throttled := busiest(h.o, "", ContainerUse.ThrottledRatio)
	if v := throttled.value; v != nil && *v >= nearThrottled {
		usage := busiest(h.o, throttled.container, cpuOfLimit)
		p := pressure{limit: h.limit(throttled.container, CPU), pegged: *v >= peggedThrottled || usage.value != nil && *usage.value >= peggedCPU}
		p.text = h.throttledText(throttled)
		if usage.value != nil {
			p.text += fmt.Sprintf(", using %s of it", percentText(*usage.value))
		}
		return p
	}
	cpu, memory := busiest(h.o, "", cpuOfLimit), busiest(h.o, "", memoryOfLimit)
	switch near := func(r reading, from float64) bool { return r.value != nil && *r.value >= from }; {
	case near(cpu, nearCPU) && (!near(memory, nearMemory) || *cpu.value >= *memory.value):
		return pressure{h.limit(cpu.container, CPU), false, *cpu.value >= peggedCPU,
			fmt.Sprintf("%s used %s of its CPU limit of %s", cpu.container, percentText(*cpu.value), h.cpuLimitText(cpu.container))}
	case near(memory, nearMemory):
		return pressure{h.limit(memory.container, Memory), false, false,
			fmt.Sprintf("%s held %s of its memory limit of %s", memory.container, percentText(*memory.value), h.memoryLimitText(memory.container))}
	}
	return pressure{}
}

// throttledText is a throttled ratio, which is known, in words.
func (h *hearing) throttledText(r reading) string {
	return fmt.Sprintf("%s was throttled in %s of periods at %s", r.container, percentText(*r.value), h.cpuLimitText(r.container))
}

// leastWindow is taken for a window that is shorter, or not known: a few pages read in an instant are no rate.
const leastWindow = 10 * time.Second

// thrashing is whether a container lacks so little memory that nothing is killed, yet its pages are taken away and read
// back again and again: its memory beside the limit, and refaults, limit hits or memory pressure high.
func thrashing(c ContainerUse, window time.Duration) (text string, ok bool) {
	held := memoryOfLimit(c)
	full := c.MemoryPeak != nil && float64(*c.MemoryPeak) >= 0.98*float64(c.MemoryLimit)
	if held == nil || *held < reclaimMemory || *held < nearMemory && !full {
		return "", false
	}
	perSecond := func(n *int64) float64 {
		if n == nil {
			return 0
		}
		return float64(*n) / max(window, leastWindow).Seconds()
	}
	var signs []string
	if r := perSecond(c.Refaults); r >= thrashRefaults {
		signs = append(signs, figures(r)+" pages read back per second")
	}
	if r := perSecond(c.LimitHits); r >= thrashHits && c.Refaults == nil {
		signs = append(signs, figures(r)+" allocations per second at the limit")
	}
	if c.MemoryStall != nil && *c.MemoryStall >= thrashStall {
		signs = append(signs, percentText(*c.MemoryStall)+" of the time waiting for memory")
	}
	if len(signs) == 0 {
		return "", false
	}
	return fmt.Sprintf("%s held %s of its memory limit of %s with %s", c.Container, percentText(*held), memoryText(c.MemoryLimit),
		strings.Join(signs, " and ")), true
}
