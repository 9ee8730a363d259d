package reports

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// unknown stands for every value that is not known; it is never 0.
const unknown = "unknown"

// significant prints x with up to three significant digits and no exponent: 0.0123, 1.2, 12.3, 123, 1234.
func significant(x float64) string {
	if x == math.Trunc(x) || math.IsNaN(x) || math.IsInf(x, 0) {
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	decimals := max(0, 2-int(math.Floor(math.Log10(math.Abs(x)))))
	if decimals == 0 {
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	return strings.TrimRight(strings.TrimRight(strconv.FormatFloat(x, 'f', min(decimals, 6), 64), "0"), ".")
}

// duration prints d for people: "340 µs", "12.4 ms", "1.24 s", "3 min 20 s", "1 h 05 min".
func duration(d time.Duration) string {
	switch a := d.Abs(); {
	case a < time.Microsecond:
		return fmt.Sprintf("%d ns", d.Nanoseconds())
	case a < time.Millisecond:
		return significant(float64(d)/1e3) + " µs"
	case a < time.Second:
		return significant(float64(d)/1e6) + " ms"
	case a < time.Minute:
		return significant(d.Seconds()) + " s"
	case a.Round(time.Second) < time.Hour:
		s := int(math.Round(d.Seconds()))
		return fmt.Sprintf("%d min %02d s", s/60, s%60)
	default:
		m := int(math.Round(d.Minutes()))
		return fmt.Sprintf("%d h %02d min", m/60, m%60)
	}
}

// multiple prints how much of a bound is used: "72 %", and "25×" from ten times on.
func multiple(ratio float64) string {
	if ratio >= 10 {
		return significant(ratio) + "×"
	}
	return percent(ratio)
}

// percent prints a ratio: 0.314 is "31 %", 0.0042 is "0.42 %". Only 0 prints as 0 and only 1 as 100: what is nearly
// none or nearly all shows as that.
func percent(ratio float64) string {
	p := ratio * 100
	switch {
	case p == 0:
		return "0 %"
	case p > 0 && p < 0.01:
		return "< 0.01 %"
	case p >= 99.5 && p < 99.995:
		return strconv.FormatFloat(math.Floor(p*100+1e-6)/100, 'f', 2, 64) + " %"
	case p >= 99.995 && p < 100:
		return "> 99.99 %"
	case math.Abs(p) >= 10:
		return strconv.FormatFloat(p, 'f', 0, 64) + " %"
	}
	return strconv.FormatFloat(p, 'f', min(2, max(0, 1-int(math.Floor(math.Log10(math.Abs(p)))))), 64) + " %"
}

// rate prints hits per second: "120/s".
func rate(perSecond float64) string { return significant(perSecond) + "/s" }

// cores prints a measured CPU usage in the unit of the limits: 0.2431 is "243m".
func cores(c float64) string { return strconv.FormatFloat(c*1000, 'f', 0, 64) + "m" }

// memory prints a measured amount in the unit of the limits: "93.4Mi". It is rounded, unlike scenarios.Bytes.String.
func memory(b scenarios.Bytes) string {
	switch {
	case b < scenarios.MiB:
		return significant(float64(b)/float64(scenarios.KiB)) + "Ki"
	case b < scenarios.GiB:
		return significant(float64(b)/float64(scenarios.MiB)) + "Mi"
	}
	return significant(float64(b)/float64(scenarios.GiB)) + "Gi"
}

// amount prints the setting of a resource; 0, "not set", is "none". CPU is always in m and memory in Mi, so that two
// values beside each other have one unit: 1000m → 280m, 1024Mi → 46.25Mi. Memory is exact to a sixteenth of a Mi (64Ki)
// and otherwise rounded; patches and JSON hold the exact value.
func amount(r tuner.Resource, value int64) string {
	switch {
	case value == 0:
		return "none"
	case r == tuner.CPU:
		return strconv.FormatInt(value, 10) + "m"
	case value%int64(scenarios.MiB/16) == 0:
		return strconv.FormatFloat(float64(value)/float64(scenarios.MiB), 'f', -1, 64) + "Mi"
	}
	return memory(scenarios.Bytes(value))
}

// about is amount for sentences: memory has three significant digits.
func about(r tuner.Resource, value int64) string {
	if r == tuner.Memory && value != 0 && value%int64(scenarios.MiB) != 0 {
		return memory(scenarios.Bytes(value))
	}
	return amount(r, value)
}

// margin prints the measured value of a margin in the unit of its metric.
func margin(m tuner.Margin, value float64) string {
	switch m.Metric {
	case scenarios.ResponseTime:
		return duration(time.Duration(value * float64(time.Second)))
	case scenarios.OOMKills, scenarios.Restarts:
		return strconv.FormatFloat(value, 'f', -1, 64)
	}
	return percent(value)
}
