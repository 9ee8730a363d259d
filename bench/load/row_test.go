package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
)

func TestRows(t *testing.T) {
	for _, tt := range []struct {
		row  row
		want string
	}{
		{atMost("lag", 0.2, "ms", 0.1),
			`{"name":"lag","value":0.2,"unit":"ms","target":"≤ 0.1 ms","peer":null,"peer_value":null,"ratio":null,"met":false}`},
		{beside("cpu", 8, "µs", "wrk", 10, 1.15),
			`{"name":"cpu","value":8,"unit":"µs","target":"≤ 1.15 × wrk","peer":"wrk","peer_value":10,"ratio":0.8,"met":true}`},
		{beside("cpu", 8, "µs", "bombardier", 10, 0),
			`{"name":"cpu","value":8,"unit":"µs","target":"","peer":"bombardier","peer_value":10,"ratio":0.8,"met":null}`},
		{unmeasured("cpu", "µs", errors.New("no k6")),
			`{"name":"cpu","value":null,"unit":"µs","target":"","peer":null,"peer_value":null,"ratio":null,"met":null,"reason":"no k6"}`},
	} {
		text, err := json.Marshal(tt.row)
		if err != nil || string(text) != tt.want {
			t.Errorf("%s, %v, want %s", text, err, tt.want)
		}
	}
	if met, missed := atMost("a", 1, "", 2).ifMissed("why"), atMost("a", 3, "", 2).ifMissed("why"); met.Reason != "" || missed.Reason != "why" {
		t.Errorf("a target met has the reason %q, one missed %q", met.Reason, missed.Reason)
	}
	if r := atMost("lag", math.NaN(), "ms", 1); r.Met != nil || r.Value != nil || r.Reason == "" {
		t.Errorf("a value that is none gave %+v", r)
	}
}

func TestMedian(t *testing.T) {
	for _, tt := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{3}, 3},
		{[]float64{9, 1, 5}, 5},
		{[]float64{4, 1, 3, 2}, 2.5},
	} {
		if got := median(tt.values); got != tt.want {
			t.Errorf("median of %v is %v, want %v", tt.values, got, tt.want)
		}
	}
}

func TestTableNamesWhatWasNotMet(t *testing.T) {
	var out bytes.Buffer
	if err := writeTable(&out, []row{atMost("lag", 0.2, "ms", 0.1), unmeasured("cpu", "µs", errors.New("no k6"))}); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); !strings.Contains(text, "NO") || !strings.Contains(text, "(no k6)") {
		t.Errorf("table:\n%s", text)
	}
}
