package scenarios

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// sloPattern is the shape of an SLO line, for editors; ParseSLO checks the rest.
const sloPattern = `^\s*(p[0-9]+(\.[0-9]+)?\s*<=?\s*([0-9]+(\.[0-9]+)?(ns|us|µs|μs|ms|s|m|h))+` +
	`|(errors|throttled|memory|cpu)\s*<=?\s*[0-9]+(\.[0-9]+)?%` +
	`|throughput\s*>=?\s*[0-9]+(\.[0-9]+)?%` +
	`|(oom_kills|restarts)\s*<=?\s*[0-9]+(\.0+)?)\s*$`

// sloLine splits a line into what is bounded, how it compares, and the bound.
var sloLine = regexp.MustCompile(`^([A-Za-z_]+[0-9.]*)\s*(<=|>=|<|>)\s*(\S+)$`)

// unit of a bound.
type unit int

const (
	percentOf unit = iota
	count
)

// bounded are the metrics of SLO lines beside response times.
var bounded = []struct {
	name    string
	metric  Metric
	unit    unit
	atLeast bool
}{
	{"errors", ErrorRatio, percentOf, false},
	{"throttled", ThrottledRatio, percentOf, false},
	{"throughput", ThroughputRate, percentOf, true},
	{"oom_kills", OOMKills, count, false},
	{"restarts", Restarts, count, false},
	{"memory", MemoryUse, percentOf, false},
	{"cpu", CPUUse, percentOf, false},
}

func sloValue(s *SLO) value {
	return scalar(s, form[SLO]{
		words:  `a line such as "p99 < 200ms" or "errors < 0.1%"`,
		schema: schema{"type": "string", "pattern": sloPattern},
		text:   func(s SLO) string { return strconv.Quote(s.Text) },
		parse:  func(n *yaml.Node) (SLO, error) { return ParseSLO(n.Value) },
	})
}

// ParseSLO reads a line such as "p99 < 200ms", "errors < 0.1%", "throughput >= 99%" or "restarts <= 0". The error says
// what is wrong with it and what is allowed.
func ParseSLO(line string) (SLO, error) {
	m := sloLine.FindStringSubmatch(strings.Trim(line, " \t"))
	if m == nil {
		return SLO{}, fmt.Errorf(`%q is not an SLO; write it like "p99 < 200ms" or "errors < 0.1%%"`, line)
	}
	slo := SLO{AtLeast: m[2][0] == '>', Strict: len(m[2]) == 1, Text: strings.Join(m[1:], " ")}
	if q, err := decimal(strings.TrimPrefix(m[1], "p")); err == nil && strings.HasPrefix(m[1], "p") {
		return responseTimeSLO(slo, q, m[3])
	}
	names := []string{"p99"}
	for _, b := range bounded {
		if b.name == m[1] {
			slo.Metric = b.metric
			return boundedSLO(slo, b.unit, b.atLeast, m[3])
		}
		names = append(names, b.name)
	}
	return SLO{}, fmt.Errorf("%q: %q can't be bounded; %s", line, m[1], hint(m[1], names))
}

// responseTimeSLO finishes a bound on a percentile of the response time.
func responseTimeSLO(slo SLO, percentile float64, bound string) (SLO, error) {
	if percentile <= 0 || percentile >= 100 {
		return SLO{}, fmt.Errorf("%q: a percentile lies between p0 and p100", slo.Text)
	}
	if slo.AtLeast {
		return SLO{}, fmt.Errorf("%q: a response time is bounded by < or <=", slo.Text)
	}
	d, err := parseDuration(bound)
	if err != nil {
		return SLO{}, fmt.Errorf("%q: %w", slo.Text, err)
	}
	if d < time.Microsecond || d > time.Hour {
		return SLO{}, fmt.Errorf("%q: a response time from 1µs to 1h is allowed", slo.Text)
	}
	// Through the text, so that p99.9 is 0.999 and not 0.9990000000000001.
	slo.Metric, slo.Time = ResponseTime, d
	slo.Quantile, err = strconv.ParseFloat(strconv.FormatFloat(percentile, 'f', -1, 64)+"e-2", 64)
	return slo, err
}

// mostCount is the largest bound on kills or restarts; no trial has more.
const mostCount = 1_000_000

// boundedSLO finishes a bound on a ratio or a count.
func boundedSLO(slo SLO, unit unit, atLeast bool, bound string) (SLO, error) {
	amount, isPercent := strings.CutSuffix(bound, "%")
	v, err := decimal(amount)
	switch {
	case atLeast && !slo.AtLeast:
		return SLO{}, fmt.Errorf("%q: it is bounded from below, by > or >=", slo.Text)
	case !atLeast && slo.AtLeast:
		return SLO{}, fmt.Errorf("%q: it is bounded from above, by < or <=", slo.Text)
	case unit == count && (err != nil || isPercent || v != math.Trunc(v) || v > mostCount):
		return SLO{}, fmt.Errorf("%q: %q is not a whole number up to %d", slo.Text, bound, mostCount)
	case unit == percentOf && (err != nil || !isPercent):
		return SLO{}, fmt.Errorf("%q: %q is not a percentage; write it like 0.1%%", slo.Text, bound)
	case unit == percentOf && v > 100:
		return SLO{}, fmt.Errorf("%q: more than 100%%", slo.Text)
	case slo.Strict && v == 0 && !slo.AtLeast, slo.Strict && v == 100 && slo.AtLeast:
		return SLO{}, fmt.Errorf("%q: can't be met", slo.Text)
	}
	slo.Value = v
	if unit == percentOf {
		slo.Value = v / 100
	}
	return slo, nil
}
