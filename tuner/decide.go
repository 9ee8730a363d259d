package tuner

import (
	"fmt"

	"github.com/plimsoll/plimsoll/scenarios"
)

// Decide returns the next step of a search, or its result. The same trials give the same step.
//
// The search goes as in the talk: start low; while it fails, raise the limit that was hit (memory before CPU, because
// OOM kills spoil every latency); once it passes, bring each limit down, one at a time, to the least value that leaves
// room for the noise; then confirm by a soak on fresh replicas at exactly the values that will be printed.
func Decide(goal Goal, trials []Trial) Step {
	step := newHistory(goal, trials).decide()
	step.Settings = goal.allowed(step.Settings)
	return step
}

// decide is Decide before the requests are raised to what a LimitRange asks for.
func (h history) decide() Step {
	last := h.last()
	switch {
	case last == nil:
		return h.begin()
	case last.Verdict.Judgement == Inconclusive:
		return h.again()
	}
	if step, ok := h.warm(); ok {
		return step
	}
	if last.Verdict.Mode == MemoryCreep && (last.Step.soak() || h.atMost(last, last.Verdict.Culprit)) {
		return h.end(LeakDetected, "memory grows without end, no limit holds for ever: "+last.Verdict.Why)
	}
	if step, ok := h.soakUnexplained(last); ok {
		return step
	}
	if last.Step.Purpose == Confirm && last.Verdict.Judgement == Pass {
		return h.confirmed(last)
	}
	if h.passing() == 0 {
		return h.raise(last)
	}
	if h.mustStop() {
		return h.stop()
	}
	return h.lower(last)
}

// begin is the first step: the start settings.
func (h history) begin() Step {
	settings := append(Settings(nil), h.goal.Before...)
	for _, l := range h.goal.Limits {
		settings = withLimit(settings, l.Limit, h.startOf(l), h.goal.Tuning.QoS)
	}
	settings = h.withoutCPULimits(settings)
	if earlier := h.earlier(); earlier != nil {
		return Step{Purpose: Begin, Settings: h.warmSettings(earlier), Scenario: h.goal.Tuning.Confirm, Fresh: true, Whole: true,
			Reason: "do the limits derived earlier still hold? The soak at exactly these values"}
	}
	return Step{Purpose: Begin, Settings: settings, Scenario: h.goal.Tuning.Probe, Fresh: true,
		Reason: fmt.Sprintf("%s start: %s", h.goal.Tuning.Start, h.limitsText(settings))}
}

// startOf is where the search of one limit begins.
func (h history) startOf(l Searched) int64 {
	before := valueOf(h.goal.Before, l.Limit)
	conservative := int64(scenarios.ConservativeCPU)
	if l.Resource == Memory {
		conservative = int64(scenarios.ConservativeMemory)
	}
	switch {
	case h.goal.Tuning.Start == scenarios.Relaxed:
		return l.Max
	case h.goal.Tuning.Start == scenarios.Current && before > 0:
		return l.within(before)
	}
	return l.within(conservative)
}

// withoutCPULimits takes the CPU limit off every tuned container under no-cpu-limit.
func (h history) withoutCPULimits(s Settings) Settings {
	if h.goal.Tuning.QoS != scenarios.NoCPULimit {
		return s
	}
	for _, l := range h.goal.Limits {
		s = withLimit(s, Limit{l.Container, CPU}, 0, scenarios.NoCPULimit)
	}
	return s
}

// maxInconclusive is how many trials in a row may be inconclusive before the search gives up.
const maxInconclusive = 5

// again repeats a trial that could not be judged, or gives up.
func (h history) again() Step {
	last := h.last()
	row := 0
	for i := len(h.trials) - 1; i >= h.goal.ResumedAt && h.trials[i].Verdict.Judgement == Inconclusive; i-- {
		if !interrupted(&h.trials[i]) {
			row++
		}
	}
	if row >= maxInconclusive {
		return h.end(NotMeasured, fmt.Sprintf("%d trials in a row could not be judged; the last: %s", row, last.Verdict.Why))
	}
	if !h.affords(last.Step.Scenario) {
		return h.stop()
	}
	step := h.toward(last.Step.Settings, Repeat, "the last trial could not be judged: "+last.Verdict.Why)
	step.Fresh = step.Fresh || last.Step.Fresh
	if last.Step.Purpose == Confirm || last.Step.Purpose == Begin {
		step.Purpose, step.Scenario, step.Whole = last.Step.Purpose, last.Step.Scenario, last.Step.Whole
		step.Settings, step.Change = last.Step.Settings, nil
	}
	return step
}

// interrupted trials are run again by a resumed search and count for nothing.
func interrupted(t *Trial) bool {
	for _, d := range t.Observation.Invalid {
		if d.Kind == StoppedByUser {
			return true
		}
	}
	return false
}

// lower is the step once something passed: the first limit that is not settled moves, memory before CPU.
func (h history) lower(last *Trial) Step {
	held := h.lastSettings()
	estimates := make([]estimate, len(h.goal.Limits))
	for i, l := range h.goal.Limits {
		estimates[i] = h.estimateOf(l)
		held = withLimit(held, l.Limit, estimates[i].hold, h.goal.Tuning.QoS)
	}
	if len(estimates) > 0 && h.needsRepeat(last) {
		step := h.toward(last.Step.Settings, Repeat, "how noisy is this service? The same settings again")
		step.Fresh = step.Fresh || !last.Observation.Fresh // one of the two cold, one warm, to see whether they differ
		return step
	}
	if step, ok := h.relax(last); ok {
		return step
	}
	if step, ok := h.tooNoisy(); ok {
		return step
	}
	if step, ok := h.unpeg(last); ok {
		return step
	}
	if e := h.nextOf(estimates); e != nil {
		return h.toward(withLimit(held, e.Limit, e.next, h.goal.Tuning.QoS), Probe, e.reason)
	}
	if !h.sameLimits(held, last.Step.Settings) {
		return h.toward(held, Probe, "back to the least that holds")
	}
	if last.Verdict.Judgement != Pass {
		return h.validate(held, last)
	}
	if noise, few := h.littleKnown(held); few {
		step := h.toward(held, Repeat, fmt.Sprintf("noise of %s and few repeats to know it by: once more, cold, before the soak", percentText(noise)))
		step.Fresh = true
		return step
	}
	return h.confirm(held)
}

// nextOf is the first limit that is not settled: memory that the newest trial lacked, other memory, then the CPU of minor
// containers, then that of the largest; nil where all are settled.
func (h history) nextOf(estimates []estimate) *estimate {
	var next *estimate
	newest := len(h.trials) - 1
	rank := func(e *estimate) int {
		switch {
		case e.Resource == Memory && h.blames(newest, e.Limit) && e.next > h.value(newest, e.Limit):
			return 0
		case e.Resource == Memory:
			return 1
		case h.minor(e.Limit):
			return 2
		}
		return 3
	}
	for i := range estimates {
		if e := &estimates[i]; e.next != 0 && (next == nil || rank(e) < rank(next)) {
			next = e
		}
	}
	return next
}

// needsRepeat says whether the noise is still unmeasured where CPU is next to be searched.
func (h history) needsRepeat(last *Trial) bool {
	if last.Verdict.Judgement != Pass || last.Step.Purpose == Repeat || h.searches(Memory) {
		return false
	}
	for _, l := range h.goal.Limits {
		for _, slo := range h.goal.SLOs[h.goal.Tuning.Probe] {
			if slo.Metric == scenarios.ResponseTime && l.Resource == CPU {
				return h.marginNoise(slo.Text, l.Limit).freedom < 1
			}
		}
	}
	return false
}

func (h history) searches(r Resource) bool {
	for _, l := range h.goal.Limits {
		if l.Resource == r {
			return true
		}
	}
	return false
}

// sameLimits says whether two settings have the same limits wherever one is searched.
func (h history) sameLimits(a, b Settings) bool {
	for _, l := range h.goal.Limits {
		if valueOf(a, l.Limit) != valueOf(b, l.Limit) {
			return false
		}
	}
	return true
}

// toward is one step from the newest trial's settings to want, on fresh replicas where memory moves or where these do
// worse than warm ones. It moves at most one limit: where want differs in several, those that must go back
// up come first.
func (h history) toward(want Settings, purpose Purpose, reason string) Step {
	from := h.lastSettings()
	step := Step{Purpose: purpose, Settings: append(Settings(nil), from...), Scenario: h.goal.Tuning.Probe, Reason: reason, Fresh: h.cold.matters()}
	var move *Searched
	differ := 0
	for i := range h.goal.Limits {
		l := &h.goal.Limits[i]
		if a, b := valueOf(from, l.Limit), valueOf(want, l.Limit); a != b {
			differ++
			if move == nil || b > a {
				move = l
			}
		}
	}
	if h.cold.matters() && move != nil && move.Resource == CPU {
		step.Reason = reason + "; cold, as " + h.cold.text()
	}
	if move == nil {
		if purpose == Probe {
			step.Purpose = Repeat
		}
		return step
	}
	if differ > 1 {
		step.Reason = fmt.Sprintf("first %s back to where it passed; then %s", limitName(move.Limit), step.Reason)
	}
	to := valueOf(want, move.Limit)
	step.Purpose = Probe
	step.Change = &Change{move.Limit, valueOf(from, move.Limit), to}
	step.Settings = withLimit(from, move.Limit, to, h.goal.Tuning.QoS)
	step.Fresh = step.Fresh || move.Resource == Memory
	return step
}

// validate runs the held settings again after they failed once within the noise.
func (h history) validate(held Settings, last *Trial) Step {
	fails := 0
	for i := range h.trials {
		if h.trials[i].Verdict.Judgement == Fail && h.sameLimits(h.trials[i].Step.Settings, held) {
			fails++
		}
	}
	if fails < 2 {
		return h.toward(held, Validate, "these settings passed before and failed now: "+last.Verdict.Why)
	}
	return h.raise(last)
}

func limitName(l Limit) string {
	if l.Resource == CPU {
		return l.Container + " CPU"
	}
	return l.Container + " memory"
}

func (h history) limitsText(s Settings) string {
	text := ""
	for i, l := range h.goal.Limits {
		if i > 0 {
			text += ", "
		}
		text += limitName(l.Limit) + " " + limitText(l.Resource, valueOf(s, l.Limit))
	}
	return text
}
