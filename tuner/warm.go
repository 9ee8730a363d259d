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

// warm decides the first steps of a search that began at an earlier result: it still passes there, and it still fails
// at that result's largest failing value, so nothing changed. ok is false where something did, or all that is done.
func (h history) warm() (step Step, ok bool) {
	first := &h.trials[0]
	if h.earlier() == nil || first.Verdict.Judgement != Pass {
		return Step{}, false
	}
	below := h.nearestBelow()
	switch {
	case len(h.trials) == 1 && below != nil:
		step = h.toward(withLimit(first.Step.Settings, below.Limit, below.Below.Value, h.goal.Tuning.QoS), Probe,
			fmt.Sprintf("the earlier limits still pass; does %s still fail at %s?", limitName(below.Limit),
				limitText(below.Resource, below.Below.Value)))
		return step, true
	case len(h.trials) == 1 || len(h.trials) == 2 && h.blames(1, below.Limit):
		return h.unchanged(first), true
	}
	return Step{}, false
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

// unchanged ends a warm search that found everything as it was.
func (h history) unchanged(first *Trial) Step {
	step := h.end(Derived, fmt.Sprintf("nothing changed: the earlier limits passed the soak of trial %d, and what failed below still fails", first.Number))
	r := step.Result
	r.Settings, r.Verified = first.Step.Settings, true
	r.Sigma, r.Confidence = h.goal.Earlier.Sigma, h.goal.Earlier.Confidence
	for _, ev := range h.goal.Earlier.Evidence {
		ev.Passed, ev.Trials = first.Number, []int{first.Number}
		if nearest := h.nearestBelow(); nearest != nil && nearest.Limit == ev.Limit && len(h.trials) > 1 {
			ev.Trials = append(ev.Trials, 2)
			ev.Below = &Below{Value: ev.Below.Value, Trial: 2, Mode: h.trials[1].Verdict.Mode, Text: h.trials[1].Verdict.Why}
		}
		r.Evidence = append(r.Evidence, ev)
	}
	return step
}
