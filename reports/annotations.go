package reports

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/plimsoll/plimsoll/tuner"
)

// githubAnnotations is how many annotations of a kind GitHub shows for a step, and githubSummary how large a step summary
// may be, in bytes; what is over is dropped by GitHub, a larger summary wholly.
const (
	githubAnnotations = 10
	githubSummary     = 1 << 20
)

// notice is one thing that a pipeline shows beside the code.
type notice struct {
	level, title, text string
}

// notices are the findings of a check, or the outcome of a search with its warnings; the errors first.
func notices(r Run) []notice {
	var all []notice
	name := "plimsoll: " + title(r)
	switch {
	case r.Check != nil:
		for _, f := range r.Check.Findings {
			level := "warning"
			if f.Error {
				level = "error"
			}
			all = append(all, notice{level, name + ": " + string(f.Rule), f.Text})
		}
		if r.Check.Judgement == tuner.Inconclusive {
			all = append(all, notice{"warning", name, headline(r) + ": " + r.Check.Why})
		}
	default:
		result, _ := r.ended()
		level := map[string]string{"good": "notice", "bad": "error", "doubt": "warning"}[outcomeTone(r)]
		all = append(all, notice{level, name, headline(r) + ": " + result.Why})
		for _, w := range warnings(r) {
			all = append(all, notice{"warning", name, w})
		}
	}
	return all
}

// GitHubAnnotations writes the findings as workflow commands of GitHub Actions that annotate file, the path of the scenario
// file in the repository, or "" where that is not known. No more than 10 of a kind are shown there; the last says how many were left out.
func GitHubAnnotations(w io.Writer, r Run, file string) error {
	var b strings.Builder
	count := map[string]int{}
	all := notices(r)
	for _, n := range all {
		count[n.level]++
	}
	written := map[string]int{}
	for _, n := range all {
		written[n.level]++
		switch left := count[n.level] - githubAnnotations + 1; {
		case written[n.level] < githubAnnotations || count[n.level] <= githubAnnotations:
		case written[n.level] == githubAnnotations:
			n.text = fmt.Sprintf("and %d more, in report.html", left)
		default:
			continue
		}
		where := ""
		if file != "" {
			where = "file=" + property(file) + ","
		}
		fmt.Fprintf(&b, "::%s %stitle=%s::%s\n", n.level, where, property(n.title), commandEscapes.Replace(Clean(n.text)))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// commandEscapes is what a workflow command needs: https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts
var commandEscapes = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")

func property(text string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(commandEscapes.Replace(Clean(text)))
}

// GitHubSummary writes the Markdown of a run where it fits beside what the step summary holds already, in bytes, and
// otherwise one line that says so.
func GitHubSummary(w io.Writer, r Run, held int64) error {
	var b strings.Builder
	if err := Markdown(&b, r); err != nil {
		return err
	}
	text := b.String()
	if held+int64(len(text)) > githubSummary {
		text = "## " + markdown(headline(r)) + "\n\nThe summary is too large for this page; see report.html.\n"
	}
	if held+int64(len(text)) > githubSummary {
		return nil
	}
	_, err := io.WriteString(w, text+"\n")
	return err
}

// GitLabAnnotations writes the annotations report of GitLab: links beside a job. link is the address of report.html.
// https://docs.gitlab.com/ci/yaml/artifacts_reports/#artifactsreportsannotations
func GitLabAnnotations(w io.Writer, r Run, link string) error {
	type external struct {
		Label string `json:"label"`
		URL   string `json:"url"`
	}
	type entry struct {
		External external `json:"external_link"`
	}
	entries := []entry{}
	if link != "" {
		entries = append(entries, entry{external{"Plimsoll: " + Clean(headline(r)), link}})
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(map[string][]entry{"plimsoll": entries})
}

// GitLabLoad writes GitLab's load_performance report, which reads the summary of k6: checks, response times, hits per
// second of the trial that decided. https://docs.gitlab.com/ci/testing/load_performance_testing/
func GitLabLoad(w io.Writer, r Run) error {
	metrics := map[string]map[string]float64{}
	if t, ok := deciding(r); ok && t.Observation.Load != nil {
		l := t.Observation.Load
		ok := float64(l.Outcomes["ok"])
		metrics["checks"] = map[string]float64{"passes": ok, "fails": float64(l.Hits) - ok, "value": ratio(ok, float64(l.Hits))}
		metrics["http_reqs"] = map[string]float64{"count": float64(l.Hits), "rate": l.Throughput}
		times := map[string]float64{}
		for key, q := range map[string]float64{"med": 0.5, "p(90)": 0.9, "p(95)": 0.95, "p(99)": 0.99, "max": 1} {
			if x, known := l.Quantile(q); known {
				times[key] = x.Time.Seconds() * 1e3
			}
		}
		metrics["http_req_duration"], metrics["http_req_waiting"] = times, times
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(map[string]any{"metrics": metrics, "root_group": map[string]any{"name": "", "checks": map[string]any{}}})
}

// ratio is a over b, 0 where b is 0.
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}
