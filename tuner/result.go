package tuner

import "fmt"

// end is a step that stops the search.
func (h history) end(outcome Outcome, why string) Step {
	return Step{Reason: why, Result: &Result{Outcome: outcome, Why: why}}
}

// evidence says for each limit what it rests on. then is what was known when the settings were last tried: need and
// confidence are those beside the other limits of that trial.
func (h history) evidence(settings Settings, then history) []Evidence {
	var all []Evidence
	for _, l := range h.goal.Limits {
		all = append(all, h.evidenceOf(l, settings, then))
	}
	return all
}

// until is what was known after trial t, one of this history.
func (h history) until(t *Trial) history {
	for i := range h.trials {
		if &h.trials[i] == t {
			return newHistory(h.goal, h.trials[:i+1])
		}
	}
	return h
}

func (h history) evidenceOf(l Searched, settings Settings, then history) Evidence {
	demand, sigma := then.needOf(l)
	value := valueOf(settings, l.Limit)
	c, _ := settings.Of(l.Container)
	ev := Evidence{Limit: l.Limit, Derived: value, Request: int64(c.CPURequest), RequestReason: h.requestReason(l.Limit, settings)}
	if l.Resource == Memory {
		ev.Request = int64(c.MemoryRequest)
	}
	for i := range h.trials {
		t := &h.trials[i]
		at := h.value(i, l.Limit)
		bears := t.Step.Purpose == Begin || h.blames(i, l.Limit) || at == value
		if t.Step.Change != nil && t.Step.Change.Limit == l.Limit || bears {
			ev.Trials = append(ev.Trials, t.Number)
		}
		if at == value && t.Verdict.Judgement == Pass {
			ev.Passed = t.Number
		}
		if at < value && h.blames(i, l.Limit) && (ev.Below == nil || at >= ev.Below.Value) {
			ev.Below = &Below{Value: at, Trial: t.Number, Mode: t.Verdict.Mode, Text: t.Verdict.Why}
		}
	}
	if demand > 0 {
		ev.Margin = new(float64(value)/demand - 1)
	}
	if sigma > 0 && (l.Resource == Memory || len(then.search(l).fits) > 0) {
		ev.Confidence = new(then.confidenceAt(l, value))
	}
	ev.LimitReason = limitReason(l, ev, demand, sigma)
	return ev
}

// confidenceAt is the probability that a limit at value is enough for one more run; where the newest trial is a soak that
// passed there, that counts as a run.
func (h history) confidenceAt(l Searched, value int64) float64 {
	switch last := h.last(); {
	case l.Resource == CPU && last.Step.soak() && last.Verdict.Judgement == Pass && h.value(len(h.trials)-1, l.Limit) == value:
		return h.search(l).confidenceAfter(float64(value))
	case l.Resource == CPU:
		return h.search(l).confidence(float64(value))
	}
	return h.bracket(l).confidence(spanOf(value))
}

func limitReason(l Searched, ev Evidence, demand, sigma float64) string {
	text := fmt.Sprintf("%s passed in trial %d", limitText(l.Resource, ev.Derived), ev.Passed)
	if demand > 0 {
		text += fmt.Sprintf("; the need is about %s, and noise of %s asks for the rest",
			limitText(l.Resource, roundUp(l.Resource, demand)), percentText(sigma))
	}
	if ev.Below != nil {
		text += fmt.Sprintf("; %s failed in trial %d", limitText(l.Resource, ev.Below.Value), ev.Below.Trial)
	}
	return text
}

// summary gives the noise of the binding metric and the confidence in all limits together. CPU limits share the SLOs,
// so the least confident of them decides; memory limits fail each on its own. Where nothing is known of the CPU limits, or
// of one memory limit, no confidence is stated.
func (h history) summary(all []Evidence) (sigma, confidence *float64) {
	cpu, memory, known, knownCPU := 1.0, 1.0, len(all) > 0, !h.searches(CPU)
	for i := range all {
		ev := &all[i]
		switch {
		case ev.Confidence == nil:
			known = known && ev.Resource == CPU
		case ev.Resource == Memory:
			memory *= *ev.Confidence
		default:
			cpu, knownCPU = min(cpu, *ev.Confidence), true
		}
	}
	for _, r := range []Resource{CPU, Memory} {
		for _, l := range h.goal.Limits {
			if sigma != nil || l.Resource != r {
				continue
			}
			if _, s := h.needOf(l); s > 0 {
				sigma = new(s)
			}
		}
	}
	if known && knownCPU {
		confidence = new(cpu * memory)
	}
	return sigma, confidence
}
