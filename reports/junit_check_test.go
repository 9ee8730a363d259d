package reports

import (
	"encoding/xml"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// checkOf is a check of the trials soak, ramp, soak, ramp … whose p99 was this many milliseconds of 200; findings as
// tuner.ConcludeCheck makes them: a scenario of which no more trials passed than failed has failed. 0 is a trial in doubt.
func checkOf(p99 ...int) Run {
	r := fixtureRun()
	r.Result, r.Trials, r.Check = nil, nil, &tuner.Check{Judgement: tuner.Pass, Why: "every SLO held"}
	r.Goal.SLOs = map[string][]scenarios.SLO{"ramp": r.File.SLOs, "soak": r.File.SLOs}
	for i, ms := range p99 {
		step := tuner.Step{Purpose: []tuner.Purpose{tuner.Confirm, tuner.Validate}[i%2], Scenario: []string{"soak", "ramp"}[i%2]}
		v := tuner.Verdict{Judgement: tuner.Pass, Why: "every SLO met", Margins: []tuner.Margin{bounded("p99 < 200ms", scenarios.ResponseTime, float64(ms)/1000, 0.2)}}
		switch {
		case ms == 0:
			v = tuner.Verdict{Judgement: tuner.Inconclusive, Why: "hits were sent late", Margins: []tuner.Margin{{Name: "p99 < 200ms", Metric: scenarios.ResponseTime, Bound: 0.2}}}
		case ms >= 200:
			v.Judgement, v.Why = tuner.Fail, "p99 too high"
		}
		r.Trials = append(r.Trials, tuner.Trial{Number: i + 1, Step: step, Verdict: v, Elapsed: time.Second})
	}
	for _, scenario := range []string{"soak", "ramp"} {
		passed, failed := 0, []int{}
		for _, t := range r.Trials {
			switch {
			case t.Step.Scenario == scenario && t.Verdict.Judgement == tuner.Pass:
				passed++
			case t.Step.Scenario == scenario && t.Verdict.Judgement == tuner.Fail:
				failed = append(failed, t.Number)
			}
		}
		switch {
		case len(failed) > passed:
			r.Check.Findings = append(r.Check.Findings, tuner.CheckFinding{Rule: tuner.RuleFailed, Error: true, Text: "p99 too high", Trials: failed})
			r.Check.Judgement, r.Check.Why = tuner.Fail, "p99 too high"
		case len(failed) > 0:
			r.Check.Judgement, r.Check.Why = tuner.Inconclusive, "too noisy to tell"
		}
	}
	return r
}

// casesOf are the cases of a JUnit file by their names: failed, skipped or passed, with what is said beside it.
func casesOf(t *testing.T, r Run) map[string]string {
	t.Helper()
	var s suites
	if err := xml.Unmarshal(render(t, JUnit, r), &s); err != nil {
		t.Fatal(err)
	}
	cases := map[string]string{}
	for _, suite := range s.Suites {
		for _, c := range suite.Cases {
			switch {
			case c.Failure != nil:
				cases[c.Name] = "failed: " + c.Failure.Message
			case c.Skipped != nil:
				cases[c.Name] = "skipped: " + c.Skipped.Message
			default:
				cases[c.Name] = "passed: " + c.Output
			}
		}
	}
	return cases
}

// Every SLO of both scenarios and every rule of a check is a case, and rests on the trials that the check rests on.
func TestJUnitOfACheck(t *testing.T) {
	for name, c := range map[string]struct {
		p99  []int
		want map[string]string // the beginning of what is said of some cases
	}{
		"all passed": {[]int{90, 110}, map[string]string{"outcome": "passed", "soak: p99 < 200ms": "passed: 90 ms, allowed 200 ms (trial 1)",
			"ramp: p99 < 200ms": "passed: 110 ms, allowed 200 ms (trial 2)", "failed": "passed: nothing found", "too-large": "passed", "regression": "skipped"}},
		"the ramp misses, the soak does not": {[]int{90, 250, 95, 260}, map[string]string{"outcome": "failed: The check failed",
			"soak: p99 < 200ms": "passed: 95 ms, allowed 200 ms (trial 3)", "ramp: p99 < 200ms": "failed: 260 ms, allowed 200 ms (trial 4)",
			"failed": "failed", "trial 1: confirming soak": "passed", "trial 2: short scenario, nothing moved": "failed", "trial 4: short scenario, nothing moved": "failed"}},
		"the ramp misses once of two": {[]int{90, 250, 95, 120}, map[string]string{"outcome": "skipped", "soak: p99 < 200ms": "passed",
			"ramp: p99 < 200ms": "skipped: missed in trial 2, met in trial 4: too noisy to tell", "trial 2: short scenario, nothing moved": "skipped: failed, and the same again passed"}},
		"the last is in doubt": {[]int{90, 120, 95, 0}, map[string]string{"ramp: p99 < 200ms": "passed: 120 ms, allowed 200 ms (trial 2)"}},
		"all of it in doubt":   {[]int{90, 0, 95, 0}, map[string]string{"ramp: p99 < 200ms": "skipped: trial 4 can't be judged: hits were sent late"}},
		"no time for the ramp": {[]int{90}, map[string]string{"soak: p99 < 200ms": "passed", "ramp: p99 < 200ms": "skipped: its scenario was not run"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := checkOf(c.p99...)
			cases := casesOf(t, r)
			for name, want := range c.want {
				if got := cases[name]; !strings.HasPrefix(got, want) {
					t.Errorf("%q is %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestSimulatedCheckSaysSoInJUnit(t *testing.T) {
	r := checkOf(90, 250, 95, 260)
	r.Simulated = true
	var s suites
	if err := xml.Unmarshal(render(t, JUnit, r), &s); err != nil {
		t.Fatal(err)
	}
	outcome := s.Suites[0].Cases[0]
	if !strings.HasPrefix(outcome.Output, simulatedText) || outcome.Failure == nil || outcome.Failure.Text != "p99 too high" || outcome.Failure.Type != "failed" {
		t.Errorf("%+v", outcome)
	}
}

// The headline of a check leads to the trials that it speaks of, and its page says nothing of limits that change.
func TestPageOfACheckRestsOnItsTrials(t *testing.T) {
	for name, c := range map[string]struct {
		p99, want []int
	}{"passed": {[]int{90, 110}, []int{1, 2}}, "failed": {[]int{90, 250, 95, 260}, []int{2, 4}}, "in doubt": {[]int{90, 0, 95, 110}, []int{2}}, "noisy": {[]int{90, 250, 95, 120}, []int{2}}} {
		p, err := newPage(checkOf(c.p99...))
		if err != nil {
			t.Fatal(err)
		}
		var got []int
		for _, l := range p.Deciding {
			got = append(got, l.Number)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: the headline leads to %v, want %v", name, got, c.want)
		}
	}
	if page := string(render(t, HTML, checkOf(90, 110))); strings.Contains(page, "changes per trial") || !strings.Contains(page, "a check changes none") {
		t.Error("the lead of a check is that of a search")
	}
	if page := string(render(t, HTML, fixtureRun())); !strings.Contains(page, "One limit of one container changes per trial") {
		t.Error("the lead of a search is gone")
	}
}
