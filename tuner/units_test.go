package tuner

import (
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

func TestUnits(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{cpuText(250), "250m"},
		{memoryText(96 * scenarios.MiB), "96Mi"},
		{memoryText(15 * scenarios.MiB / 2), "7.5Mi"},
		{memoryText(640 * scenarios.KiB), "640Ki"},
		{limitText(CPU, 0), "not set"},
		{limitText(Memory, int64(scenarios.GiB)), "1024Mi"},
		{timeText(850 * time.Microsecond), "850 µs"},
		{timeText(12400 * time.Microsecond), "12.4 ms"},
		{timeText(50 * time.Millisecond), "50 ms"},
		{timeText(1250 * time.Millisecond), "1.2 s"},
		{percentText(0.31), "31 %"},
		{percentText(0.042), "4.2 %"},
		{percentText(0.0013), "0.13 %"},
		{percentText(0), "0 %"},
		{figures(-3.25), "-3.2"},
		{figures(-0.001), "0"},
		{figures(1234.5), "1234"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}
