package tuner

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// TestDecideScripts runs testdata/decide: one file for each behaviour. A block is a command, "----" and the answer up to
// an empty line; all else is prose.
//
//	search key=value …   begins a search of one container, app, with SLOs p99 < 50ms and errors < 0.1%; the answer is the first step
//	trial key=value …    what was seen of that step; the answer is the verdict and the next step
//
// A trial passes well inside its limits unless it says otherwise: p99, cpu (millicores used), served (throughput over
// offered), throttled, peak, anon, refaults, kill (oom, oom_start), never-ready, doubt, slower (median ms at the start and at the end
// of a soak of ten minutes), knee (the rate from which a ramp up to 200 hits/s is not kept up with).
func TestDecideScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/decide/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			got := playScript(t, string(data))
			if *update {
				if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(data) {
				t.Errorf("the answers are not those of %s; with -update they read:\n%s", name, got)
			}
		})
	}
}

// playScript returns the script with the answers that Judge and Decide give now.
func playScript(t *testing.T, script string) string {
	var out []string
	var p play
	lines := strings.Split(script, "\n")
	for i := 0; i < len(lines); i++ {
		out = append(out, lines[i])
		words := strings.Fields(lines[i])
		if len(words) == 0 || words[0] != "search" && words[0] != "trial" || i+1 >= len(lines) || lines[i+1] != "----" {
			continue
		}
		for i += 2; i < len(lines) && lines[i] != ""; i++ { // the old answer
		}
		answer, err := p.answer(words[0], fieldsOf(words[1:]))
		if err != nil {
			t.Fatalf("%s: %v", strings.Join(words, " "), err)
		}
		out = append(out, "----", answer, "")
	}
	return strings.Join(out, "\n")
}

func fieldsOf(words []string) map[string]string {
	fields := map[string]string{}
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		fields[key] = value
	}
	return fields
}

// play is one search of a script.
type play struct {
	goal   Goal
	trials []Trial
	step   Step
}

func (p *play) answer(command string, fields map[string]string) (string, error) {
	if command == "search" {
		return p.search(fields)
	}
	if p.step.Result != nil {
		return "", fmt.Errorf("the search has ended: %s", p.step.Result.Why)
	}
	o, err := p.observation(fields)
	if err != nil {
		return "", err
	}
	trial := Trial{Number: len(p.trials) + 1, Step: p.step, Observation: o, Verdict: Judge(p.goal, p.step, o), Elapsed: o.Planned + time.Second}
	p.trials = append(p.trials, trial)
	p.step = Decide(p.goal, p.trials)
	v := trial.Verdict
	text := string(v.Judgement)
	if v.Mode != "" {
		text += " " + string(v.Mode)
	}
	if v.Culprit != nil {
		text += ", culprit " + limitName(*v.Culprit)
	}
	return text + ": " + v.Why + "\n" + stepText(p.step), nil
}

func (p *play) search(fields map[string]string) (string, error) {
	f := scenarios.File{
		Workload: scenarios.Workload{Replicas: 1, Containers: []scenarios.Container{{Name: "app", Tune: true}}},
		SLOs: []scenarios.SLO{{Metric: scenarios.ResponseTime, Quantile: 0.99, Strict: true, Time: 50 * time.Millisecond, Text: "p99 < 50ms"},
			{Metric: scenarios.ErrorRatio, Strict: true, Value: 0.001, Text: "errors < 0.1%"}},
		Scenarios: []scenarios.Scenario{playScenario("probe", 12*time.Second), playScenario("confirm", time.Minute)},
		Tuning: scenarios.Tuning{Start: scenarios.Conservative, CPU: true, Memory: true, QoS: scenarios.Burstable, MaxTrials: 30,
			MaxTime: time.Hour, Safety: 0.95, Probe: "probe", Confirm: "confirm"},
	}
	bounds := &f.Workload.Containers[0].Bounds
	*bounds = scenarios.Bounds{CPUMin: 20, CPUMax: 4000, MemoryMin: 16 << 20, MemoryMax: 1 << 30}
	var warm Settings
	for key, value := range fields {
		n, _ := strconv.Atoi(value)
		switch key {
		case "cpu-max":
			bounds.CPUMax = scenarios.MilliCPU(n)
		case "memory-max":
			bounds.MemoryMax = scenarios.Bytes(n) << 20
		case "qos":
			f.Tuning.QoS = scenarios.QoS(value)
		case "start":
			f.Tuning.Start = scenarios.Start(value)
		case "trials":
			f.Tuning.MaxTrials = n
		case "only":
			f.Tuning.CPU, f.Tuning.Memory = value == "cpu", value == "memory"
		case "earlier":
			warm = Settings{{"app", scenarios.Resources{CPURequest: 250, CPULimit: 320, MemoryRequest: 80 << 20, MemoryLimit: 96 << 20}}}
		default:
			return "", fmt.Errorf("unknown key %q", key)
		}
	}
	*p = play{goal: NewGoal(f)}
	if warm != nil {
		below := &Below{Value: 290, Trial: 7, Mode: CPUPegged, Text: "p99 80 ms of 50 ms"}
		p.goal.Earlier = &Result{Outcome: Derived, Settings: warm, Evidence: []Evidence{{Limit: Limit{"app", CPU}, Derived: 320, Below: below},
			{Limit: Limit{"app", Memory}, Derived: 96 << 20}}}
	}
	p.step = Decide(p.goal, nil)
	return stepText(p.step), nil
}

func playScenario(name string, length time.Duration) scenarios.Scenario {
	return scenarios.Scenario{Name: name, Warmup: 2 * time.Second, Stages: []scenarios.Stage{{From: 200, To: 200, For: length}}}
}

// observation is a trial of the current step: 200 hits/s, 240m used, 60Mi of anonymous memory, unless fields say otherwise.
func (p *play) observation(fields map[string]string) (o Observation, err error) {
	length := 12 * time.Second
	if p.step.Scenario == "confirm" {
		length = time.Minute
	}
	c := p.step.Settings[0]
	seen := map[string]float64{"p99": 20, "cpu": 240, "served": 1, "throttled": 0, "peak": 70, "anon": 60, "refaults": 0}
	o = Observation{Start: time.Unix(0, 0), Window: length - 2*time.Second, Warmup: 2 * time.Second, Planned: length, Complete: true, Fresh: p.step.Fresh}
	for key, value := range fields {
		switch key {
		case "kill":
			o.Kills = []Kill{{Kind: KillKind(value), Container: "app", At: time.Second, ExitCode: new(137)}}
		case "never-ready":
			o.NeverReady = true
		case "doubt":
			o.Invalid = []Doubt{{DoubtKind(value), strings.ReplaceAll(value, "_", " ")}}
		case "slower":
			if o.Seconds, err = playSlower(value); err != nil {
				return o, err
			}
		case "knee":
			knee, err := strconv.ParseFloat(value, 64)
			if err != nil {
				return o, err
			}
			o.Seconds = playRamp(knee)
		default:
			x, err := strconv.ParseFloat(value, 64)
			if _, known := seen[key]; !known || err != nil {
				return o, fmt.Errorf("bad field %s=%s", key, value)
			}
			seen[key] = x
		}
	}
	o.Containers = []ContainerUse{playUse(c, seen, o)}
	if !o.NeverReady {
		o.Load = playLoad(seen, o.Window)
	}
	return o, nil
}

func playUse(c ContainerSettings, seen map[string]float64, o Observation) ContainerUse {
	mib := func(x float64) *scenarios.Bytes { return new(scenarios.Bytes(x * float64(scenarios.MiB))) }
	limit := float64(c.MemoryLimit) / float64(scenarios.MiB)
	u := ContainerUse{Container: "app", CPULimit: c.CPULimit, MemoryLimit: c.MemoryLimit, CPU: new(seen["cpu"] / 1000), CPUP95: new(seen["cpu"] / 1000 * 1.05),
		MemoryPeak: mib(math.Min(seen["peak"], limit)), AnonPeak: mib(math.Min(seen["anon"], limit)), WorkingSet: mib(math.Min(seen["anon"]+4, limit)),
		FilePeak: mib(4), MappedFile: mib(4), Refaults: new(int64(seen["refaults"])), LimitHits: new(int64(0)), MemoryStall: new(0.0), OOMKills: new(int64(len(o.Kills))), Restarts: len(o.Kills)}
	if c.CPULimit > 0 {
		periods := int64(o.Window / (100 * time.Millisecond))
		u.Periods, u.ThrottledPeriods = &periods, new(int64(seen["throttled"]*float64(periods)))
		u.StartupThrottled = new(seen["throttled"])
	}
	return u
}

func playLoad(seen map[string]float64, window time.Duration) *Load {
	hits := int64(200 * window.Seconds())
	ok := int64(seen["served"] * float64(hits))
	l := &Load{Offered: 200, Achieved: 200, Throughput: 200 * seen["served"], Hits: hits, Outcomes: map[string]int64{"ok": ok, "timeout": hits - ok}}
	for _, q := range []float64{0.5, 0.9, 0.95, 0.99, 0.999} {
		l.Response = append(l.Response, Quantile{Q: q, Time: time.Duration(seen["p99"] * q / 0.99 * float64(time.Millisecond)), AtLeast: seen["served"] < 0.99})
	}
	return l
}

// playSlower is a soak in which the median goes from one value to another: "5,8" in ms.
func playSlower(value string) ([]Second, error) {
	var from, to float64
	if _, err := fmt.Sscanf(value, "%f,%f", &from, &to); err != nil {
		return nil, err
	}
	var seconds []Second
	for i := range 600 {
		median := time.Duration((from + (to-from)*float64(i)/600) * float64(time.Millisecond))
		seconds = append(seconds, Second{At: time.Duration(i+1) * time.Second, Offered: 200, Achieved: 200, Throughput: 200, P50: &median})
	}
	return seconds, nil
}

// playRamp is a ramp from 20 to 200 hits/s. From knee on p99 is ten times as long and the rest of the hits wait.
func playRamp(knee float64) []Second {
	var seconds []Second
	for i := range 30 {
		rate, p99 := 20+180*float64(i)/29, 10*time.Millisecond
		s := Second{At: time.Duration(i+1) * time.Second, Offered: rate, Achieved: rate, Throughput: min(rate, knee), P99: &p99}
		if rate > knee {
			s.P99 = new(100 * time.Millisecond)
		}
		seconds = append(seconds, s)
	}
	return seconds
}

// stepText is a step as a script shows it.
func stepText(s Step) string {
	if s.Result != nil {
		text := "end " + string(s.Result.Outcome) + ": " + s.Result.Why
		for _, c := range s.Result.Settings {
			text += fmt.Sprintf("\n  %s cpu %s/%s memory %s/%s, verified %v", c.Container, limitText(CPU, int64(c.CPURequest)), limitText(CPU, int64(c.CPULimit)),
				limitText(Memory, int64(c.MemoryRequest)), limitText(Memory, int64(c.MemoryLimit)), s.Result.Verified)
		}
		return text
	}
	c := s.Settings[0]
	text := fmt.Sprintf("%s %s cpu %s memory %s", s.Purpose, s.Scenario, limitText(CPU, int64(c.CPULimit)), limitText(Memory, int64(c.MemoryLimit)))
	if s.Fresh {
		text += ", cold"
	}
	return text + "\n  " + s.Reason
}
