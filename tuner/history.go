package tuner

import (
	"math"

	"github.com/plimsoll/plimsoll/scenarios"
)

// history is what a search knows when it decides: its goal and its trials, oldest first. The digest
// follows from the two, so that the same trials always give the same step.
type history struct {
	goal   Goal
	trials []Trial
	*digest
}

// last returns the newest trial; nil where there is none.
func (h history) last() *Trial {
	if len(h.trials) == 0 {
		return nil
	}
	return &h.trials[len(h.trials)-1]
}

// lastSettings are those of the newest trial.
func (h history) lastSettings() Settings { return h.last().Step.Settings }

// passing returns the number of trials that passed.
func (h history) passing() int {
	n := 0
	for i := range h.trials {
		if h.trials[i].Verdict.Judgement == Pass {
			n++
		}
	}
	return n
}

// valueOf returns the limit's value in settings, in millicores or bytes; 0 is "not set".
func valueOf(s Settings, l Limit) int64 {
	c, _ := s.Of(l.Container)
	if l.Resource == CPU {
		return int64(c.CPULimit)
	}
	return int64(c.MemoryLimit)
}

// withLimit returns a copy of s with one limit at value. Its request moves with it: equal under guaranteed, otherwise
// lowered where it would exceed the limit.
func withLimit(s Settings, l Limit, value int64, qos scenarios.QoS) Settings {
	out := append(Settings(nil), s...)
	for i := range out {
		c := &out[i]
		if c.Container != l.Container {
			continue
		}
		if l.Resource == CPU {
			c.CPULimit = scenarios.MilliCPU(value)
			c.CPURequest = moved(c.CPURequest, c.CPULimit, qos)
			continue
		}
		c.MemoryLimit = scenarios.Bytes(value)
		c.MemoryRequest = moved(c.MemoryRequest, c.MemoryLimit, qos)
	}
	return out
}

// moved is the request beside a new limit.
func moved[T scenarios.MilliCPU | scenarios.Bytes](request, limit T, qos scenarios.QoS) T {
	if qos == scenarios.Guaranteed && limit > 0 {
		return limit
	}
	if limit > 0 && request > limit {
		return limit
	}
	return request
}

// use is what the busiest replica of one container used in one trial. nil is "not known".
type use struct {
	cpu, cpuP95             *float64 // cores
	anon, mapped, peak, set *scenarios.Bytes
}

// useOf takes the largest of each figure over the replicas of a container.
func useOf(o *Observation, container string) use {
	var u use
	for i := range o.Containers {
		c := &o.Containers[i]
		if c.Container != container {
			continue
		}
		u.cpu = larger(u.cpu, c.CPU)
		u.cpuP95 = larger(u.cpuP95, c.CPUP95)
		u.anon = larger(u.anon, c.AnonPeak)
		u.mapped = larger(u.mapped, c.MappedFile)
		u.peak = larger(u.peak, c.MemoryPeak)
		u.set = larger(u.set, c.WorkingSet)
	}
	return u
}

func larger[T float64 | scenarios.Bytes](a, b *T) *T {
	if a == nil || (b != nil && *b > *a) {
		return b
	}
	return a
}

// accuses says whether a failed trial is evidence against the value that limit l had in it. One limit moves at a time, so
// a failure right after one moved, in a search that passed just before, is that limit's, with three exceptions: where
// memory is lacking (see lacksMemory), it is the culprit wherever the step moved; where memory was raised, which does no
// harm, it is the limit that is near, if any; and where memory was lowered and only a CPU limit is near, with no more CPU used than
// ever, it is that CPU limit, unless it fails again; and it is that CPU limit after all where later trials passed with more
// of it and no more memory.
func (h history) accuses(i int, l Limit) bool {
	culprit := h.trials[i].Verdict.Culprit
	moved, raised := h.movedAt(i)
	if moved != nil && culprit == nil && raised && moved.Resource == Memory {
		return false
	}
	if moved == nil || culprit != nil && *culprit != *moved &&
		(culprit.Resource == Memory && h.lacksMemory(i, *moved) ||
			moved.Resource == Memory && (raised || !h.usesMore(i, *culprit) && !h.failedBefore(i) || h.absolved(i, *moved, *culprit))) {
		return culprit != nil && *culprit == l
	}
	return *moved == l
}

// lacksMemory says whether trial i, after a step of moved, failed for want of memory: it ran out while the CPU still had
// room, or reading pages back took more CPU than the service ever has to use.
func (h history) lacksMemory(i int, moved Limit) bool {
	mode := h.trials[i].Verdict.Mode
	return ranOut(mode) && (!h.starved(i, moved) || mode == Thrashing && h.usesMore(i, moved))
}

// absolved says whether later trials show that a memory limit was enough in trial i and only the CPU limit short: those with no
// more of that memory and more of that CPU mostly passed, and used no more CPU than ever (a collector short of memory passes
// too where it gets all the CPU it then needs). A cold trial says nothing of what a longer life needs.
func (h history) absolved(i int, memory, cpu Limit) bool {
	if cpu.Resource != CPU || !h.starved(i, cpu) {
		return false
	}
	balance := 0
	for j := i + 1; j < len(h.trials); j++ {
		t := &h.trials[j]
		if h.value(j, memory) > h.value(i, memory) || h.value(j, cpu) <= h.value(i, cpu) || t.Observation.Fresh && !h.trials[i].Observation.Fresh {
			continue
		}
		switch {
		case t.Verdict.Judgement == Fail:
			balance--
		case t.Verdict.Judgement == Pass && !h.usesMore(j, cpu):
			balance++
		}
	}
	return balance > 0
}

// ranOut says whether a failure is one for want of memory, and not just slowness beside a limit that is nearly full.
func ranOut(m Mode) bool {
	return m != HighLatency && m != LatencyVariance && m != DroppedHits && m != Saturation && m != CreepingSaturation
}

// failedBefore says whether an earlier trial failed at the same limits.
func (h history) failedBefore(i int) bool {
	for j := range i {
		if h.trials[j].Verdict.Judgement == Fail && h.firstSame[j] == h.firstSame[i] {
			return true
		}
	}
	return false
}

// usesMore says whether a container used more CPU in trial i than it ever has to: what a collector or a kernel short
// of memory does, and plain noise does not.
func (h history) usesMore(i int, l Limit) bool {
	now := h.use(i, l.Container)
	if now.cpu == nil {
		return true
	}
	for j := range h.trials {
		then := h.use(j, l.Container)
		if h.trials[j].Verdict.Judgement == Pass && h.alike(i, j) && then.cpu != nil && *now.cpu > 1.08**then.cpu {
			return true
		}
	}
	return false
}

// movedAt returns the one limit that trial i has elsewhere than the last trial that passed before it, and whether it is
// higher now: the one that was lowered, if one was; else the one that was raised, if one was; nil otherwise. Beside a lowered
// memory limit, whatever was raised counts for nothing; beside a lowered CPU limit only more memory does, which does no harm.
func (h history) movedAt(i int) (moved *Limit, raised bool) {
	j := h.passedBefore(i)
	if j < 0 {
		return nil, false
	}
	var up, down *Limit
	ups, downs, rooms := 0, 0, 0
	for k := range h.goal.Limits {
		l := &h.goal.Limits[k].Limit
		switch now, then := h.value(i, *l), h.value(j, *l); {
		case now < then:
			down, downs = l, downs+1
		case now > then:
			up, ups = l, ups+1
			if l.Resource == CPU {
				rooms++
			}
		}
	}
	switch {
	case downs == 0 && ups == 1:
		return up, true
	case downs == 1 && (rooms == 0 || down.Resource == Memory):
		return down, false
	}
	return nil, false
}

// passedBefore is the last trial that passed before trial i; −1 where none did.
func (h history) passedBefore(i int) int {
	for j := i - 1; j >= 0; j-- {
		if h.trials[j].Verdict.Judgement == Pass {
			return j
		}
	}
	return -1
}

// starved says whether l is a CPU limit whose container used nearly all of it in trial i: then hits pile up in memory,
// and an OOM kill says nothing about the memory that a served load needs.
func (h history) starved(i int, l Limit) bool {
	u := h.use(i, l.Container)
	value := h.value(i, l)
	return l.Resource == CPU && value > 0 && u.cpu != nil && *u.cpu*1000 >= 0.93*float64(value)
}

// spanOf is the natural logarithm of a value.
func spanOf(value int64) float64 { return math.Log(float64(value)) }
