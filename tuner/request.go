package tuner

import (
	"fmt"

	"github.com/plimsoll/plimsoll/scenarios"
)

// withRequests sets the requests that go with the limits, by the QoS policy:
//
//	guaranteed     request = limit: the scheduler sets aside what the limit allows
//	burstable      request = usage at the stated load, so that the scheduler and the HPA count what is really used:
//	               CPU the 95th percentile of one-second rates, memory the largest working set; both ≤ limit
//	no-cpu-limit   as burstable, with no CPU limit to stay below
//
// Where usage is not known the request is the limit, as Kubernetes itself takes it. Containers that are not tuned keep theirs.
func (h history) withRequests(settings Settings) Settings {
	out := append(Settings(nil), settings...)
	for i := range out {
		c := &out[i]
		if h.derives(Limit{c.Container, CPU}) {
			c.CPURequest = scenarios.MilliCPU(h.requestOf(Limit{c.Container, CPU}, int64(c.CPULimit)))
		}
		if h.derives(Limit{c.Container, Memory}) {
			c.MemoryRequest = scenarios.Bytes(h.requestOf(Limit{c.Container, Memory}, int64(c.MemoryLimit)))
		}
	}
	return h.goal.allowed(out)
}

// derives says whether the request of a resource is derived: its limit is searched, or left off on purpose.
func (h history) derives(l Limit) bool {
	if _, ok := h.searched(l); ok {
		return true
	}
	_, tuned := h.searched(Limit{l.Container, Memory})
	return tuned && l.Resource == CPU && h.goal.Tuning.QoS == scenarios.NoCPULimit
}

// requestOf derives one request; limit 0 is "not set".
func (h history) requestOf(l Limit, limit int64) int64 {
	usage := h.usageFor(l)
	if usage == 0 || h.goal.Tuning.QoS == scenarios.Guaranteed && limit > 0 {
		return limit
	}
	request := roundUp(l.Resource, usage)
	if limit > 0 {
		request = min(request, limit)
	}
	return request
}

// usageFor is what a request rests on: usage at the stated load in millicores or bytes, of the newest trial that
// passed and knows it; 0 where none does. For CPU a trial of warm replicas with the memory limits of the newest trial goes before
// one of fresh ones that do worse: a request stands for all of their life.
func (h history) usageFor(l Limit) float64 {
	if l.Resource == CPU {
		warm := func(i int) bool { return h.warmedUp(i) && h.sameOf(Memory, i, len(h.trials)-1) }
		if usage := h.usageWhere(l, warm); usage > 0 {
			return usage
		}
	}
	return h.usageWhere(l, func(int) bool { return true })
}

// usageWhere is usageFor over the trials that count.
func (h history) usageWhere(l Limit, counts func(trial int) bool) float64 {
	for i := len(h.trials) - 1; i >= 0; i-- {
		t := &h.trials[i]
		if t.Verdict.Judgement != Pass || t.Step.Purpose == Confirm || !counts(i) {
			continue
		}
		u := h.use(i, l.Container)
		switch {
		case l.Resource == CPU && u.cpuP95 != nil:
			return *u.cpuP95 * 1000
		case l.Resource == Memory && u.set != nil:
			return float64(*u.set)
		}
	}
	return 0
}

// requestReason says in words why a request is what it is.
func (h history) requestReason(l Limit, settings Settings) string {
	c, _ := settings.Of(l.Container)
	request := int64(c.CPURequest)
	if l.Resource == Memory {
		request = int64(c.MemoryRequest)
	}
	text := limitText(l.Resource, request)
	usage := h.usageFor(l)
	switch {
	case h.goal.Tuning.QoS == scenarios.Guaranteed:
		return text + ": equal to the limit (guaranteed)"
	case usage == 0:
		return text + ": the limit, because usage is not known"
	case l.Resource == CPU:
		return fmt.Sprintf("%s: the 95th percentile of usage at the stated load, %.0fm", text, usage)
	}
	return fmt.Sprintf("%s: the largest working set at the stated load, %s", text, limitText(Memory, roundUp(Memory, usage)))
}
