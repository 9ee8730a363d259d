package compat

import (
	"math"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// Measured is what trials derived and measured. nil pointers are "not known".
type Measured struct {
	// Settings derived.
	Settings tuner.Settings `json:"settings"`
	// Replicas that were under test, 1 or more.
	Replicas int `json:"replicas"`
	// HitsPerPod is the rate per Pod that the deciding trial held at Settings, CPUPerHit the CPU time of one hit there
	// in core-seconds, over all containers of a Pod; P99 the response time. Trial is the number of that trial.
	HitsPerPod *float64       `json:"hits_per_second_per_pod"`
	CPUPerHit  *float64       `json:"cpu_seconds_per_hit"`
	P99        *time.Duration `json:"p99_ns"`
	Trial      int            `json:"trial"`
	// Knee is the largest rate per Pod at Settings that was kept up with, KneeTrial where it was seen; nil: none was.
	Knee      *float64 `json:"knee_hits_per_second_per_pod"`
	KneeTrial int      `json:"knee_trial,omitempty"`
	// Startup of the slowest replica at Settings, from start to Ready.
	Startup *time.Duration `json:"startup_ns"`
	// Rise is the steepest rise of the planned load, in hits per second each second over all replicas; 0: it never rises.
	Rise float64 `json:"rise_hits_per_second_per_second"`
	// Loads planned over all replicas.
	Loads Loads `json:"loads"`
}

// Loads are offered rates over all replicas, in hits per second.
type Loads struct {
	Minimum float64 `json:"minimum_hits_per_second"`
	Typical float64 `json:"typical_hits_per_second"`
	Peak    float64 `json:"peak_hits_per_second"`
}

// FromTrials gathers what rules and suggestions rest on; nil where nothing was derived.
func FromTrials(f scenarios.File, trials []tuner.Trial, result tuner.Result) *Measured {
	if len(result.Settings) == 0 {
		return nil
	}
	m := &Measured{Settings: result.Settings, Replicas: max(1, f.Workload.Replicas), Loads: loadsOf(f.Scenarios), Rise: riseOf(f.Scenarios)}
	for _, t := range trials {
		if !sameLimits(t.Step.Settings, result.Settings) {
			continue
		}
		m.learn(t)
	}
	return m
}

// learn takes what t, a trial at the derived limits, knows; later trials win.
func (m *Measured) learn(t tuner.Trial) {
	n := float64(m.Replicas)
	if t.Observation.Startup != nil && t.Verdict.Judgement != tuner.Inconclusive {
		m.Startup = t.Observation.Startup
	}
	if k := tuner.KneeOf(t.Observation); k != nil {
		m.Knee, m.KneeTrial = new(k.Load/n), t.Number
	}
	if t.Verdict.Judgement != tuner.Pass || t.Observation.Load == nil {
		return
	}
	m.Trial = t.Number
	m.HitsPerPod = new(t.Observation.Load.Throughput / n)
	m.P99, m.CPUPerHit = nil, nil
	if q, ok := t.Observation.Load.Quantile(0.99); ok && !q.AtLeast {
		m.P99 = new(q.Time)
	}
	if used, ok := cpuUsed(t.Observation.Containers); ok && *m.HitsPerPod > 0 {
		m.CPUPerHit = new(used / n / *m.HitsPerPod)
	}
}

// cpuUsed is the CPU of all containers of all replicas, in cores; false where one is not known.
func cpuUsed(all []tuner.ContainerUse) (float64, bool) {
	sum := 0.0
	for _, c := range all {
		if c.CPU == nil {
			return 0, false
		}
		sum += *c.CPU
	}
	return sum, len(all) > 0
}

// sameLimits says whether a trial ran at the limits derived; requests play no part in what it measured.
func sameLimits(a, b tuner.Settings) bool {
	for _, c := range b {
		t, ok := a.Of(c.Container)
		if !ok || t.CPULimit != c.CPULimit || t.MemoryLimit != c.MemoryLimit {
			return false
		}
	}
	return len(a) == len(b)
}

// loadsOf reads the planned loads off the load shapes: the least rate that a stage holds or passes through above 0, the
// mean rate of the soaks (of all shapes where there is none), and the largest.
func loadsOf(all []scenarios.Scenario) Loads {
	var l Loads
	soaked, soakTime, planned, plannedTime := 0.0, 0.0, 0.0, 0.0
	for _, s := range all {
		l.Peak = max(l.Peak, s.PeakRate())
		for _, st := range s.Stages {
			for _, rate := range []float64{st.From - st.Amplitude, st.To} {
				if rate > 0 && (l.Minimum == 0 || rate < l.Minimum) {
					l.Minimum = rate
				}
			}
			hits, seconds := (st.From+st.To)/2*st.For.Seconds(), st.For.Seconds()
			planned, plannedTime = planned+hits, plannedTime+seconds
			if s.Kind == scenarios.Soak {
				soaked, soakTime = soaked+hits, soakTime+seconds
			}
		}
	}
	switch {
	case soakTime > 0:
		l.Typical = soaked / soakTime
	case plannedTime > 0:
		l.Typical = planned / plannedTime
	}
	return l
}

// riseOf is the steepest planned rise, in hits per second each second: (To − From) ÷ For of a stage, and A·2π ÷ Period
// of a sine. A jump between two stages has no slope and is not counted: nothing can be early for it.
func riseOf(all []scenarios.Scenario) float64 {
	rise := 0.0
	for _, s := range all {
		for _, st := range s.Stages {
			if st.For > 0 {
				rise = max(rise, (st.To-st.From)/st.For.Seconds())
			}
			if st.Period > 0 {
				rise = max(rise, st.Amplitude*2*math.Pi/st.Period.Seconds())
			}
		}
	}
	return rise
}

// limitHits is the rate per Pod that must not be exceeded: the knee where one was seen, else what was tested.
func (m *Measured) limitHits() *float64 {
	if m.Knee != nil {
		return m.Knee
	}
	return m.HitsPerPod
}
