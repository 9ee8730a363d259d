package reports

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/plimsoll/plimsoll/tuner"
)

// suites is a JUnit file: one suite for the outcome and the SLOs, one for the trials.
type suites struct {
	XMLName  xml.Name `xml:"testsuites"`
	Name     string   `xml:"name,attr"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Skipped  int      `xml:"skipped,attr"`
	Time     string   `xml:"time,attr"`
	Suites   []suite  `xml:"testsuite"`
}

type suite struct {
	Name     string     `xml:"name,attr"`
	Tests    int        `xml:"tests,attr"`
	Failures int        `xml:"failures,attr"`
	Skipped  int        `xml:"skipped,attr"`
	Time     string     `xml:"time,attr"`
	Stamp    string     `xml:"timestamp,attr,omitempty"`
	Cases    []testCase `xml:"testcase"`
}

type testCase struct {
	Class   string   `xml:"classname,attr"`
	Name    string   `xml:"name,attr"`
	Time    string   `xml:"time,attr"`
	Failure *problem `xml:"failure"`
	Skipped *problem `xml:"skipped"`
	Output  string   `xml:"system-out,omitempty"`
}

type problem struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// JUnit writes the run as JUnit XML. The outcome is one case and each SLO of the deciding trial is one; of the trials
// only the confirming soak can be a failure, since a search learns by probing what fails. A check has a case for each rule,
// for each SLO of each of its scenarios, and for each figure of the baseline. A value that is not known and a trial in doubt
// are skipped, never passed.
func JUnit(w io.Writer, r Run) error {
	name := "plimsoll " + Clean(title(r))
	all := suites{Name: name, Time: seconds(r.elapsed()), Suites: []suite{
		newSuite(name+" outcome", r, outcomeCases(r)), newSuite(name+" trials", r, trialCases(r)),
	}}
	if r.Compat != nil {
		all.Suites = append(all.Suites, newSuite(name+" compat", r, compatCases("plimsoll."+Clean(title(r))+".compat", *r.Compat)))
	}
	for _, s := range all.Suites {
		all.Tests, all.Failures, all.Skipped = all.Tests+s.Tests, all.Failures+s.Failures, all.Skipped+s.Skipped
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func newSuite(name string, r Run, cases []testCase) suite {
	s := suite{Name: name, Tests: len(cases), Time: seconds(r.elapsed()), Cases: cases}
	if !r.Started.IsZero() {
		s.Stamp = r.Started.UTC().Format("2006-01-02T15:04:05")
	}
	for _, c := range cases {
		if c.Failure != nil {
			s.Failures++
		}
		if c.Skipped != nil {
			s.Skipped++
		}
	}
	return s
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }

// outcomeCases are the outcome, and each SLO as the deciding trial measured it.
func outcomeCases(r Run) []testCase {
	class := "plimsoll." + Clean(title(r))
	result, ended := r.ended()
	why, kind := result.Why, string(result.Outcome)
	if r.Check != nil {
		why, kind = r.Check.Why, failedRule(*r.Check)
	}
	outcome := testCase{Class: class, Name: "outcome", Time: seconds(0), Output: Clean(why)}
	if r.Simulated {
		outcome.Output = simulatedText + " " + outcome.Output
	}
	switch outcomeTone(r) {
	case "bad":
		outcome.Failure = &problem{Message: headline(r), Type: kind, Text: Clean(why)}
	case "doubt":
		outcome.Skipped = &problem{Message: headline(r)}
	}
	cases := []testCase{outcome}
	if r.Check != nil {
		return append(append(cases, checkCases(class, *r.Check)...), checkSLOCases(class, r)...)
	}
	trial, ok := deciding(r)
	if !ended || !ok {
		return cases
	}
	for _, m := range trial.Verdict.Margins {
		cases = append(cases, sloCase(class, m, trial))
	}
	return cases
}

// sloCase is one SLO or limit as a trial measured it.
func sloCase(class string, m tuner.Margin, trial tuner.Trial) testCase {
	c := testCase{Class: class + ".slo", Name: Clean(m.Name), Time: seconds(trial.Elapsed)}
	switch {
	case m.Met == nil || m.Value == nil:
		c.Skipped = &problem{Message: fmt.Sprintf("not known in trial %d", trial.Number)}
	case *m.Met:
		c.Output = fmt.Sprintf("%s, allowed %s (trial %d)", margin(m, *m.Value), margin(m, m.Bound), trial.Number)
	default:
		c.Failure = &problem{Message: fmt.Sprintf("%s, allowed %s (trial %d)", margin(m, *m.Value), margin(m, m.Bound), trial.Number), Type: string(m.Metric)}
	}
	return c
}

// deciding is the trial that the outcome rests on: the last confirming soak, or the last trial where there was none.
func deciding(r Run) (tuner.Trial, bool) {
	for i := len(r.Trials) - 1; i >= 0; i-- {
		if r.Trials[i].Step.Purpose == tuner.Confirm {
			return r.Trials[i], true
		}
	}
	if len(r.Trials) == 0 {
		return tuner.Trial{}, false
	}
	return r.Trials[len(r.Trials)-1], true
}

func trialCases(r Run) []testCase {
	var cases []testCase
	for _, t := range r.Trials {
		c := testCase{Class: "plimsoll." + Clean(title(r)) + ".trials", Name: fmt.Sprintf("trial %d: %s", t.Number, what(t.Step)),
			Time: seconds(t.Elapsed), Output: judgement(t.Verdict) + ": " + Clean(t.Verdict.Why)}
		switch {
		case r.Check != nil && t.Verdict.Judgement == tuner.Fail && !slices.Contains(failedTrials(*r.Check), t.Number):
			c.Skipped = &problem{Message: "failed, and the same again passed: " + Clean(t.Verdict.Why)}
		case t.Verdict.Judgement == tuner.Fail && (r.Check != nil || t.Step.Purpose == tuner.Confirm):
			c.Failure = &problem{Message: Clean(t.Verdict.Why), Type: string(t.Verdict.Mode)}
		case t.Verdict.Judgement == tuner.Inconclusive:
			c.Skipped = &problem{Message: Clean(t.Verdict.Why)}
		}
		cases = append(cases, c)
	}
	return cases
}
