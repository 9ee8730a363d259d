package scenarios

import (
	"math"
	"testing"
	"time"
)

func TestRateAt(t *testing.T) {
	s := Scenario{Stages: []Stage{
		{From: 10, To: 30, For: 10 * time.Second}, {From: 30, To: 30, For: 5 * time.Second},
		{From: 20, To: 20, Amplitude: 10, Period: 8 * time.Second, For: 8 * time.Second},
	}}
	for at, want := range map[time.Duration]float64{
		-time.Second: 0, 0: 10, 5 * time.Second: 20, 12 * time.Second: 30, 17 * time.Second: 30, 21 * time.Second: 10, 23 * time.Second: 0,
	} {
		if got := s.RateAt(at); math.Abs(got-want) > 1e-9 {
			t.Errorf("at %v: %v, want %v", at, got, want)
		}
	}
}
