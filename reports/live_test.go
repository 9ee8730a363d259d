package reports

import (
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/tuner"
)

func TestLiveLine(t *testing.T) {
	second := tuner.Second{Offered: 200, Throughput: 199, P99: new(12_400 * time.Microsecond), Failed: 1}
	if got, want := LoadLine(second), "200/s → 199/s  p99 12.4 ms  1 failed"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	app := tuner.ContainerUse{Container: "app\x1b[31m", CPULimit: 300, MemoryLimit: 96 << 20}
	use := tuner.ContainerSecond{CPU: new(0.243), Throttled: new(0.031), Restarts: 1}
	if got, want := UseLine(app, use), `app\x1b[31m cpu 243m/300m throttled 3.1 % restarts 1`; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
