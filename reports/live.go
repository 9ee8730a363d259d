package reports

import (
	"fmt"
	"strings"

	"github.com/plimsoll/plimsoll/tuner"
)

// LoadLine is the load of one second for the live line: "200/s → 199/s  p99 12.4 ms". Failed hits show where there are any.
func LoadLine(s tuner.Second) string {
	line := fmt.Sprintf("%s → %s", rate(s.Offered), rate(s.Throughput))
	if s.P99 != nil {
		line += "  p99 " + duration(*s.P99)
	}
	if s.Failed > 0 {
		line += fmt.Sprintf("  %d failed", s.Failed)
	}
	return line
}

// UseLine is what one container used in one second beside its limits, for the live line:
// "app cpu 243m/300m throttled 3 % mem 71.2Mi/96Mi restarts 0". What is not known is left out.
func UseLine(c tuner.ContainerUse, s tuner.ContainerSecond) string {
	parts := []string{Clean(c.Container)}
	if s.CPU != nil {
		parts = append(parts, "cpu "+cores(*s.CPU)+"/"+amount(tuner.CPU, int64(c.CPULimit)))
	}
	if s.Throttled != nil {
		parts = append(parts, "throttled "+percent(*s.Throttled))
	}
	if s.Memory != nil {
		parts = append(parts, "mem "+memory(*s.Memory)+"/"+amount(tuner.Memory, int64(c.MemoryLimit)))
	}
	parts = append(parts, fmt.Sprintf("restarts %d", s.Restarts))
	return strings.Join(parts, " ")
}
