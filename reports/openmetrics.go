package reports

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// OpenMetrics writes the answer as OpenMetrics text, for a push gateway, a textfile collector or a metrics report.
// Everything is a gauge in base units; what is not known or not set has no sample.
func OpenMetrics(w io.Writer, r Run) error {
	m := metrics{workload: title(r)}
	kind := "plimsoll_search"
	if r.Check != nil {
		kind = "plimsoll_check"
	}
	m.family(kind+"_trials", "", "Trials run.")
	m.sample(kind+"_trials", float64(len(r.Trials)))
	m.family(kind+"_duration_seconds", "seconds", "Time of all trials together.")
	m.sample(kind+"_duration_seconds", r.elapsed().Seconds())
	m.family(kind+"_simulated", "", "1 where a model was measured and not a real service.")
	m.sample(kind+"_simulated", oneIf(r.Simulated))
	if r.Check != nil {
		m.check(r)
	} else {
		m.search(r)
	}
	if t, ok := deciding(r); ok {
		m.load(t)
	}
	_, err := io.WriteString(w, m.text.String()+"# EOF\n")
	return err
}

// search writes the families of a search: how it ended, and the settings.
func (m *metrics) search(r Run) {
	result, ended := r.ended()
	m.family("plimsoll_search_verified", "", "1 where the derived limits passed a soak on fresh replicas.")
	m.sample("plimsoll_search_verified", oneIf(result.Verified))
	if ended {
		m.family("plimsoll_search_outcome", "", "How the search ended.")
		m.sample("plimsoll_search_outcome", 1, "outcome", string(result.Outcome))
	}
	if result.Confidence != nil {
		m.family("plimsoll_search_confidence_ratio", "ratio", "Confidence that a run at the derived limits meets every SLO.")
		m.sample("plimsoll_search_confidence_ratio", *result.Confidence)
	}
	m.answers(Answers(r), "before", "Requests and limits, before the search and derived by it.")
}

// metrics collects the text.
type metrics struct {
	text     strings.Builder
	workload string
}

func (m *metrics) family(name, unit, help string) {
	fmt.Fprintf(&m.text, "# TYPE %s gauge\n", name)
	if unit != "" {
		fmt.Fprintf(&m.text, "# UNIT %s %s\n", name, unit)
	}
	fmt.Fprintf(&m.text, "# HELP %s %s\n", name, help)
}

// sample writes one value; labels are names and values in turn.
func (m *metrics) sample(name string, value float64, labels ...string) {
	fmt.Fprintf(&m.text, "%s{workload=%s", name, label(m.workload))
	for i := 0; i+1 < len(labels); i += 2 {
		if labels[i+1] == "" {
			continue // an empty label is as none
		}
		fmt.Fprintf(&m.text, ",%s=%s", labels[i], label(labels[i+1]))
	}
	fmt.Fprintf(&m.text, "} %s\n", strconv.FormatFloat(value, 'g', -1, 64))
}

// answers writes the settings, a family for each resource: those that a run began with at stage, and those derived.
func (m *metrics) answers(all []Answer, stage, help string) {
	for _, resource := range []tuner.Resource{tuner.CPU, tuner.Memory} {
		unit := map[tuner.Resource]string{tuner.CPU: "cores", tuner.Memory: "bytes"}[resource]
		name := fmt.Sprintf("plimsoll_setting_%s_%s", resource, unit)
		m.family(name, unit, help)
		for _, a := range all {
			if a.Resource != resource {
				continue
			}
			if a.Before > 0 {
				m.sample(name, inBaseUnit(resource, a.Before), "container", a.Container, "setting", a.Setting, "stage", stage)
			}
			if a.Derived != nil && *a.Derived > 0 {
				m.sample(name, inBaseUnit(resource, *a.Derived), "container", a.Container, "setting", a.Setting, "stage", "derived")
			}
		}
	}
}

// load writes what the deciding trial measured.
func (m *metrics) load(t tuner.Trial) {
	l := t.Observation.Load
	if l == nil {
		return
	}
	number := strconv.Itoa(t.Number)
	m.family("plimsoll_trial_throughput_hits_per_second", "", "Hits ok per second in the trial that decided.")
	m.sample("plimsoll_trial_throughput_hits_per_second", l.Throughput, "trial", number)
	m.family("plimsoll_trial_response_seconds", "seconds", "Quantiles of response time in the trial that decided.")
	for _, q := range l.Response {
		m.sample("plimsoll_trial_response_seconds", q.Time.Seconds(), "trial", number, "quantile", strconv.FormatFloat(q.Q, 'g', -1, 64))
	}
}

// inBaseUnit is a setting in cores or bytes.
func inBaseUnit(r tuner.Resource, value int64) float64 {
	if r == tuner.CPU {
		return scenarios.MilliCPU(value).Cores()
	}
	return float64(value)
}

func oneIf(set bool) float64 {
	if set {
		return 1
	}
	return 0
}

// label quotes a label value.
func label(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(Clean(value)) + `"`
}
