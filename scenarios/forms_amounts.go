package scenarios

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// The shapes of amounts. The schema has them too, so that editors and Read agree.
var (
	durationShape = regexp.MustCompile(`^([0-9]+(\.[0-9]+)?(ns|us|µs|μs|ms|s|m|h))+$`)
	decimalShape  = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)
	rateShape     = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?(/s|/m)?$`)
	percentShape  = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?%$`)
	cpuShape      = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?m?$`)
	memoryShape   = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?(Ki|Mi|Gi)?$`)
)

// longest is the longest duration that a file may state: a week, more than any load test lasts.
const longest = 7 * 24 * time.Hour

// duration is a time from low to high, as Go writes it.
func duration(low, high time.Duration) form[time.Duration] {
	words := fmt.Sprintf("a duration from %s to %s, such as 200ms, 30s or 5m", shortDuration(low), shortDuration(high))
	return form[time.Duration]{
		words:       words,
		schema:      schema{"type": "string", "pattern": durationShape.String()},
		text:        shortDuration,
		zeroIsValue: low == 0,
		parse: func(n *yaml.Node) (time.Duration, error) {
			if n.Tag == "!!int" || n.Tag == "!!float" {
				return 0, fmt.Errorf("%s has no unit; write it like %sms, %ss or %sm", n.Value, n.Value, n.Value, n.Value)
			}
			d, err := parseDuration(n.Value)
			if err != nil {
				return 0, err
			}
			return d, within(d, low, high, n.Value, shortDuration)
		},
	}
}

// parseDuration reads a duration as Go writes it, without a sign.
func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || !durationShape.MatchString(s) {
		return 0, fmt.Errorf("%q is not a duration; write it like 200ms, 30s or 5m", s)
	}
	return d, nil
}

// shortDuration writes 5m0s as 5m and 1h0m0s as 1h.
func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// fastest is the largest rate that a file may state, in hits per second.
const fastest = 10_000_000

// rate is hits per second: "200/s", "90/m", or a number.
func rate() form[float64] {
	return form[float64]{
		words:       "a rate such as 200/s or 90/m",
		schema:      schema{"anyOf": []schema{{"type": "number", "minimum": 0}, {"type": "string", "pattern": rateShape.String()}}},
		text:        func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) + "/s" },
		zeroIsValue: true,
		parse: func(n *yaml.Node) (float64, error) {
			amount, per := n.Value, 1.0
			if s, ok := strings.CutSuffix(amount, "/s"); ok {
				amount = s
			} else if m, ok := strings.CutSuffix(amount, "/m"); ok {
				amount, per = m, 60
			}
			v, err := decimal(amount)
			if err != nil {
				return 0, fmt.Errorf("%q is not a rate; write it like 200/s or 90/m", n.Value)
			}
			return v / per, within(v/per, 0, fastest, n.Value, func(v float64) string { return fmt.Sprintf("%.0f/s", v) })
		},
	}
}

// percent is a ratio from low to high, written as 95%.
func percent(low, high float64) form[float64] {
	words := fmt.Sprintf("a percentage from %s to %s", percentText(low), percentText(high))
	return form[float64]{
		words:       words,
		schema:      schema{"type": "string", "pattern": percentShape.String()},
		text:        percentText,
		zeroIsValue: low == 0,
		parse: func(n *yaml.Node) (float64, error) {
			amount, isPercent := strings.CutSuffix(n.Value, "%")
			v, err := decimal(amount)
			if err != nil || !isPercent || v/100 < low || v/100 > high {
				return 0, fmt.Errorf("%q is not %s", n.Value, words)
			}
			return v / 100, nil
		},
	}
}

func percentText(ratio float64) string { return strconv.FormatFloat(ratio*100, 'g', 10, 64) + "%" }

// cpu is an amount of CPU from low to high.
func cpu(low, high MilliCPU) form[MilliCPU] {
	return form[MilliCPU]{
		words:  fmt.Sprintf("an amount of CPU from %s to %s, such as 250m, 0.5 or 2", low, high),
		schema: schema{"anyOf": []schema{{"type": "number", "exclusiveMinimum": 0}, {"type": "string", "pattern": cpuShape.String()}}},
		text:   MilliCPU.String,
		parse: func(n *yaml.Node) (MilliCPU, error) {
			v, err := ParseMilliCPU(n.Value)
			if err != nil {
				return 0, err
			}
			return v, within(v, low, high, n.Value, MilliCPU.String)
		},
	}
}

// memory is an amount of memory from low to high.
func memory(low, high Bytes) form[Bytes] {
	return form[Bytes]{
		words:  fmt.Sprintf("an amount of memory from %s to %s, such as 96Mi or 1Gi", low, high),
		schema: schema{"anyOf": []schema{{"type": "integer", "minimum": 0}, {"type": "string", "pattern": memoryShape.String()}}},
		text:   Bytes.String,
		parse: func(n *yaml.Node) (Bytes, error) {
			v, err := ParseBytes(n.Value)
			if err != nil {
				return 0, err
			}
			return v, within(v, low, high, n.Value, Bytes.String)
		},
	}
}

// price is an amount of money, 0 included.
func price() form[float64] {
	const most = 1e6
	return form[float64]{
		words:       "a price such as 17 or 2.5",
		schema:      schema{"type": "number", "minimum": 0, "maximum": most},
		text:        func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) },
		zeroIsValue: true,
		parse: func(n *yaml.Node) (float64, error) {
			v, err := decimal(n.Value)
			if err != nil || (n.Tag != "!!int" && n.Tag != "!!float") || v > most {
				return 0, fmt.Errorf("%q is not a price; write a number from 0 to 1000000, the currency under its own key", n.Value)
			}
			return v, nil
		},
	}
}

// decimal reads digits with an optional fraction; no sign, no exponent, no infinity.
func decimal(s string) (float64, error) {
	if !decimalShape.MatchString(s) {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseFloat(s, 64)
}
