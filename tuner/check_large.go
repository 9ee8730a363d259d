package tuner

import (
	"fmt"

	"github.com/plimsoll/plimsoll/scenarios"
)

// largeFactor is how many times the largest use seen a request or limit may be before it is called too large. It is this
// program's own choice: derived limits keep 5–30 % above the need, so at twice the need half of it is certainly spare.
const largeFactor = 2

// tooLarge adds the requests and limits of more than largeFactor times the largest use in any trial. Use is the largest
// CPU of a second and the larger of working set and start-up peak; where one is not known nothing is called too large.
func (c *Check) tooLarge(g CheckGoal, trials []Trial) {
	trials = Comparable(trials)
	if len(trials) == 0 || c.Judgement == Inconclusive {
		return
	}
	numbers := []int{}
	for _, t := range trials {
		numbers = append(numbers, t.Number)
	}
	for _, s := range g.Goal.Before {
		cpu, memory, ok := largestUse(trials, s.Container)
		if !ok {
			continue
		}
		c.large(g, s.Container, CPU, int64(s.CPURequest), int64(s.CPULimit), int64(cpu), numbers)
		c.large(g, s.Container, Memory, int64(s.MemoryRequest), int64(s.MemoryLimit), int64(memory), numbers)
	}
}

// large adds one finding where the request or the limit of a resource is too large for what was used.
func (c *Check) large(g CheckGoal, container string, r Resource, request, limit, used int64, numbers []int) {
	if max(request, limit) <= largeFactor*used {
		return
	}
	c.Findings = append(c.Findings, CheckFinding{RuleTooLarge, g.FailOnTooLarge, container, fmt.Sprintf(
		"%s of %s: request %s and limit %s, up to %.1f times the most that was used, %s; \"plimsoll tune\" derives what is enough",
		resourceText(r), container, limitText(r, request), limitText(r, limit), float64(max(request, limit))/float64(used),
		limitText(r, roundUp(r, float64(used)))), numbers})
}

func resourceText(r Resource) string {
	if r == CPU {
		return "CPU"
	}
	return string(r)
}

// largestUse is the most CPU in a second and the most memory of any replica in any trial; ok is false where one is not
// known.
func largestUse(trials []Trial, container string) (cpu scenarios.MilliCPU, memory scenarios.Bytes, ok bool) {
	for i := range trials {
		for _, u := range uses(&trials[i], container) {
			if u.CPUMax == nil || u.WorkingSet == nil {
				return 0, 0, false
			}
			cpu, memory, ok = max(cpu, scenarios.MilliCPU(*u.CPUMax*1000+0.5)), max(memory, *u.WorkingSet), true
		}
	}
	return cpu, memory, ok && cpu > 0 && memory > 0
}
