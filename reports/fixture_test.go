package reports

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// This file makes runs that look like real ones: the searches of an imagined service that needs 250m and 86Mi in each
// of two replicas at 200 hits per second.

const (
	needCPU    = 250
	needMemory = 86 * scenarios.MiB
)

var (
	began    = time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC)
	appCPU   = tuner.Limit{Container: "app", Resource: tuner.CPU}
	appMem   = tuner.Limit{Container: "app", Resource: tuner.Memory}
	proxy    = tuner.ContainerSettings{Container: "proxy", Resources: resources(100, 32)}
	machine  = Machine{"linux", "amd64", "6.12.0", "Example CPU @ 3.00GHz", 4, 8 * scenarios.GiB, 2}
	shapes   = []scenarios.Scenario{rampShape(), soakShape()}
	oomLines = []string{"cache: 41 MiB in 8192 entries", "GET /search?q=masts 200 12ms", "GET /search?q=hulls 200 14ms"}
)

// resources is a guaranteed container: CPU in millicores, memory in MiB.
func resources(cpu, mib int64) scenarios.Resources {
	c, m := scenarios.MilliCPU(cpu), scenarios.Bytes(mib)*scenarios.MiB
	return scenarios.Resources{CPURequest: c, CPULimit: c, MemoryRequest: m, MemoryLimit: m}
}

func settings(cpu, mib int64) tuner.Settings {
	return tuner.Settings{{Container: "app", Resources: resources(cpu, mib)}, proxy}
}

func rampShape() scenarios.Scenario {
	s := scenarios.Scenario{Name: "ramp", Kind: scenarios.Ramp, Warmup: 5 * time.Second}
	for _, r := range []float64{50, 100, 150, 200} {
		s.Stages = append(s.Stages, scenarios.Stage{From: r, To: r, For: 10 * time.Second})
	}
	return s
}

func soakShape() scenarios.Scenario {
	return scenarios.Scenario{Name: "soak", Kind: scenarios.Soak, Warmup: 10 * time.Second,
		Stages: []scenarios.Stage{{From: 200, To: 200, For: 90 * time.Second}}}
}

// fixtureFile is the scenario file of the runs here, and its goal.
func fixtureFile() (scenarios.File, tuner.Goal) {
	f := scenarios.File{
		Version: 1,
		Workload: scenarios.Workload{Kind: scenarios.Local, Name: "harbour", Replicas: 2, Containers: []scenarios.Container{
			{Name: "app", Command: []string{"harbour"}, Runtime: map[string]string{"GOMAXPROCS": "4", "GOMEMLIMIT": "450MiB"}, Resources: resources(1000, 512), Tune: true,
				Bounds: scenarios.Bounds{CPUMin: 50, CPUMax: 2000, MemoryMin: 16 * scenarios.MiB, MemoryMax: scenarios.GiB}},
			{Name: "proxy", Resources: proxy.Resources},
		}},
		Traffic:   scenarios.Traffic{Protocol: scenarios.HTTP1, Timeout: 2 * time.Second, Hits: []scenarios.Hit{{Name: "search", Weight: 1, Method: "GET", Path: "/search"}}},
		Scenarios: shapes,
		SLOs: []scenarios.SLO{
			{Metric: scenarios.ResponseTime, Quantile: 0.99, Strict: true, Time: 200 * time.Millisecond, Text: "p99 < 200ms"},
			{Metric: scenarios.ErrorRatio, Strict: true, Value: 0.001, Text: "errors < 0.1%"},
		},
		Tuning: scenarios.Tuning{Start: scenarios.Conservative, CPU: true, Memory: true, QoS: scenarios.Guaranteed,
			MaxTrials: 24, MaxTime: 20 * time.Minute, Safety: 0.95, Probe: "ramp", Confirm: "soak",
			Prices: scenarios.DefaultPrices()},
	}
	return f, tuner.NewGoal(f)
}

// fixtureRun is a search of nine trials that ends well: killed at start, throttled, doubtful, killed under load,
// confirmed by a soak.
func fixtureRun() Run {
	file, goal := fixtureFile()
	r := Run{Version: "v0.1.0", RunID: "7f3a9c", Started: began, Machine: machine, File: file, Goal: goal}
	for _, s := range []tuner.Step{
		{Purpose: tuner.Begin, Settings: settings(100, 40), Reason: "Conservative start, as in the talk."},
		{Purpose: tuner.Probe, Settings: settings(100, 80), Change: change(appMem, 40, 80), Reason: "It was OOM-killed before it was Ready: more memory."},
		{Purpose: tuner.Probe, Settings: settings(400, 80), Change: change(appCPU, 100, 400), Reason: "CPU pegged: more CPU."},
		{Purpose: tuner.Probe, Settings: settings(400, 128), Change: change(appMem, 80, 128), Reason: "It was OOM-killed under load: more memory."},
		{Purpose: tuner.Probe, Settings: settings(200, 128), Change: change(appCPU, 400, 200), Reason: "It passed at 400m and failed at 100m: try between."},
		{Purpose: tuner.Probe, Settings: settings(280, 128), Change: change(appCPU, 200, 280), Reason: "It failed at 200m and passed at 400m: try between."},
		{Purpose: tuner.Repeat, Settings: settings(280, 128), Reason: "The trial before was doubtful: the same again."},
		{Purpose: tuner.Probe, Settings: settings(280, 96), Change: change(appMem, 128, 96), Reason: "Peak memory was 86Mi: try closer to it."},
		{Purpose: tuner.Confirm, Settings: settings(280, 96), Fresh: true, Whole: true, Reason: "Both limits converged: a soak on fresh replicas at exactly these values."},
	} {
		s.Scenario = "ramp"
		if s.Purpose == tuner.Confirm {
			s.Scenario = "soak"
		}
		r.Trials = append(r.Trials, fixtureTrial(len(r.Trials)+1, s))
	}
	doubt(&r.Trials[5])
	r.Result = fixtureResult()
	return r
}

func fixtureResult() *tuner.Step {
	return &tuner.Step{Reason: "The confirming soak passed.", Result: &tuner.Result{
		Outcome: tuner.Derived, Why: "Both limits of app converged within 6 trials and held a soak of 90 s on fresh replicas.",
		Settings: settings(280, 96), Verified: true, Sigma: new(0.031), Confidence: new(0.96),
		Evidence: []tuner.Evidence{
			{Limit: appCPU, Derived: 280, Request: 280, Trials: []int{2, 3, 5, 6, 7, 9}, Passed: 7, Margin: new(0.12), Confidence: new(0.97),
				Below:       &tuner.Below{Value: 200, Trial: 5, Mode: tuner.CPUPegged, Text: "p99 was 1.43 s, throttled in 96 % of periods"},
				LimitReason: "12 % above the estimated demand of 250m.", RequestReason: "Guaranteed: equal to the limit."},
			{Limit: appMem, Derived: int64(96 * scenarios.MiB), Request: int64(96 * scenarios.MiB), Trials: []int{1, 2, 3, 4, 8, 9}, Passed: 8, Margin: new(0.11), Confidence: new(0.98),
				Below:       &tuner.Below{Value: int64(80 * scenarios.MiB), Trial: 3, Mode: tuner.OOM, Text: "OOM-killed after 22 s of load"},
				LimitReason: "11 % above the largest peak seen, 86Mi.", RequestReason: "Guaranteed: equal to the limit."},
		},
		Warnings: []string{"The soak was 90 s long: a leak below 1 MiB an hour would not have been seen."},
	}}
}

// change is a change of limit l; memory in MiB.
func change(l tuner.Limit, from, to int64) *tuner.Change {
	if l.Resource == tuner.Memory {
		from, to = from*int64(scenarios.MiB), to*int64(scenarios.MiB)
	}
	return &tuner.Change{Limit: l, From: from, To: to}
}

// doubt makes a trial one whose generator fell behind.
func doubt(t *tuner.Trial) {
	t.Observation.Invalid = []tuner.Doubt{{Kind: tuner.GeneratorBound, Text: "1.8 % of hits were sent over 2 ms late"}}
	t.Verdict = tuner.Verdict{Judgement: tuner.Inconclusive, Why: "the generator fell behind: 1.8 % of hits were sent over 2 ms late", Margins: t.Verdict.Margins}
}

// fixtureTrial is what the imagined service does at the settings of step.
func fixtureTrial(number int, step tuner.Step) tuner.Trial {
	shape := shapes[0]
	if step.Scenario == "soak" {
		shape = shapes[1]
	}
	app := step.Settings[0]
	o := tuner.Observation{Start: began.Add(time.Duration(number) * time.Minute), Warmup: shape.Warmup,
		Planned: shape.Duration(), Window: shape.Duration() - shape.Warmup, Complete: true, Fresh: true, Startup: new(1300 * time.Millisecond)}
	t := tuner.Trial{Number: number, Step: step, Elapsed: shape.Duration() + 3*time.Second}
	if app.MemoryLimit < needMemory/2 {
		return killedAtStart(t, o)
	}
	m := model{rand.New(rand.NewPCG(uint64(number), 7)), float64(app.CPULimit) / needCPU, app.MemoryLimit}
	kill := m.killSecond(shape)
	for at := time.Second; at <= shape.Duration(); at += time.Second {
		o.Seconds = append(o.Seconds, m.second(shape, at, step.Settings, kill))
	}
	if kill > 0 {
		o.Kills = []tuner.Kill{{Kind: tuner.OOMKill, Container: "app", Replica: 1, At: kill, ExitCode: new(137), Output: oomLines}}
	}
	m.fold(&o, step.Settings)
	t.Observation, t.Verdict = o, m.verdict(o, step)
	t.Verdict.Leaks = tuner.Judge(tuner.Goal{}, step, o).Leaks
	return t
}

func killedAtStart(t tuner.Trial, o tuner.Observation) tuner.Trial {
	o.Window, o.Warmup, o.Complete, o.NeverReady, o.Startup = 0, 0, false, true, nil
	o.Stopped = "a replica was never Ready"
	for replica := range 2 {
		o.Kills = append(o.Kills, tuner.Kill{Kind: tuner.OOMAtStart, Container: "app", Replica: replica, At: -800 * time.Millisecond,
			ExitCode: new(137), Output: []string{"loading index …", "index: 31 MiB"}})
		o.Containers = append(o.Containers, tuner.ContainerUse{Container: "app", Replica: replica, CPULimit: 100, MemoryLimit: 40 * scenarios.MiB,
			MemoryPeak: new(40 * scenarios.MiB), OOMKills: new(int64(1)), Restarts: 1})
	}
	t.Observation, t.Elapsed = o, 4*time.Second
	t.Verdict = tuner.Verdict{Judgement: tuner.Fail, Mode: tuner.OOMStart, Culprit: &appMem, Why: "app was OOM-killed at 40Mi before it was Ready, in both replicas"}
	return t
}

// model is the imagined service: room is CPU limit over need.
type model struct {
	random *rand.Rand
	room   float64
	limit  scenarios.Bytes
}

func (m model) killSecond(shape scenarios.Scenario) time.Duration {
	if m.limit >= needMemory {
		return 0
	}
	return shape.Duration() * 6 / 10
}

// noisy is x with a few percent of noise.
func (m model) noisy(x float64) float64 { return x * (1 + 0.04*m.random.NormFloat64()) }

// second is one row: work queues up where the load is over what the CPU limit allows.
func (m model) second(shape scenarios.Scenario, at time.Duration, settings tuner.Settings, kill time.Duration) tuner.Second {
	offered := rateAt(shape, at)
	load := offered / 200 / m.room // CPU needed over CPU limit
	down := kill > 0 && at >= kill && at < kill+3*time.Second
	s := tuner.Second{At: at, Warmup: at <= shape.Warmup, Offered: offered, Achieved: offered, InFlight: int64(m.noisy(6 + 40*max(0, load-1)))}
	s.Throughput = math.Round(min(offered, offered/max(load, 1)))
	p50 := m.noisy(9/(1-min(load, 0.95)*0.8) + 500*max(0, load-1))
	if down {
		s.Failed, s.Throughput, p50 = int64(offered/2), offered/2, p50*3
	}
	s.P50, s.P99 = new(millis(p50)), new(millis(m.noisy(p50*3.4)))
	grown := 1 - math.Exp(-at.Seconds()/12)
	for replica := range 2 {
		memory := scenarios.Bytes(m.noisyLittle(34+float64(needMemory/scenarios.MiB-36)*grown)) * scenarios.MiB
		app := tuner.ContainerSecond{CPU: new(m.noisy(min(load, 1) * m.room * needCPU / 1000)), Throttled: new(throttled(load)),
			Memory: new(min(memory, m.limit)), OOMKills: new(int64(0))}
		if kill > 0 && at >= kill && replica == 1 {
			app.OOMKills, app.Restarts = new(int64(1)), 1
			app.Memory = new(min(*app.Memory, scenarios.Bytes(20+2*(at-kill).Seconds())*scenarios.MiB))
		}
		side := tuner.ContainerSecond{CPU: new(m.noisy(offered / 10000)), Throttled: new(0.0), Memory: new(18 * scenarios.MiB), OOMKills: new(int64(0))}
		s.Containers = append(s.Containers, app, side)
	}
	if at == 4*time.Second {
		s.Containers = nil // a sample that was missed: a gap, not zeros
	}
	return s
}

func (m model) noisyLittle(x float64) float64 { return x + 0.4*m.random.NormFloat64() }

func throttled(load float64) float64 { return min(0.98, max(0, (load-0.8)*4)) }

func millis(x float64) time.Duration {
	return time.Duration(x * float64(time.Millisecond)).Round(10 * time.Microsecond)
}

func rateAt(shape scenarios.Scenario, at time.Duration) float64 {
	for _, s := range shape.Stages {
		if at <= s.For {
			return s.From
		}
		at -= s.For
	}
	return 0
}

// fold sums up the seconds into the load and the use of an observation.
func (m model) fold(o *tuner.Observation, settings tuner.Settings) {
	load := &tuner.Load{Outcomes: map[string]int64{}, MaxInFlight: 48}
	worst, n := time.Duration(0), 0.0
	for _, s := range o.Seconds {
		if s.Warmup {
			continue
		}
		n++
		load.Offered, load.Throughput = load.Offered+s.Offered, load.Throughput+s.Throughput
		load.Outcomes["ok"] += int64(s.Throughput)
		load.Outcomes["timeout"] += int64(s.Offered - s.Throughput)
		worst = max(worst, *s.P99)
	}
	load.Hits = load.Outcomes["ok"] + load.Outcomes["timeout"]
	load.Offered, load.Throughput = load.Offered/n, load.Throughput/n
	load.Achieved = load.Offered
	load.Response = quantiles(worst, 1)
	load.Service, load.Lag = quantiles(worst, 0.9), quantiles(2*time.Millisecond, 0.1)
	for _, r := range []float64{50, 100, 150, 200} {
		need := r / 200 / m.room
		load.Stages = append(load.Stages, tuner.StageLoad{Offered: r, Throughput: min(r, r/max(need, 1)),
			Response: quantiles(millis(31/(1-min(need, 0.95)*0.8)+1700*max(0, need-1)), 1)})
	}
	load.Replicas = []int64{load.Outcomes["ok"] * 51 / 100, load.Outcomes["ok"] * 49 / 100}
	o.Load = load
	for replica := range 2 {
		for i, c := range settings {
			o.Containers = append(o.Containers, m.use(o, c, replica, 2*replica+i))
		}
	}
}

// use is the container at index of every second.
func (m model) use(o *tuner.Observation, c tuner.ContainerSettings, replica, index int) tuner.ContainerUse {
	u := tuner.ContainerUse{Container: c.Container, Replica: replica, CPULimit: c.CPULimit, MemoryLimit: c.MemoryLimit,
		StartupCPU: new(0.21), OOMKills: new(int64(0)), Refaults: new(int64(12)), LimitHits: new(int64(0))}
	sum, top, n, stopped, peak := 0.0, 0.0, 0.0, 0.0, scenarios.Bytes(0)
	for _, s := range o.Seconds {
		if s.Containers == nil || s.Warmup {
			continue
		}
		use := s.Containers[index]
		n, sum, top, stopped = n+1, sum+*use.CPU, max(top, *use.CPU), stopped+*use.Throttled
		peak = max(peak, *use.Memory)
		u.OOMKills, u.Restarts = use.OOMKills, use.Restarts
	}
	u.CPU, u.CPUP95, u.CPUMax = new(sum/n), new(0.97*top), new(top)
	u.Periods, u.ThrottledPeriods = new(int64(n*10)), new(int64(stopped*10))
	u.ThrottledTime = new(time.Duration(stopped * 4e7))
	u.WorkingSet, u.MemoryPeak = &peak, new(peak+scenarios.MiB)
	u.AnonPeak, u.FilePeak = new(peak*8/10), new(peak*2/10)
	return u
}

// quantiles of a distribution whose p99 is given, scaled.
func quantiles(p99 time.Duration, scale float64) []tuner.Quantile {
	var all []tuner.Quantile
	for _, q := range []struct{ q, of float64 }{{0.5, 0.29}, {0.75, 0.4}, {0.9, 0.62}, {0.95, 0.77}, {0.99, 1}, {0.999, 1.6}, {1, 2.1}} {
		all = append(all, tuner.Quantile{Q: q.q, Time: time.Duration(float64(p99) * q.of * scale).Round(10 * time.Microsecond)})
	}
	return all
}

// verdict judges as the SLOs of the fixture ask.
func (m model) verdict(o tuner.Observation, step tuner.Step) tuner.Verdict {
	p99, _ := o.Load.Quantile(0.99)
	failed := float64(o.Load.Outcomes["timeout"]) / float64(o.Load.Hits)
	v := tuner.Verdict{Judgement: tuner.Pass, Margins: []tuner.Margin{
		bounded("p99 < 200ms", scenarios.ResponseTime, p99.Time.Seconds(), 0.2),
		bounded("errors < 0.1%", scenarios.ErrorRatio, failed, 0.001),
		bounded("app memory peak / limit", scenarios.MemoryUse, float64(*o.Containers[2].WorkingSet)/float64(m.limit), 1),
	}}
	throttle := *o.Containers[0].ThrottledRatio()
	v.Why = fmt.Sprintf("p99 %s of 200 ms, throttled %s, memory peak %s of %s", duration(p99.Time), percent(throttle),
		memory(*o.Containers[2].WorkingSet), m.limit)
	switch {
	case m.room < 1:
		v.Judgement, v.Mode, v.Culprit = tuner.Fail, tuner.CPUPegged, &appCPU
		v.Why = fmt.Sprintf("p99 %s, over 200 ms; throttled in %s of periods", duration(p99.Time), percent(throttle))
	case len(o.Kills) > 0:
		v.Judgement, v.Mode, v.Culprit = tuner.Fail, tuner.OOM, &appMem
		v.Why = fmt.Sprintf("app was OOM-killed after %s of load at %s", duration(o.Kills[0].At), m.limit)
	}
	return v
}

func bounded(name string, metric scenarios.Metric, value, bound float64) tuner.Margin {
	return tuner.Margin{Name: name, Metric: metric, Value: new(value), Bound: bound, Ratio: new(value / bound), Met: new(value < bound)}
}
