package tuner

import (
	"fmt"
	"strings"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// marginText says a value beside its bound: "p99 66 ms of 50 ms", "errors 0.4 % of 0.1 %".
func marginText(m Margin) string {
	if m.Value == nil {
		return m.Name + " not known"
	}
	name := metricText(m)
	least := ""
	if m.AtLeast {
		least = "≥ "
	}
	switch m.Metric {
	case scenarios.ResponseTime:
		return fmt.Sprintf("%s %s%s of %s", name, least, secondsText(*m.Value), secondsText(m.Bound))
	case scenarios.OOMKills, scenarios.Restarts:
		return fmt.Sprintf("%s %s%.0f of %.0f allowed", name, least, *m.Value, m.Bound)
	case scenarios.ThroughputRate:
		return fmt.Sprintf("%s %s of the offered rate, %s wanted", name, percentText(*m.Value), percentText(m.Bound))
	}
	return fmt.Sprintf("%s %s%s of %s", name, least, percentText(*m.Value), percentText(m.Bound))
}

// metricText is the first word of an SLO as written ("p99" of "p99 < 200ms"), or the metric's name, with the container
// that decided.
func metricText(m Margin) string {
	name := string(m.Metric)
	if word, _, ok := strings.Cut(m.Name, " "); ok && m.Container == "" {
		name = word
	}
	if m.Container != "" {
		name = m.Container + " " + name
	}
	return strings.ReplaceAll(name, "_", " ")
}

func secondsText(seconds float64) string {
	return timeText(time.Duration(seconds * float64(time.Second)))
}

// replicaText names a container, and its replica where there are several.
func replicaText(container string, replica int, goal Goal) string {
	if goal.Replicas > 1 {
		return fmt.Sprintf("%s (replica %d)", container, replica)
	}
	return container
}

// whenText says when in a trial something happened.
func whenText(at time.Duration) string {
	if at < 0 {
		return "before the load"
	}
	return "after " + timeText(at)
}

func codeText(code *int) string {
	if code == nil {
		return ""
	}
	return fmt.Sprintf(" with code %d", *code)
}

func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func andText(s string) string {
	if s == "" {
		return ""
	}
	return "; " + s
}

func because(s string) string {
	if s == "" {
		return ""
	}
	return ": " + s
}

// memoryLimitText and cpuLimitText are the limits under test.
func (h *hearing) memoryLimitText(container string) string {
	c, _ := h.step.Settings.Of(container)
	return limitText(Memory, int64(c.MemoryLimit))
}

func (h *hearing) cpuLimitText(container string) string {
	c, _ := h.step.Settings.Of(container)
	return limitText(CPU, int64(c.CPULimit))
}
