package reports

import (
	"reflect"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
	"github.com/plimsoll/plimsoll/tuner/compat"
)

// fixtures are the runs that every format is rendered from.
func fixtures() map[string]Run {
	simulated := fixtureRun()
	simulated.Simulated = true
	unfinished := fixtureRun()
	unfinished.Trials, unfinished.Result = unfinished.Trials[:4], nil
	return map[string]Run{"derived": fixtureRun(), "simulated": simulated, "unfinished": unfinished, "infeasible": infeasibleRun(),
		"hostile": hostileRun(), "checked": checkedRun(), "hostile-check": hostileCheck(), "beside": besideRun(), "empty": {}}
}

// besideRun is the usual search in a cluster whose VPA changes a request beside the derived settings.
func besideRun() Run {
	r := fixtureRun()
	r.Compat = judged()
	derived := settings(280, 96)
	changed := settings(280, 96)
	changed[0].CPURequest = 25
	t := compat.Trajectory{HoldFrom: time.Minute, End: 4 * time.Minute, Derived: derived, Hold: 400, Round: time.Minute,
		Scaler: &compat.Scaler{Min: 2, Max: 8, Target: 100, Tolerance: 0.1}, SLOs: tuner.Pass, SLOWhy: "every SLO on hits met",
		Suggested: []compat.Mend{{Object: compat.Ref{APIVersion: "autoscaling/v2", Kind: "HorizontalPodAutoscaler", Name: "web"}, How: compat.MergePatch, YAML: "spec: {}\n"}}}
	for at := time.Duration(0); at <= t.End; at += 2 * time.Second {
		p := compat.Point{At: at, Offered: min(400, 400*at.Minutes()), Desired: 2 + int(min(at/(20*time.Second), 2)), Ready: 2 + int(min(at/(30*time.Second), 2)),
			Pods: []compat.Carried{{Pod: "web-1", Settings: derived}}}
		if at > 2*time.Minute {
			p.Pods = append(p.Pods, compat.Carried{Pod: "web-2", Settings: changed})
		}
		t.Points = append(t.Points, p)
	}
	together := compat.JudgeCoexistence(t)
	r.Compat.Coexistence = &together
	return r
}

// checkedRun is a check that found a regression and a limit that is too large.
func checkedRun() Run {
	r := fixtureRun()
	r.Result = nil
	r.Trials = []tuner.Trial{r.Trials[8], r.Trials[7]}
	for i := range r.Trials {
		r.Trials[i].Number = i + 1
		r.Trials[i].Step.Change, r.Trials[i].Step.Reason = nil, "the limits in force"
	}
	r.Trials[1].Step.Purpose = tuner.Validate
	r.Check = &tuner.Check{Judgement: tuner.Fail, Why: "p99 response time 28 % worse (105 ms → 134 ms), beyond the ±20.7 % noise",
		Findings: []tuner.CheckFinding{
			{Rule: tuner.RuleRegression, Error: true, Text: "p99 response time 28 % worse (105 ms → 134 ms), beyond the ±20.7 % noise", Trials: []int{1, 2}},
			{Rule: tuner.RuleTooLarge, Container: "app", Text: "memory of app: request 512Mi and limit 512Mi, up to 6.1 times the most that was used, 84Mi", Trials: []int{1, 2}},
		},
		Differences: []tuner.Difference{
			{Metric: "p99 response time", Unit: "seconds", Before: 0.105, After: 0.1344, Change: 0.28, Noise: 0.207, SmallestWorse: 0.207, P: 0.0002, BeforeTrials: 4, AfterTrials: 2, Worse: true},
			{Metric: "CPU per hit", Container: "app", Unit: "cpu_seconds", Before: 0.0012, After: 0.001, Change: -0.167, Noise: 0.106, SmallestWorse: 0.119, P: 0.0003, BeforeTrials: 4, AfterTrials: 2, Better: true},
			{Metric: "throttled periods", Container: "app", Unit: "ratio", Before: 0.02, After: 0.03, Change: 0.01, Noise: 0.055, SmallestWorse: 0.055, P: 0.41, BeforeTrials: 4, AfterTrials: 2},
		},
		Notes: []string{"the limits of app are 280m and 96Mi now; those of the baseline were 400m and 96Mi"}}
	return r
}

// infeasibleRun ends without limits.
func infeasibleRun() Run {
	r := fixtureRun()
	r.Trials = r.Trials[:3]
	r.Result = &tuner.Step{Reason: "The largest allowed limits fail.", Result: &tuner.Result{
		Outcome: tuner.Infeasible, Why: "At the upper bounds, 2000m and 1024Mi, p99 is 412 ms: the service needs other bounds or another SLO.",
	}}
	return r
}

// hostile is what a name, a reply or a log line may hold: markup, a terminal escape, a table cell, a workflow command, a
// spreadsheet formula, and text that reads backwards.
const hostile = "</script><img src=x onerror=alert(1)>\x1b[31m|`\n::error::=1+1\u202e'\"\r"

// hostileRun is the usual run where every text but the enumerations holds hostile too.
func hostileRun() Run {
	r := fixtureRun()
	r.Trials = r.Trials[:3]
	spoil(reflect.ValueOf(&r).Elem())
	return r
}

// hostileCheck is checkedRun spoilt like hostileRun.
func hostileCheck() Run {
	r := checkedRun()
	spoil(reflect.ValueOf(&r).Elem())
	return r
}

// spoil appends hostile to every string in v, in copies of what v shares with others. Types of their own are
// enumerations and stay.
func spoil(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			v.Set(spoilt(v.Elem()).Addr())
		}
	case reflect.Slice:
		fresh := reflect.Zero(v.Type())
		for i := range v.Len() {
			fresh = reflect.Append(fresh, spoilt(v.Index(i)))
		}
		v.Set(fresh)
	case reflect.Map:
		fresh := reflect.MakeMap(v.Type())
		for _, key := range v.MapKeys() {
			fresh.SetMapIndex(spoilt(key), spoilt(v.MapIndex(key)))
		}
		v.Set(fresh)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() || v.Type() == reflect.TypeFor[scenarios.Secret]() {
			return
		}
		for i := range v.NumField() {
			spoil(v.Field(i))
		}
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() {
			v.SetString(v.String() + hostile)
		}
	}
}

// spoilt is a spoilt copy of v.
func spoilt(v reflect.Value) reflect.Value {
	fresh := reflect.New(v.Type()).Elem()
	fresh.Set(v)
	spoil(fresh)
	return fresh
}

// longRun has n trials, soaks among them: what a large report is measured on.
func longRun(n int) Run {
	r := fixtureRun()
	steps := r.Trials
	r.Trials = nil
	for i := range n {
		r.Trials = append(r.Trials, fixtureTrial(i+1, steps[i%len(steps)].Step))
	}
	return r
}
