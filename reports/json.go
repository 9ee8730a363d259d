package reports

import (
	_ "embed" // schema.json
	"encoding/json"
	"io"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// SchemaVersion is the version of report.json. Within one version fields are only added.
const SchemaVersion = 1

// Schema is the JSON Schema of report.json. A test makes it from the types.
//
//go:embed schema.json
var Schema string

// document is report.json. Names carry their units; null is "not known", never zero.
type document struct {
	// Version of this format.
	SchemaVersion int `json:"schema_version"`
	// Version of the program that ran the search.
	Plimsoll string    `json:"plimsoll_version"`
	RunID    string    `json:"run_id"`
	Started  time.Time `json:"started"`
	// Elapsed is the time of all trials together.
	Elapsed time.Duration `json:"elapsed_ns"`
	// Simulated is true where a model was measured and not a real service.
	Simulated bool    `json:"simulated"`
	Machine   Machine `json:"machine"`
	// Headline says in words how the search ended.
	Headline string `json:"headline"`
	// Limits is the answer: four lines for each container, CPU request and limit, memory request and limit.
	Limits []Answer `json:"limits"`
	// Result of the search; null where it has not ended.
	Result *tuner.Result `json:"result"`
	// Check is the answer of a check; null where this was a search.
	Check *tuner.Check `json:"check"`
	// Saving of the derived settings over all replicas; null where none were derived.
	Saving *tuner.Saving `json:"saving"`
	// Advice on settings of language runtimes at odds with the derived limits; null where nothing was derived or the
	// environment of the containers is not known.
	Advice []tuner.Advice `json:"advice"`
	// Compat is what was found about autoscalers, budgets, ranges and quotas around the workload; null where it is in no
	// cluster.
	Compat *compatField `json:"compat"`
	// Warnings that a reader must see.
	Warnings []string       `json:"warnings"`
	File     scenarios.File `json:"scenario_file"`
	Goal     tuner.Goal     `json:"goal"`
	// Trials in the order run.
	Trials []tuner.Trial `json:"trials"`
}

// JSON writes report.json: the whole run under stable names, as reports/schema.json describes.
func JSON(w io.Writer, r Run) error {
	d := document{
		SchemaVersion: SchemaVersion, Plimsoll: r.Version, RunID: r.RunID, Started: r.Started.UTC(), Elapsed: r.elapsed(),
		Simulated: r.Simulated, Machine: r.Machine, Headline: headline(r), Limits: Answers(r), Check: r.Check,
		Saving: saving(r), Advice: advice(r), Compat: newCompatField(r.Compat), Warnings: warnings(r), File: r.File, Goal: r.Goal, Trials: r.Trials,
	}
	if r.Result != nil {
		d.Result = r.Result.Result
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(d)
}
