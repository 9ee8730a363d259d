package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
)

// row is one measured figure. Peer fields are nil and Target is empty where there is none.
type row struct {
	Name      string   `json:"name"`
	Value     *float64 `json:"value"`
	Unit      string   `json:"unit"`
	Target    string   `json:"target"`
	Peer      *string  `json:"peer"`
	PeerValue *float64 `json:"peer_value"`
	// Ratio is Value over PeerValue.
	Ratio *float64 `json:"ratio"`
	Met   *bool    `json:"met"`
	// Reason says what a reader has to know beside the figure.
	Reason string `json:"reason,omitempty"`
}

// atMost is a row whose value should be at most target.
func atMost(name string, value float64, unit string, target float64) row {
	return row{Name: name, Value: finite(value), Unit: unit, Target: fmt.Sprintf("≤ %g", target), Met: new(value <= target)}
}

// atLeast is a row whose value should be at least target.
func atLeast(name string, value float64, unit string, target float64) row {
	return row{Name: name, Value: finite(value), Unit: unit, Target: fmt.Sprintf("≥ %g", target), Met: new(value >= target)}
}

// plain is a row without a target.
func plain(name string, value float64, unit string) row {
	return row{Name: name, Value: finite(value), Unit: unit}
}

// beside adds a peer's figure.
func (r row) beside(peer string, value float64) row {
	r.Peer, r.PeerValue = &peer, finite(value)
	if r.Value != nil && value != 0 {
		r.Ratio = finite(*r.Value / value)
	}
	return r
}

// finite is nil where x is not a number that JSON can hold.
func finite(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}

func writeJSON(w io.Writer, rows []row) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(rows)
}

func writeText(w io.Writer, rows []row) {
	for _, r := range rows {
		line := fmt.Sprintf("%-58s %10s %-12s", r.Name, number(r.Value), r.Unit)
		if r.Target != "" {
			line += " target " + r.Target
		}
		if r.Met != nil {
			line += map[bool]string{true: "  met", false: "  NOT MET"}[*r.Met]
		}
		if r.Peer != nil {
			line += fmt.Sprintf("  (%s: %s)", *r.Peer, number(r.PeerValue))
		}
		fmt.Fprintln(w, line)
	}
}

func number(x *float64) string {
	if x == nil {
		return "–"
	}
	return fmt.Sprintf("%.4g", *x)
}
