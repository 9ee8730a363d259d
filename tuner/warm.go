package tuner

import "fmt"

// earlier returns the settings of an earlier result that this search may begin with; nil where there are none or
// they lie outside the bounds.
func (h history) earlier() Settings {
	e := h.goal.Earlier
	if e == nil || e.Settings == nil || len(e.Settings) != len(h.goal.Before) {
		return nil
	}
	for _, l := range h.goal.Limits {
		if v := valueOf(e.Settings, l.Limit); v < l.Min || v > l.Max {
			return nil
		}
	}
	return e.Settings
}

// warmSettings are an earlier result's limits and the requests beside them, as the policy of this search has them; all
// else is as it stands today.
func (h history) warmSettings(earlier Settings) Settings {
	out := append(Settings(nil), h.goal.Before...)
	for i := range out {
		c := &out[i]
		then, _ := earlier.Of(c.Container)
		if h.derives(Limit{c.Container, CPU}) { // under no-cpu-limit too, where no CPU limit is searched
			c.CPURequest = then.CPURequest
		}
		if h.derives(Limit{c.Container, Memory}) {
			c.MemoryRequest = then.MemoryRequest
		}
	}
	for _, l := range h.goal.Limits {
		out = withLimit(out, l.Limit, valueOf(earlier, l.Limit), h.goal.Tuning.QoS)
	}
	return h.withoutCPULimits(out)
}

// warm decides the first steps of a search that began at an earlier result: it still passes there, and it still fails
// at that result's largest failing value, so nothing changed. Trials that could not be judged count for nothing. ok is
// false where something changed, or all that is done.
func (h history) warm() (step Step, ok bool) {
	if h.earlier() == nil {
		return Step{}, false
	}
	var judged []int
	for i := range h.trials {
		if h.trials[i].Verdict.Judgement != Inconclusive {
			judged = append(judged, i)
		}
	}
	first := &h.trials[judged[0]]
	if first.Verdict.Judgement != Pass {
		return Step{}, false
	}
	below := h.nearestBelow()
	switch {
	case len(judged) == 1 && below == nil:
		return h.unchanged(first, nil), true
	case len(judged) == 1:
		step = h.toward(withLimit(first.Step.Settings, below.Limit, below.Below.Value, h.goal.Tuning.QoS), Probe,
			fmt.Sprintf("the earlier limits still pass; does %s still fail at %s?", limitName(below.Limit),
				limitText(below.Resource, below.Below.Value)))
		step.Fresh = true // as it may have been when it failed: see coldness
		return step, true
	case len(judged) == 2 && h.stillFails(judged[1], below):
		return h.unchanged(first, &h.trials[judged[1]]), true
	}
	return Step{}, false
}

// stillFails says whether trial i failed at the earlier failing value for want of that very limit, or as it did then.
func (h history) stillFails(i int, below *Evidence) bool {
	v := h.trials[i].Verdict
	return below != nil && h.blames(i, below.Limit) && (v.Culprit != nil && *v.Culprit == below.Limit || v.Mode == below.Below.Mode)
}

// tellsApart is the ratio of a failing value to the derived one up to which noise hardly lets it pass.
const tellsApart = 0.88

// nearestBelow is the evidence whose failing value is nearest to what was derived, among those that noise hardly lets
// pass if there are any; nil where none has one.
func (h history) nearestBelow() *Evidence {
	var nearest *Evidence
	ratio := 0.0
	for i := range h.goal.Earlier.Evidence {
		ev := &h.goal.Earlier.Evidence[i]
		if ev.Below == nil || ev.Derived == 0 || ev.Below.Value >= ev.Derived {
			continue
		}
		l, searched := h.searched(ev.Limit)
		r := float64(ev.Below.Value) / float64(ev.Derived)
		if r > tellsApart {
			r = 1 - r // behind all the others
		}
		if searched && ev.Below.Value >= l.Min && r > ratio {
			nearest, ratio = ev, r
		}
	}
	return nearest
}

// unchanged ends a warm search that found everything as it was: the soak passed, and what failed below (nil where nothing
// was known to) still fails.
func (h history) unchanged(soak, fails *Trial) Step {
	step := h.end(Derived, fmt.Sprintf("nothing changed: the earlier limits passed the soak of trial %d, and what failed below still fails", soak.Number))
	r := step.Result
	r.Settings, r.Verified = soak.Step.Settings, true
	r.Sigma, r.Confidence = h.goal.Earlier.Sigma, h.goal.Earlier.Confidence
	nearest := h.nearestBelow()
	for _, ev := range h.goal.Earlier.Evidence {
		if _, searched := h.searched(ev.Limit); !searched {
			continue
		}
		ev.Passed, ev.Trials = soak.Number, []int{soak.Number}
		c, _ := soak.Step.Settings.Of(ev.Container)
		if ev.Request = int64(c.CPURequest); ev.Resource == Memory {
			ev.Request = int64(c.MemoryRequest)
		}
		if fails != nil && nearest.Limit == ev.Limit {
			ev.Trials = append(ev.Trials, fails.Number)
			ev.Below = &Below{Value: ev.Below.Value, Trial: fails.Number, Mode: fails.Verdict.Mode, Text: fails.Verdict.Why}
		}
		r.Evidence = append(r.Evidence, ev)
	}
	return step
}
