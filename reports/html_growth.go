package reports

import (
	"fmt"
	"slices"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// growth is the leak verdict of a soak on one container, a sentence; empty where there is none.
func growth(v tuner.Verdict, container string) string {
	for _, l := range v.Leaks {
		if l.Container == container && l.Why != "" {
			return fmt.Sprintf(" Replica %d: %s.", l.Replica, l.Why)
		}
	}
	return ""
}

// creep is what a soak says of saturation over time of response times, or of the CPU of one container: a sentence; empty
// where it says nothing.
func creep(v tuner.Verdict, container string) string {
	for _, c := range v.Creeps {
		if c.Container == container && c.Why != "" {
			return " Over the soak: " + c.Why + "."
		}
	}
	return ""
}

// slopeData is the growth of one container's memory over a soak: MiB a second through Level, in MiB, at the time At.
type slopeData struct {
	Container string  `json:"container"`
	Replica   int     `json:"replica"`
	At        float64 `json:"at"`
	Level     float64 `json:"level"`
	Slope     float64 `json:"slope"`
	Low       float64 `json:"low"`
	High      float64 `json:"high"`
}

// newSlopeData puts the slope of a leak verdict through the middle of what was judged; ok is false where it is not known.
func newSlopeData(o tuner.Observation, l tuner.Leak) (s slopeData, ok bool) {
	index := slices.IndexFunc(o.Containers, func(c tuner.ContainerUse) bool { return c.Container == l.Container && c.Replica == l.Replica })
	var levels []float64
	for _, second := range o.Seconds {
		if index < 0 || second.Warmup || index >= len(second.Containers) || second.Containers[index].Memory == nil {
			continue
		}
		levels = append(levels, scaled(second.Containers[index].Memory, 1/float64(scenarios.MiB)))
		s.At += second.At.Seconds()
	}
	if len(levels) == 0 || l.Slope == nil || l.SlopeLow == nil || l.SlopeHigh == nil {
		return slopeData{}, false
	}
	slices.Sort(levels)
	s.Container, s.Replica, s.At, s.Level = Clean(l.Container), l.Replica, s.At/float64(len(levels)), levels[len(levels)/2]
	s.Slope, s.Low, s.High = *l.Slope/float64(scenarios.MiB), *l.SlopeLow/float64(scenarios.MiB), *l.SlopeHigh/float64(scenarios.MiB)
	return s, true
}
