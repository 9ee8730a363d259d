package tuner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/scenarios"
)

// Judge says whether a trial passed, by what margin, and how it failed. It asks, in this order, and the first answer
// stands:
//
//  1. Was something else tested than the step's settings on a quiet node? Then nothing that was seen counts.
//  2. Was a container killed, did it crash, did it never become Ready? That is a failure whatever was wrong with the
//     load or with other counters: a kill was seen, and a doubt about latency does not unsee it.
//  3. Is there any other doubt? Then its figures say nothing.
//  4. Was an SLO missed? A trial that was ended early is only failed by what its planned window could not have mended.
//  5. Is something unknown that an SLO needs? Unknown is not a pass.
//  6. Did memory, response times or the CPU time of a hit grow without end through a confirming soak?
//
// A server too slow for its load is a failure (4), never a doubt.
func Judge(goal Goal, step Step, o Observation) Verdict {
	c := &hearing{goal: goal, step: step, o: o, margins: measure(goal, step, o)}
	if step.soak() {
		c.leaks = leaksOf(step, o)
		c.creeps = creepsOf(goal, step, o, c.margins)
	}
	v := c.verdict()
	v.Leaks, v.Creeps = c.leaks, c.creeps
	for _, m := range c.margins {
		v.Margins = append(v.Margins, m.Margin)
	}
	return v
}

// hearing is one trial before Judge.
type hearing struct {
	goal    Goal
	step    Step
	o       Observation
	margins []measured
	leaks   []Leak
	creeps  []Creep
}

// verdict asks Judge's questions in order.
func (h *hearing) verdict() Verdict {
	for _, ask := range []func() (Verdict, bool){
		h.voided, h.killed, h.neverReady, h.doubted, h.endedEarly, h.missed, h.unknown, h.leaking, h.creeping,
	} {
		if v, answered := ask(); answered {
			return v
		}
	}
	return Verdict{Judgement: Pass, Why: h.whyPassed()}
}

func inconclusive(format string, args ...any) (Verdict, bool) {
	return Verdict{Judgement: Inconclusive, Why: fmt.Sprintf(format, args...)}, true
}

func fail(f failure) (Verdict, bool) {
	return Verdict{Judgement: Fail, Mode: f.mode, Culprit: f.culprit, Why: f.why}, true
}

// voided is whether the trial was not one of the step's settings, or the node interfered.
func (h *hearing) voided() (Verdict, bool) {
	for _, d := range h.o.Invalid {
		if d.Kind == SettingsDiffer || d.Kind == NodeDisturbed {
			return inconclusive("%s", orElse(d.Text, string(d.Kind)))
		}
	}
	for _, k := range h.o.Kills {
		if k.Kind == NodeOOM {
			return inconclusive("%s was killed for the node's memory, not for its limit", replicaText(k.Container, k.Replica, h.goal))
		}
	}
	if h.has(CountersMissing) {
		return Verdict{}, false // a limit may not be known, which is no other limit; whether it is a doubt comes later
	}
	for _, c := range h.o.Containers {
		want, ok := h.step.Settings.Of(c.Container)
		if ok && (want.CPULimit > 0 != (c.CPULimit > 0) || want.MemoryLimit > 0 != (c.MemoryLimit > 0)) {
			return inconclusive("%s did not carry the limits under test", replicaText(c.Container, c.Replica, h.goal))
		}
	}
	return Verdict{}, false
}

// killed is whether a container, or a process in one, came to more ends than the SLOs allow.
func (h *hearing) killed() (Verdict, bool) {
	for _, m := range h.margins {
		switch {
		case m.missed() && m.Metric == scenarios.OOMKills:
			return fail(h.oomFailure(m))
		case m.missed() && m.Metric == scenarios.Restarts:
			return h.restarted(m)
		}
	}
	return Verdict{}, false
}

// restarted judges restarts: those with a seen cause fail the trial; where only unseen causes make them too many, it
// is in doubt.
func (h *hearing) restarted(m measured) (Verdict, bool) {
	seen := killsOf(h.o.Kills, "", 0, func(k KillKind) bool { return endsContainer(k) && k != UnknownKill })
	if holds(*m.slo, float64(len(seen))) {
		return inconclusive("%s restarted and nothing says why", replicaText(m.Container, m.Replica, h.goal))
	}
	return fail(h.endFailure(seen))
}

// neverReady is whether a replica did not start in its time.
func (h *hearing) neverReady() (Verdict, bool) {
	if !h.o.NeverReady || h.has(StoppedByUser) {
		return Verdict{}, false
	}
	return fail(h.startFailure())
}

// doubted is whether the trial is invalid for another reason. That it is too short is no doubt where it was cut short
// because it had failed.
func (h *hearing) doubted() (Verdict, bool) {
	for _, d := range h.o.Invalid {
		if d.Kind == TooShort && !h.o.Complete {
			if _, lost := lost(h.goal, h.step, h.o); lost {
				continue
			}
		}
		return inconclusive("%s", orElse(d.Text, string(d.Kind)))
	}
	if h.o.Load == nil {
		return inconclusive("no load was run")
	}
	if _, ok := h.goal.SLOs[h.step.Scenario]; !ok {
		return inconclusive("the SLOs of scenario %q are not known", h.step.Scenario)
	}
	return Verdict{}, false
}

// endedEarly judges a trial that was not run whole: it failed where its planned window could not have saved it.
func (h *hearing) endedEarly() (Verdict, bool) {
	if h.o.Complete {
		return Verdict{}, false
	}
	l, isLost := lost(h.goal, h.step, h.o)
	if !isLost {
		return inconclusive("ended after %s of %s, too early to judge%s", timeText(h.o.Warmup+h.o.Window), timeText(h.o.Planned), because(h.o.Stopped))
	}
	return fail(h.sloFailure([]scenarios.SLO{l.slo}, l.why))
}

// missed is whether an SLO was missed.
func (h *hearing) missed() (Verdict, bool) {
	var slos []scenarios.SLO
	var texts []string
	for _, m := range h.margins {
		if m.missed() {
			slos = append(slos, *m.slo)
			texts = append(texts, marginText(m.Margin))
		}
	}
	if len(slos) == 0 {
		return Verdict{}, false
	}
	return fail(h.sloFailure(slos, strings.Join(texts, ", ")))
}

// unknown is whether an SLO could not be judged.
func (h *hearing) unknown() (Verdict, bool) {
	for _, m := range h.margins {
		if m.slo != nil && m.Met == nil {
			return inconclusive("%s can't be judged: %s", m.Name, m.Unknown)
		}
	}
	return Verdict{}, false
}

// leaking is whether a container's memory grew without end.
func (h *hearing) leaking() (Verdict, bool) {
	for _, l := range h.leaks {
		if l.Growth == Grows {
			return fail(failure{MemoryCreep, h.limit(l.Container, Memory), l.Why})
		}
	}
	return Verdict{}, false
}

// creeping is whether a figure that the load should leave constant grew without end.
func (h *hearing) creeping() (Verdict, bool) {
	c := h.growing()
	if c == nil {
		return Verdict{}, false
	}
	f := failure{CreepingSaturation, nil, c.Why}
	if p := h.pressure(); p.thrashing && p.limit != nil && p.limit.Container == c.Container {
		return fail(failure{Thrashing, p.limit, c.Why + "; " + p.text})
	}
	// Usage beside the limit is where a search ends; only throttling is a queue that more CPU may shorten.
	if r := busiest(h.o, "", ContainerUse.ThrottledRatio); r.value != nil && *r.value >= nearThrottled {
		f.culprit = h.limit(r.container, CPU)
		f.why += "; " + h.throttledText(r)
	}
	return fail(f)
}

// growing is the first figure that grew without end; nil where none did.
func (h *hearing) growing() *Creep {
	for i := range h.creeps {
		if h.creeps[i].Growth == Grows {
			return &h.creeps[i]
		}
	}
	return nil
}

// whyPassed names the SLO that was nearest to its bound, and what is worth saying of the leak verdict.
func (h *hearing) whyPassed() string {
	nearest := -1
	for i, m := range h.margins {
		if m.slo != nil && m.Bound > 0 && (nearest < 0 || *m.Ratio > *h.margins[nearest].Ratio) {
			nearest = i
		}
	}
	why := "every SLO met"
	if nearest >= 0 {
		why += "; nearest its bound: " + marginText(h.margins[nearest].Margin)
	}
	for _, l := range h.leaks {
		if l.Growth == Unclear {
			return why + "; " + l.Why
		}
	}
	return why
}

// has is whether the observation holds a doubt of that kind.
func (h *hearing) has(kind DoubtKind) bool {
	return slices.ContainsFunc(h.o.Invalid, func(d Doubt) bool { return d.Kind == kind })
}

// limit names a limit of a container as the culprit; nil where the step sets no such limit.
func (h *hearing) limit(container string, r Resource) *Limit {
	c, ok := h.step.Settings.Of(container)
	if !ok || r == CPU && c.CPULimit <= 0 || r == Memory && c.MemoryLimit <= 0 {
		return nil
	}
	return &Limit{container, r}
}
