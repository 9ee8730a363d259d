package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/plimsoll/plimsoll/reports"
	"github.com/plimsoll/plimsoll/runlog"
	"github.com/plimsoll/plimsoll/trial"
	"github.com/plimsoll/plimsoll/tuner"
)

// view shows how a search goes: one live line for the trial in progress, one line kept for every finished trial.
type view struct {
	*terminal
	goal   tuner.Goal
	trials []tuner.Trial
	// began is when the trial in progress began.
	began time.Time
}

func newView(a *app, goal tuner.Goal) *view {
	return &view{terminal: newTerminal(a.Err, a.settings, a.lookupEnv), goal: goal, began: time.Now()}
}

// begin shows what is under test and the trials that a resumed search has already.
func (v *view) begin(c runlog.Contents) {
	v.trials = c.Trials
	if c.Header.Simulated {
		v.keep(v.style(reports.Doubt, "SIMULATED: a model is measured, not a real service"))
	}
	w := c.Header.File.Workload
	v.keep(fmt.Sprintf("tuning %s (%s, %d × %d containers), budget %d trials in %v",
		reports.Clean(w.Name), w.Kind, w.Replicas, len(w.Containers), v.goal.Tuning.MaxTrials, v.goal.Tuning.MaxTime))
	for i, t := range c.Trials {
		next := tuner.Decide(v.goal, c.Trials[:i+1])
		v.keep(reports.TrialLine(t, &next, v.style))
	}
}

// record saves a finished trial for good and keeps its line. The next step is decided twice, here and in the search:
// it costs less than a millisecond and is the same both times.
func (v *view) record(log *runlog.Log, t tuner.Trial) error {
	if err := log.Append(t); err != nil {
		return err
	}
	v.trials = append(v.trials[:len(v.trials):len(v.trials)], t)
	next := tuner.Decide(v.goal, v.trials)
	v.keep(reports.TrialLine(t, &next, v.style))
	v.began = time.Now()
	return nil
}

// progress draws the live line.
func (v *view) progress(p trial.Progress) {
	now := time.Now()
	line := fmt.Sprintf("%3d  %s  %s", len(v.trials)+1, reports.Clean(p.Step.Scenario), now.Sub(v.began).Truncate(time.Second))
	switch {
	case p.Second == nil:
		line += "  " + string(p.Phase)
	default:
		line += fmt.Sprintf(" (load %s of %s)  %s", p.Second.At.Truncate(time.Second), p.Planned, reports.LoadLine(*p.Second))
		line += useLine(p)
	}
	v.live(now, line)
}

// useLine tells what each container uses, the first of a replica by its name alone.
func useLine(p trial.Progress) string {
	var b strings.Builder
	for i, use := range p.Second.Containers {
		if i < len(p.Containers) {
			b.WriteString("  " + reports.UseLine(p.Containers[i], use))
		}
	}
	return b.String()
}

// beginCheck shows what is under test.
func (v *view) beginCheck(h runlog.Header) {
	if h.Simulated {
		v.keep(v.style(reports.Doubt, "SIMULATED: a model is measured, not a real service"))
	}
	w := h.File.Workload
	v.keep(fmt.Sprintf("checking %s (%s, %d × %d containers) at the limits in its file", reports.Clean(w.Name), w.Kind, w.Replicas, len(w.Containers)))
}

// recordCheck keeps the line of a finished trial of a check.
func (v *view) recordCheck(t tuner.Trial) error {
	v.trials = append(v.trials[:len(v.trials):len(v.trials)], t)
	v.keep(reports.TrialLine(t, nil, v.style))
	v.began = time.Now()
	return nil
}
