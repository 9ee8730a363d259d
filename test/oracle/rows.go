package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/plimsoll/plimsoll/tuner"
)

// row is one figure. Peer fields are null where there is nothing to compare with; Met is null, with a Reason, where it
// was not measured.
type row struct {
	Name      string   `json:"name"`
	Value     *float64 `json:"value"`
	Unit      string   `json:"unit"`
	Target    string   `json:"target"`
	Peer      *string  `json:"peer"`
	PeerValue *float64 `json:"peer_value"`
	Ratio     *float64 `json:"ratio"`
	Met       *bool    `json:"met"`
	Reason    string   `json:"reason,omitempty"`
}

// tuned is what a run of plimsoll tune came to.
type tuned struct {
	Result tuner.Result  `json:"result"`
	Trials []tuner.Trial `json:"trials"`
	took   time.Duration
}

// tune runs the built program on a service, as a user would.
func tune(ctx context.Context, name, path string) (tuned, error) {
	dir := filepath.Join(".cache", "oracle", name+"-report")
	report := filepath.Join(dir, "report.json")
	if err := os.Remove(report); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return tuned{}, err // an older result would pass for this one's where the search ends without
	}
	cmd := exec.CommandContext(ctx, "bin/plimsoll", "tune", "-f", path, "--report-dir", dir, "--overwrite")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	began := time.Now()
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return tuned{}, err
	}
	t := tuned{took: time.Since(began)}
	text, err := os.ReadFile(report)
	if err != nil {
		return t, err
	}
	return t, json.Unmarshal(text, &t)
}

// compareRows holds what was derived against what was swept.
func compareRows(name string, s serviceSweep, t tuned) []row {
	var rows []row
	for _, l := range s.Limits {
		target, most := "0 to 15 % above the smallest passing", 1.15
		if l.Resource == tuner.Memory {
			target, most = "0 to 10 % above the smallest passing", 1.10
		}
		r := row{Name: fmt.Sprintf("%s %s %s limit", name, l.Container, l.Resource), Unit: "millicores", Target: target, Peer: new("sweep")}
		if l.Resource == tuner.Memory {
			r.Unit = "bytes"
		}
		r.against(derived(t, l), l.Smallest, most)
		rows = append(rows, r)
		if l.HoldsSoak > 0 {
			r.Name, r.Target, r.Peer = r.Name+" over the least that holds the soak", "", new("soaks")
			r.against(derived(t, l), l.HoldsSoak, most)
			r.Met, r.Reason = nil, "no target: the smallest passing of short trials is what the target is of"
			rows = append(rows, r)
		}
	}
	return append(rows, soakRow(name, t), timeRow(name, t))
}

// against fills in the ratio of the derived value to the smallest passing one.
func (r *row) against(derived, smallest int64, most float64) {
	if derived == 0 || smallest == 0 {
		r.Reason = "nothing was derived, or the sweep ended before a value and all above it had passed three times"
		return
	}
	r.Value, r.PeerValue = new(float64(derived)), new(float64(smallest))
	r.Ratio = new(float64(derived) / float64(smallest))
	r.Met = new(*r.Ratio >= 1 && *r.Ratio <= most)
}

func derived(t tuned, l limitSweep) int64 {
	if !t.Result.Verified {
		return 0
	}
	c, _ := t.Result.Settings.Of(l.Container)
	if l.Resource == tuner.CPU {
		return int64(c.CPULimit)
	}
	return int64(c.MemoryLimit)
}

// soakRow counts the OOM kills of the last confirming soak.
func soakRow(name string, t tuned) row {
	r := row{Name: name + " OOM kills in the confirming soak", Unit: "kills", Target: "0", Reason: "no soak was run"}
	for _, trial := range t.Trials {
		if trial.Step.Purpose != tuner.Confirm {
			continue
		}
		kills := 0
		for _, k := range trial.Observation.Kills {
			if k.Kind == tuner.OOMKill || k.Kind == tuner.OOMAtStart || k.Kind == tuner.OOMChild {
				kills++
			}
		}
		r.Value, r.Met, r.Reason = new(float64(kills)), new(kills == 0), ""
	}
	return r
}

func timeRow(name string, t tuned) row {
	return row{Name: name + " time to tune", Value: new(t.took.Minutes()), Unit: "minutes", Target: "under 20", Met: new(t.took < 20*time.Minute)}
}

func printRows(w io.Writer, rows []row) {
	for _, r := range rows {
		met := "not measured: " + r.Reason
		if r.Met != nil {
			met = map[bool]string{true: "met", false: "MISSED"}[*r.Met]
		}
		ratio := ""
		if r.Ratio != nil {
			ratio = fmt.Sprintf("  %.3f × the sweep's %.0f", *r.Ratio, *r.PeerValue)
		}
		value := "unknown"
		if r.Value != nil {
			value = fmt.Sprintf("%.4g", *r.Value)
		}
		judged := r.Target + ": " + met
		if r.Target == "" {
			judged = r.Reason
		}
		fmt.Fprintf(w, "%-44s %12s %-10s%s  (%s)\n", r.Name, value, r.Unit, ratio, judged)
	}
}

func writeRows(path string, rows []row) error {
	text, err := json.MarshalIndent(rows, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
