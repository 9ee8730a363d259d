package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"text/tabwriter"
)

// row is one figure. Peer fields are null where there is nothing to compare with; Met is null where there is no target
// and, with a Reason, where it was not measured.
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

// atMost is a row whose value must not exceed limit.
func atMost(name string, value float64, unit string, limit float64) row {
	if math.IsNaN(value) {
		return unmeasured(name, unit, errors.New("there was nothing to take it from"))
	}
	return row{Name: name, Value: &value, Unit: unit, Target: "≤ " + format(limit) + " " + unit, Met: new(value <= limit)}
}

// beside is a row whose value must not exceed most times the peer's; most 0 sets no target.
func beside(name string, value float64, unit, peer string, peerValue, most float64) row {
	r := row{Name: name, Value: &value, Unit: unit, Peer: &peer, PeerValue: &peerValue, Ratio: new(value / peerValue)}
	if most > 0 {
		r.Target, r.Met = fmt.Sprintf("≤ %s × %s", format(most), peer), new(*r.Ratio <= most)
	}
	return r
}

// ifMissed adds a reason to a row whose target was not met.
func (r row) ifMissed(reason string) row {
	if r.Met != nil && !*r.Met {
		r.Reason += reason
	}
	return r
}

// because adds a reason to a row, for its reader to judge it by.
func (r row) because(reason string) row {
	r.Reason = reason
	return r
}

// unmeasured is a row without a value.
func unmeasured(name, unit string, err error) row {
	return row{Name: name, Unit: unit, Reason: err.Error()}
}

// median of values, which must not be empty.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

func format(x float64) string { return strconv.FormatFloat(x, 'g', 3, 64) }

// formatOr writes x, or a dash where it is not known.
func formatOr(x *float64) string {
	if x == nil {
		return "-"
	}
	return format(*x)
}

// writeTable prints rows for people.
func writeTable(w io.Writer, rows []row) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "what\tplimsoll\tunit\tpeer\tits value\tratio\ttarget\tmet")
	for _, r := range rows {
		peer, met := "-", "-"
		if r.Peer != nil {
			peer = *r.Peer
		}
		if r.Met != nil {
			met = map[bool]string{true: "yes", false: "NO"}[*r.Met]
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s", r.Name, formatOr(r.Value), r.Unit, peer,
			formatOr(r.PeerValue), formatOr(r.Ratio), r.Target, met)
		if r.Reason != "" {
			fmt.Fprintf(table, "  (%s)", r.Reason)
		}
		fmt.Fprintln(table)
	}
	return table.Flush()
}

// save writes rows as a JSON array to file.
func save(file string, rows []row) error {
	text, err := json.MarshalIndent(rows, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the rows: %w", err)
	}
	if err := os.WriteFile(file, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the rows: %w", err)
	}
	return nil
}
