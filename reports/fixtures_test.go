package reports

import (
	"reflect"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// fixtures are the runs that every format is rendered from.
func fixtures() map[string]Run {
	simulated := fixtureRun()
	simulated.Simulated = true
	unfinished := fixtureRun()
	unfinished.Trials, unfinished.Result = unfinished.Trials[:4], nil
	return map[string]Run{"derived": fixtureRun(), "simulated": simulated, "unfinished": unfinished, "infeasible": infeasibleRun(),
		"hostile": hostileRun(), "empty": {}}
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
