package tuner

import (
	"fmt"
	"strconv"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// cpuText writes CPU as people write it in a manifest: 250m.
func cpuText(m scenarios.MilliCPU) string { return strconv.FormatInt(int64(m), 10) + "m" }

// memoryText writes memory as people write it in a manifest: 96Mi, 7.5Mi, 640Ki.
func memoryText(b scenarios.Bytes) string {
	switch {
	case b%scenarios.MiB == 0:
		return fmt.Sprintf("%dMi", b/scenarios.MiB)
	case b > -scenarios.MiB && b < scenarios.MiB:
		return fmt.Sprintf("%.0fKi", float64(b)/float64(scenarios.KiB))
	}
	return fmt.Sprintf("%.1fMi", float64(b)/float64(scenarios.MiB))
}

// limitText writes a value of the limit's resource, millicores or bytes; 0 is "not set".
func limitText(r Resource, value int64) string {
	switch {
	case value == 0:
		return "not set"
	case r == CPU:
		return cpuText(scenarios.MilliCPU(value))
	}
	return memoryText(scenarios.Bytes(value))
}

// timeText writes a time as 850 µs, 12.4 ms, 1.2 s, 301 s. Zeros at the end are left out: 50 ms.
func timeText(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return figures(float64(d)/float64(time.Microsecond)) + " µs"
	case d < time.Second:
		return figures(float64(d)/float64(time.Millisecond)) + " ms"
	}
	return figures(d.Seconds()) + " s"
}

// percentText writes a ratio as a percentage: 31 %, 4.2 %, 0.13 %.
func percentText(ratio float64) string { return figures(ratio*100) + " %" }

// figures writes x with two decimals below 1, one below 100 and none from there on, without trailing zeros.
func figures(x float64) string {
	if x < 0 {
		if s := figures(-x); s != "0" {
			return "-" + s
		}
		return "0"
	}
	decimals := 0
	switch {
	case x < 1:
		decimals = 2
	case x < 100:
		decimals = 1
	}
	s := strconv.FormatFloat(x, 'f', decimals, 64)
	for decimals > 0 && s[len(s)-1] == '0' {
		s, decimals = s[:len(s)-1], decimals-1
	}
	if s[len(s)-1] == '.' {
		s = s[:len(s)-1]
	}
	return s
}
