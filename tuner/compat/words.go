package compat

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll/plimsoll/tuner"
)

// percent writes a ratio: 0.79 is "79 %", 1.045 is "104.5 %".
func percent(ratio float64) string { return number(ratio*100) + " %" }

// number writes x with at most two decimals below 10 and one from there on.
func number(x float64) string {
	decimals := 2
	if math.Abs(x) >= 10 {
		decimals = 1
	}
	text := strconv.FormatFloat(x, 'f', decimals, 64)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// seconds writes a time in seconds: "35 s", "2.5 s".
func seconds(d time.Duration) string { return number(d.Seconds()) + " s" }

// name writes a resource as people do in a sentence.
func name(r tuner.Resource) string {
	if r == tuner.CPU {
		return "CPU"
	}
	return "memory"
}

// list joins names: "app", "app and proxy", "app, proxy and log".
func list(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// plural is "1 Pod" or "3 Pods".
func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return strconv.Itoa(n) + " " + word + "s"
}

// pathOf is the field of metric i of h.
func pathOf(h HPA, i int) string {
	if h.Kind == "ScaledObject" {
		return "spec.triggers[" + strconv.Itoa(i) + "].metadata.value"
	}
	m := h.Metrics[i]
	kind := "resource"
	if m.Type == ContainerResourceMetric {
		kind = "containerResource"
	}
	key := "averageUtilization"
	if m.Target == AverageValue {
		key = "averageValue"
	}
	return "spec.metrics[" + strconv.Itoa(i) + "]." + kind + ".target." + key
}
