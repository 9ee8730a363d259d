//go:build !linux

package loadgen

func newPacer() (pacer, error) { return newTimerPacer(), nil }
