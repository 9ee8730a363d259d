package tuner

import (
	"fmt"

	"github.com/plimsoll/plimsoll/scenarios"
)

// largeFactor is how many times the largest use seen a request or limit may be before it is called too large. It is this
// program's own choice: derived limits keep 5–30 % above the need, so at twice the need half of it is certainly spare.
const largeFactor = 2

// tooLarge adds the requests and limits of more than largeFactor times the largest use in any trial, start-up included. Where
// that is not known nothing is called too large, and a note says so.
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
		if cpu := largestCPU(trials, s.Container); cpu > 0 {
			c.large(g, s.Container, CPU, int64(s.CPURequest), int64(s.CPULimit), int64(cpu), numbers)
		} else if s.CPURequest > 0 || s.CPULimit > 0 {
			c.Notes = append(c.Notes, unknownUse(CPU, s.Container))
		}
		if memory := largestMemory(trials, s.Container); memory > 0 {
			c.large(g, s.Container, Memory, int64(s.MemoryRequest), int64(s.MemoryLimit), int64(memory), numbers)
		} else if s.MemoryRequest > 0 || s.MemoryLimit > 0 {
			c.Notes = append(c.Notes, unknownUse(Memory, s.Container))
		}
	}
}

func unknownUse(r Resource, container string) string {
	return fmt.Sprintf("whether %s of %s is too large is not known: what it used from its start on could not be read", resourceText(r), container)
}

// large adds one finding where the request or the limit of a resource is too large for what was used.
func (c *Check) large(g CheckGoal, container string, r Resource, request, limit, used int64, numbers []int) {
	if max(request, limit) <= largeFactor*used {
		return
	}
	c.Findings = append(c.Findings, CheckFinding{RuleTooLarge, g.FailOnTooLarge, container, fmt.Sprintf(
		"%s of %s: request %s and limit %s, up to %.1f times the most that was used from its start on, %s; \"plimsoll tune\" derives what is enough",
		resourceText(r), container, limitText(r, request), limitText(r, limit), float64(max(request, limit))/float64(used),
		limitText(r, roundUp(r, float64(used)))), numbers})
}

func resourceText(r Resource) string {
	if r == CPU {
		return "CPU"
	}
	return string(r)
}

// largestCPU is the most CPU of any replica: in a second of the window, or as a mean from start to Ready, the time of the
// slowest replica. 0 where one of the two is not known.
func largestCPU(trials []Trial, container string) scenarios.MilliCPU {
	most, started := 0.0, false
	for i := range trials {
		o := &trials[i].Observation
		for _, u := range uses(&trials[i], container) {
			if u.CPUMax == nil || o.Fresh && (u.StartupCPU == nil || o.Startup == nil || *o.Startup <= 0) {
				return 0
			}
			most = max(most, *u.CPUMax)
			if o.Fresh {
				most, started = max(most, *u.StartupCPU/o.Startup.Seconds()), true
			}
		}
	}
	if !started {
		return 0
	}
	return scenarios.MilliCPU(most*1000 + 0.5)
}

// largestMemory is the most memory of any replica: the working set of the window, or the kernel's own mark since the start,
// which has the page cache in it and is rather too high. 0 where one of the two is not known.
func largestMemory(trials []Trial, container string) scenarios.Bytes {
	most, started := scenarios.Bytes(0), false
	for i := range trials {
		fresh := trials[i].Observation.Fresh
		for _, u := range uses(&trials[i], container) {
			if u.WorkingSet == nil || fresh && u.MemoryPeak == nil {
				return 0
			}
			most = max(most, *u.WorkingSet)
			if fresh {
				most, started = max(most, *u.MemoryPeak), true
			}
		}
	}
	if !started {
		return 0
	}
	return most
}
