package tuner

import (
	"fmt"
	"math"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// String says what a difference is: "p99 response time 18 % worse (10 ms → 11.8 ms), beyond the ±11.2 % noise".
func (d Difference) String() string {
	word := "more"
	if d.Change < 0 {
		word = "less"
	}
	where := "within"
	switch {
	case d.Worse:
		word, where = "worse", "beyond"
	case d.Better:
		word, where = "better", "beyond"
	}
	least := ""
	if d.AtLeast {
		least = "at least "
	}
	return fmt.Sprintf("%s %s%s %s (%s → %s), %s the ±%s noise", d.name(), least, d.ChangeText(), word, d.Text(d.Before), d.AfterText(), where, d.NoiseText())
}

// name is the figure, and whose it is.
func (d Difference) name() string {
	if d.Container == "" {
		return d.Metric
	}
	return d.Metric + " of " + d.Container
}

// AfterText is After in its unit, "≥ " before a lower bound.
func (d Difference) AfterText() string {
	if d.AtLeast {
		return "≥ " + d.Text(d.After)
	}
	return d.Text(d.After)
}

// ChangeText is the size of the change without its sign: "18 %", and for figures that are ratios themselves "2.1 points".
func (d Difference) ChangeText() string { return d.sizeText(d.Change) }

// NoiseText is the noise as ChangeText is the change. Ten times and more is "1000 %": nothing can be told then.
func (d Difference) NoiseText() string { return d.sizeText(min(d.Noise, 10)) }

func (d Difference) sizeText(x float64) string {
	if d.Unit == "ratio" {
		return figures(math.Abs(x)*100) + " points"
	}
	return percentText(math.Abs(x))
}

// Text writes one value of the figure in its unit.
func (d Difference) Text(x float64) string {
	switch d.Unit {
	case "seconds", "cpu_seconds":
		return timeText(time.Duration(x * float64(time.Second)))
	case "bytes":
		return memoryText(scenarios.Bytes(x))
	case "ratio":
		return percentText(x)
	}
	return figures(x) + "/s"
}
