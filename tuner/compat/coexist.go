package compat

import (
	"fmt"
	"math"
	"time"

	"github.com/plimsoll/plimsoll/tuner"
)

// Trajectory is what was seen while autoscalers ran beside derived settings: one ramp, then one hold at constant load.
type Trajectory struct {
	// Points ascend by At; one for each look at the cluster that succeeded. Missed counts those that did not.
	Points []Point `json:"points"`
	Missed int     `json:"missed_looks"`
	// HoldFrom is when the hold began, End when it ended, since load began.
	HoldFrom time.Duration `json:"hold_from_ns"`
	End      time.Duration `json:"end_ns"`
	// Derived is what every Pod shall carry.
	Derived tuner.Settings `json:"derived"`
	// Hold is the offered rate of the hold in hits per second over all replicas.
	Hold float64 `json:"hold_hits_per_second"`
	// Scaler is what the HPA shall do; nil where there is none.
	Scaler *Scaler `json:"scaler"`
	// Round is how often the VPA's updater acts; 0 where no VPA changes Pods.
	Round time.Duration `json:"vpa_round_ns"`
	// Refused and Evicted are messages about Pods of the workload. EventsUnread says why they could not be read; empty
	// where they could.
	Refused      []string `json:"refused"`
	Evicted      []string `json:"evicted"`
	EventsUnread string   `json:"events_unread,omitempty"`
	// Restarted are messages about containers of the workload that ended while load ran.
	Restarted []string `json:"restarted"`
	// SLOs is the verdict on the load alone, and SLOWhy its reason.
	SLOs   tuner.Judgement `json:"slos"`
	SLOWhy string          `json:"slos_why"`
	// Suggested are the mends that were in force; empty: the autoscalers were as they are.
	Suggested []Mend `json:"suggested,omitempty"`
	// NotRun says why no load was run; then nothing else is known. Empty where it was.
	NotRun string `json:"not_run,omitempty"`
}

// Point is one look at the workload.
type Point struct {
	// At is the time since load began, Offered the planned rate then.
	At      time.Duration `json:"at_ns"`
	Offered float64       `json:"offered_hits_per_second"`
	// Desired is what the HPA wants (the workload's own replicas without one), Ready how many Pods serve.
	Desired int `json:"desired_replicas"`
	Ready   int `json:"ready_replicas"`
	// Pods are those that have not ended, by name, with what they carry.
	Pods []Carried `json:"pods"`
}

// Carried are the settings of one Pod as admitted, or as resized.
type Carried struct {
	Pod      string         `json:"pod"`
	Settings tuner.Settings `json:"settings"`
}

// Scaler is what an HPA shall do.
type Scaler struct {
	Min int `json:"min_replicas"`
	Max int `json:"max_replicas"`
	// Target is the rate per Pod that it holds, in hits per second; 0 where the trials do not tell.
	Target float64 `json:"target_hits_per_second_per_pod"`
	// Tolerance within which it does nothing, a ratio.
	Tolerance float64 `json:"tolerance_ratio"`
}

// Coexistence is the verdict on a trajectory.
type Coexistence struct {
	Judgement tuner.Judgement `json:"judgement"`
	// Checks in a fixed order: follows, steady, requests, admitted, slos, long_enough; "run" alone where no load was run.
	Checks     []Requirement `json:"checks"`
	Trajectory Trajectory    `json:"trajectory"`
}

// Requirement is one thing that must hold.
type Requirement struct {
	Name      string          `json:"name"`
	Judgement tuner.Judgement `json:"judgement"`
	Why       string          `json:"why"`
}

// The bounds of the judge.
const (
	// stabilization is how long an HPA by default remembers the largest recommendation before it scales in.
	// Source: kubernetes.io, "Horizontal Pod Autoscaling", stabilization window.
	stabilization = 300 * time.Second
	// flaps is how many turns of direction within one stabilization window are flapping: one turn is an overshoot that
	// mends, two are a cycle. Source: the same page calls replicas that "keep fluctuating" flapping and gives no number.
	flaps = 2
	// rounds of the VPA's updater that the hold must cover.
	rounds = 3
	// settled is the last part of the hold, in which replicas must fit the load.
	settled = 0.5
	// slack is by how much what an HPA reads of a load, over seconds and over Pods, may be off it.
	slack = 0.05
	// seen is the least part of looks that must have succeeded.
	seen = 0.8
)

// JudgeCoexistence judges t. One check that fails fails all; one in doubt leaves all in doubt.
func JudgeCoexistence(t Trajectory) Coexistence {
	c := Coexistence{Trajectory: t, Judgement: tuner.Pass, Checks: []Requirement{
		t.follows(), t.steady(), t.requests(), t.admitted(), t.held(), t.longEnough(),
	}}
	if t.NotRun != "" {
		c.Checks = []Requirement{{"run", tuner.Inconclusive, t.NotRun}}
	}
	for _, check := range c.Checks {
		switch {
		case check.Judgement == tuner.Fail:
			c.Judgement = tuner.Fail
		case check.Judgement != tuner.Pass && c.Judgement == tuner.Pass:
			c.Judgement = tuner.Inconclusive
		}
	}
	return c
}

// within are the points from one time on.
func (t Trajectory) within(from time.Duration) []Point {
	for i, p := range t.Points {
		if p.At >= from {
			return t.Points[i:]
		}
	}
	return nil
}

// Expected are the fewest and the most replicas at which an HPA stands still under a load: it does nothing while
// load ÷ (n · target) is within 1 ± tolerance.
//
//	fewest = ceil(load ÷ (target · (1 + tolerance)))   most = ceil(load ÷ (target · (1 − tolerance)))
//
// both within its bounds. Worked: 900 hits/s at 100 each, tolerance 0.1 → 9 to 10.
func (s Scaler) Expected(load float64) (fewest, most int) {
	return ReplicasFor(load, s.Target*(1+s.Tolerance), s.Min, s.Max), ReplicasFor(load, s.Target*(1-s.Tolerance), s.Min, s.Max)
}

// follows checks that in the last part of the hold as many Pods serve as the load needs. More than that fail only where
// the hold is longer than the HPA's memory.
func (t Trajectory) follows() Requirement {
	c := Requirement{Name: "follows"}
	last := t.within(t.HoldFrom + time.Duration((1-settled)*float64(t.End-t.HoldFrom)))
	switch {
	case t.Scaler == nil:
		c.Judgement, c.Why = tuner.Pass, "there is no HPA: the replicas are fixed"
		return c
	case t.Scaler.Target <= 0:
		c.Judgement, c.Why = tuner.Inconclusive, "the HPA's target in hits per second is not known, so what the load needs is not either"
		return c
	case len(last) == 0:
		c.Judgement, c.Why = tuner.Inconclusive, "nothing was seen in the last part of the hold"
		return c
	}
	fewest, _ := t.Scaler.Expected(t.Hold * (1 - slack))
	_, most := t.Scaler.Expected(t.Hold * (1 + slack))
	low, high := math.MaxInt, 0
	for _, p := range last {
		low, high = min(low, p.Ready), max(high, p.Ready)
	}
	says := fmt.Sprintf("%s hits/s need %s at %s each (tolerance %s)", number(t.Hold), spanText(fewest, most), number(t.Scaler.Target), percent(t.Scaler.Tolerance))
	switch {
	case low < fewest:
		c.Judgement, c.Why = tuner.Fail, fmt.Sprintf("%s, and only %d served", says, low)
	case high > most && t.End-t.HoldFrom > stabilization:
		c.Judgement, c.Why = tuner.Fail, fmt.Sprintf("%s, and %d still served after %s", says, high, seconds(t.End-t.HoldFrom))
	default:
		c.Judgement, c.Why = tuner.Pass, fmt.Sprintf("%s, and %s served", says, spanText(low, high))
	}
	return c
}

func spanText(low, high int) string {
	if low == high {
		return plural(low, "Pod")
	}
	return fmt.Sprintf("%d to %d Pods", low, high)
}

// steady checks that the replicas do not flap during the hold, in which the load does not change.
func (t Trajectory) steady() Requirement {
	c := Requirement{Name: "steady", Judgement: tuner.Pass}
	hold := t.within(t.HoldFrom)
	if len(hold) < 2 {
		return Requirement{"steady", tuner.Inconclusive, "fewer than two looks at the hold"}
	}
	turns := turnsOf(hold)
	for i := range turns {
		if i+flaps-1 < len(turns) && turns[i+flaps-1]-turns[i] <= stabilization {
			c.Judgement = tuner.Fail
			c.Why = fmt.Sprintf("the replicas turned direction %d times within %s of constant load, at %s and %s", flaps, seconds(stabilization), seconds(turns[i]), seconds(turns[i+flaps-1]))
			return c
		}
	}
	c.Why = "the replicas never turned direction during the hold"
	if len(turns) > 0 {
		c.Why = fmt.Sprintf("the replicas turned direction %s during the hold", times(len(turns)))
	}
	return c
}

// turnsOf are the instants at which the desired replicas move against the direction of their move before.
func turnsOf(points []Point) []time.Duration {
	var turns []time.Duration
	direction := 0
	for i := 1; i < len(points); i++ {
		step := points[i].Desired - points[i-1].Desired
		switch {
		case step > 0 && direction < 0, step < 0 && direction > 0:
			turns = append(turns, points[i].At)
		}
		if step != 0 {
			direction = step
		}
	}
	return turns
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// requests checks that every Pod that was seen carries what was derived.
func (t Trajectory) requests() Requirement {
	looked := false
	for _, p := range t.Points {
		for _, pod := range p.Pods {
			for _, want := range t.Derived {
				got, ok := pod.Settings.Of(want.Container)
				if !ok {
					continue
				}
				looked = true
				if field, has, says := difference(want.Resources, got.Resources); field != "" {
					return Requirement{"requests", tuner.Fail, fmt.Sprintf("after %s Pod %s carried %s of %s for %s, and %s was derived", seconds(p.At), pod.Pod, field, has, want.Container, says)}
				}
			}
		}
	}
	if !looked {
		return Requirement{"requests", tuner.Inconclusive, "no Pod with a derived container was seen"}
	}
	return Requirement{"requests", tuner.Pass, "every Pod carried what was derived, all the time"}
}

// admitted checks that no Pod was refused or evicted.
func (t Trajectory) admitted() Requirement {
	switch {
	case len(t.Refused) > 0:
		return Requirement{"admitted", tuner.Fail, "a Pod was refused: " + t.Refused[0]}
	case len(t.Evicted) > 0:
		return Requirement{"admitted", tuner.Fail, "a Pod was evicted: " + t.Evicted[0]}
	case t.EventsUnread != "":
		return Requirement{"admitted", tuner.Inconclusive, "whether Pods were refused or evicted is not known: " + t.EventsUnread}
	}
	return Requirement{"admitted", tuner.Pass, "no Pod was refused or evicted"}
}

// held checks that the SLOs hold and no container ended.
func (t Trajectory) held() Requirement {
	if len(t.Restarted) > 0 {
		return Requirement{"slos", tuner.Fail, t.Restarted[0]}
	}
	return Requirement{"slos", t.SLOs, t.SLOWhy}
}

// longEnough checks that the hold covers what could go wrong, and that enough of it was seen.
func (t Trajectory) longEnough() Requirement {
	hold := t.End - t.HoldFrom
	looks := len(t.Points) + t.Missed
	switch {
	case hold <= 0 || len(t.Points) == 0:
		return Requirement{"long_enough", tuner.Inconclusive, "there was no hold"}
	case hold < rounds*t.Round:
		return Requirement{"long_enough", tuner.Inconclusive, fmt.Sprintf("the hold took %s, and %d rounds of the VPA's updater take %s", seconds(hold), rounds, seconds(rounds*t.Round))}
	case float64(len(t.Points)) < seen*float64(looks):
		return Requirement{"long_enough", tuner.Inconclusive, fmt.Sprintf("%d of %d looks at the cluster failed", t.Missed, looks)}
	case t.Round == 0:
		return Requirement{"long_enough", tuner.Pass, fmt.Sprintf("the hold took %s; no VPA changes Pods", seconds(hold))}
	}
	return Requirement{"long_enough", tuner.Pass, fmt.Sprintf("the hold took %s, %d rounds of the VPA's updater", seconds(hold), int(hold/t.Round))}
}
