package sim

import (
	"math"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// trialRun computes one trial second by second.
type trialRun struct {
	service  *Service
	step     tuner.Step
	scenario scenarios.Scenario
	draws    Draws
	fresh    bool
	leaked   []float64
	start    time.Duration
	starting time.Duration // until Ready, or until the time for it was over
	took     time.Duration
	seconds  []tuner.Second
	kills    []tuner.Kill
}

// run fills in an Observation. A trial ends early, after 5 s, where a container was killed: the rest is lost anyway.
func (t *trialRun) run() tuner.Observation {
	s := t.service
	o := tuner.Observation{Start: time.Unix(0, 0).UTC().Add(t.start), Planned: t.scenario.Duration(), Warmup: t.scenario.Warmup,
		Window: t.scenario.Duration() - t.scenario.Warmup, Complete: true, Fresh: t.fresh}
	t.starting = t.startup(&o)
	t.took = t.starting
	peak := s.at(t.step.Settings, t.draws, t.peakRate(), t.leaked)
	if o.NeverReady {
		t.neverReady(&o, peak)
		return o
	}
	length := int(t.scenario.Duration() / time.Second)
	var worst outcome
	var offered, ok float64
	for n := 1; n <= length; n++ {
		at := time.Duration(n) * time.Second
		rate := rateAt(t.scenario, at-time.Second/2) / float64(s.Replicas)
		now := s.at(t.step.Settings, t.draws, rate, t.leaked)
		t.second(at, rate, now)
		for i := range t.leaked {
			t.leaked[i] += float64(s.Containers[i].Leak) * rate
		}
		if at > t.scenario.Warmup {
			offered, ok = offered+rate, ok+rate*now.throughput
			worst = worse(worst, now)
		}
		if t.killed(at, now) {
			o.Complete, o.Stopped = n == length, "a container was killed"
			o.Window = max(at-t.scenario.Warmup, time.Second)
			if offered == 0 {
				offered, ok, worst = rate, rate*now.throughput, now
			}
			length = n
		}
	}
	t.took += time.Duration(length) * time.Second
	o.Load = t.load(worst, offered, ok, o.Window)
	o.Containers = t.containers(worst, o.Window)
	o.Seconds, o.Kills = t.seconds, t.kills
	return o
}

// worse keeps the outcome with the longer p99, and the higher peaks.
func worse(a, b outcome) outcome {
	if a.parts == nil {
		return b
	}
	if b.p99 < a.p99 {
		a, b = b, a
	}
	for i := range b.parts {
		b.parts[i].anon = max(a.parts[i].anon, b.parts[i].anon)
		b.parts[i].peak = max(a.parts[i].peak, b.parts[i].peak)
		b.parts[i].fate = max(a.parts[i].fate, b.parts[i].fate)
	}
	return b
}

// startup fills in the time to Ready of new replicas.
func (t *trialRun) startup(o *tuner.Observation) time.Duration {
	if !t.fresh {
		return time.Second
	}
	timeout := t.service.startTimeout()
	idle := t.service.at(t.step.Settings, t.draws, 0, make([]float64, len(t.leaked)))
	longest := time.Second
	for i := range idle.parts {
		longest = max(longest, time.Second+time.Duration(idle.parts[i].starting*float64(time.Second)))
		if idle.parts[i].fate == killedAtStart {
			t.kills = append(t.kills, t.kill(tuner.OOMAtStart, i, -time.Second/2))
			o.NeverReady = true
		}
	}
	if longest > timeout {
		o.NeverReady = true
		longest = timeout
	}
	if !o.NeverReady {
		o.Startup = &longest
	}
	return longest
}

func (t *trialRun) kill(kind tuner.KillKind, container int, at time.Duration) tuner.Kill {
	return tuner.Kill{Kind: kind, Container: t.service.Containers[container].Name, At: at, ExitCode: new(137)}
}

// killed records the containers that were killed for memory in this second.
func (t *trialRun) killed(at time.Duration, now outcome) bool {
	any := false
	for i := range now.parts {
		if now.parts[i].fate == killed {
			t.kills = append(t.kills, t.kill(tuner.OOMKill, i, at))
			any = true
		}
	}
	return any
}

// neverReady fills in what is seen of replicas that never got any load.
func (t *trialRun) neverReady(o *tuner.Observation, peak outcome) {
	o.Complete, o.Window, o.Kills = false, 0, t.kills
	o.Stopped = "never Ready"
	o.Containers = t.containers(peak, time.Second)
	for i := range o.Containers {
		c := &o.Containers[i]
		c.Periods, c.ThrottledPeriods, c.CPU, c.CPUP95, c.CPUMax = nil, nil, nil, nil, nil
	}
}

func (t *trialRun) peakRate() float64 { return t.scenario.PeakRate() / float64(t.service.Replicas) }

// rateAt is the planned rate of a scenario at an instant, over all replicas.
func rateAt(s scenarios.Scenario, at time.Duration) float64 {
	for _, stage := range s.Stages {
		if at >= stage.For {
			at -= stage.For
			continue
		}
		share := at.Seconds() / stage.For.Seconds()
		rate := stage.From + share*(stage.To-stage.From)
		if stage.Period > 0 {
			rate += stage.Amplitude * math.Sin(2*math.Pi*at.Seconds()/stage.Period.Seconds())
		}
		return rate
	}
	return 0
}

// second adds one row.
func (t *trialRun) second(at time.Duration, rate float64, now outcome) {
	all := rate * float64(t.service.Replicas)
	p99 := time.Duration(now.p99 * float64(time.Second))
	row := tuner.Second{At: at, Warmup: at <= t.scenario.Warmup, Offered: all, Achieved: all, Throughput: all * now.throughput,
		Failed: int64(all * (1 - now.throughput)), P99: &p99, P50: new(p99 / 3), InFlight: int64(all * now.p99 / 3)}
	for replica := range t.service.Replicas {
		for i := range now.parts {
			p := &now.parts[i]
			row.Containers = append(row.Containers, tuner.ContainerSecond{CPU: new(p.usage / 1000), Throttled: t.throttled(i, p.throttled),
				Memory: bytesOf(p.anon + p.mapped), OOMKills: new(t.kinds(i, replica))})
		}
	}
	t.seconds = append(t.seconds, row)
}

// kinds counts the OOM kills of a container; only the first replica is ever killed.
func (t *trialRun) kinds(container, replica int) int64 {
	n := int64(0)
	for _, k := range t.kills {
		if k.Container == t.service.Containers[container].Name && replica == 0 {
			n++
		}
	}
	return n
}

// throttled is nil where the container has no CPU limit: then it does not apply.
func (t *trialRun) throttled(container int, ratio float64) *float64 {
	if c, _ := t.step.Settings.Of(t.service.Containers[container].Name); c.CPULimit == 0 {
		return nil
	}
	return &ratio
}

// shape of the response time: each quantile as a share of p99.
var shape = [...]tuner.Quantile{{Q: 0.5, Time: 33}, {Q: 0.75, Time: 45}, {Q: 0.9, Time: 63}, {Q: 0.95, Time: 77}, {Q: 0.99, Time: 100}, {Q: 0.999, Time: 140}, {Q: 1, Time: 180}}

func (t *trialRun) load(worst outcome, offered, ok float64, window time.Duration) *tuner.Load {
	replicas := float64(t.service.Replicas)
	seconds := max(1, window.Seconds())
	hits := int64(offered * replicas)
	good := min(hits, int64(math.Round(ok*replicas)))
	l := &tuner.Load{Offered: offered * replicas / seconds, Achieved: offered * replicas / seconds, Throughput: ok * replicas / seconds,
		Hits: hits, Outcomes: map[string]int64{"ok": good, "timeout": hits - good}, MaxInFlight: int64(offered * replicas / seconds * worst.p99)}
	for _, q := range shape {
		x := tuner.Quantile{Q: q.Q, Time: time.Duration(worst.p99 * float64(q.Time) / 100 * float64(time.Second)), AtLeast: worst.censored}
		l.Response = append(l.Response, x)
		l.Service = append(l.Service, x)
		l.Lag = append(l.Lag, tuner.Quantile{Q: q.Q, Time: 50 * time.Microsecond})
	}
	for range t.service.Replicas {
		l.Replicas = append(l.Replicas, good/int64(replicas))
	}
	return l
}

func (t *trialRun) containers(worst outcome, window time.Duration) []tuner.ContainerUse {
	var all []tuner.ContainerUse
	for replica := range t.service.Replicas {
		for i := range worst.parts {
			all = append(all, t.container(i, replica, &worst.parts[i], window))
		}
	}
	return all
}

func (t *trialRun) container(i, replica int, p *part, window time.Duration) tuner.ContainerUse {
	c := &t.service.Containers[i]
	set, _ := t.step.Settings.Of(c.Name)
	u := tuner.ContainerUse{Container: c.Name, Replica: replica, CPULimit: set.CPULimit, MemoryLimit: set.MemoryLimit,
		CPU: new(p.usage / 1000), CPUP95: new(p.usage / 1000 * 1.03), CPUMax: new(p.usage / 1000 * 1.06),
		WorkingSet: bytesOf(p.anon + p.mapped), MemoryPeak: bytesOf(p.peak), AnonPeak: bytesOf(p.anon), FilePeak: bytesOf(p.file),
		MappedFile: bytesOf(p.mapped), Refaults: new(int64(0)), LimitHits: new(int64(0)), MemoryStall: new(0.0), CPUStall: new(p.throttled * 0.5),
		OOMKills: new(t.kinds(i, replica)), Restarts: int(t.kinds(i, replica))}
	if t.fresh {
		u.StartupCPU = &c.StartCPU
	}
	if set.CPULimit > 0 {
		periods := int64(window / (100 * time.Millisecond))
		u.Periods, u.ThrottledPeriods = &periods, new(int64(math.Round(p.throttled*float64(periods))))
		u.ThrottledTime = new(time.Duration(p.throttled * 0.3 * float64(window)))
		u.StartupThrottled = new(0.0)
		if t.fresh && set.CPULimit < 1000 && c.StartCPU > 0 {
			u.StartupThrottled = new(0.9 * min(1, p.starting/t.starting.Seconds()))
		}
	}
	if p.fate == thrashing {
		u.Refaults, u.LimitHits, u.MemoryStall = new(int64(5000)), new(int64(20000)), new(0.6)
	}
	return u
}
