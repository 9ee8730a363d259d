package reports

import (
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

func TestUnits(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{duration(0), "0 ns"},
		{duration(850 * time.Nanosecond), "850 ns"},
		{duration(340 * time.Microsecond), "340 µs"},
		{duration(12_400 * time.Microsecond), "12.4 ms"},
		{duration(5 * time.Second), "5 s"},
		{duration(1240 * time.Millisecond), "1.24 s"},
		{duration(200 * time.Second), "3 min 20 s"},
		{duration(65 * time.Minute), "1 h 05 min"},
		{duration(59*time.Minute + 59600*time.Millisecond), "1 h 00 min"},
		{duration(-200 * time.Millisecond), "-200 ms"},
		{percent(0), "0 %"},
		{percent(0.314), "31 %"},
		{percent(0.042), "4.2 %"},
		{percent(0.0042), "0.42 %"},
		{percent(0.00001), "< 0.01 %"},
		{percent(0.9999), "99.99 %"},
		{percent(0.99999), "> 99.99 %"},
		{percent(0.9951), "99.51 %"},
		{percent(1), "100 %"},
		{multiple(24.766), "24.8×"},
		{cores(0.2431), "243m"},
		{memory(82 * scenarios.MiB), "82Mi"},
		{memory(93*scenarios.MiB + 420*scenarios.KiB), "93.4Mi"},
		{amount(tuner.CPU, 0), "none"},
		{amount(tuner.CPU, 1000), "1000m"},
		{amount(tuner.Memory, int64(scenarios.GiB)), "1024Mi"},
		{amount(tuner.Memory, 47360<<10), "46.25Mi"},
		{amount(tuner.Memory, 100_000_000), "95.4Mi"},
		{rate(199.6), "200/s"},
		{rate(0.5), "0.5/s"},
		{ranges([]int{1, 3, 4, 5, 7, 8}), "1, 3–5, 7, 8"},
		{clock(-800 * time.Millisecond), "−0:01"},
		{clock(65 * time.Second), "1:05"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestCleanShowsWhatActs(t *testing.T) {
	for text, want := range map[string]string{
		"plain, ünïcode → 試験": "plain, ünïcode → 試験",
		"\x1b[31mred":         `\x1b[31mred`,
		"a\nb\tc\x7f":         `a\x0ab\x09c\x7f`,
		"\u009b31m":           `\x9b31m`,
		"\u202eevil\u2066":    `\u202eevil\u2066`,
		"bad\xff\xfeutf8":     `bad\xff\xfeutf8`,
		"replacement \ufffd":  "replacement \ufffd",
	} {
		if got := Clean(text); got != want {
			t.Errorf("Clean(%q) = %q, want %q", text, got, want)
		}
	}
}
