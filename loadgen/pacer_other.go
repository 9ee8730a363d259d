//go:build !linux

package loadgen

import "time"

// pacer lets one goroutine wait for planned instants, as exactly as Go's timers do.
type pacer struct {
	timer *time.Timer
	stop  chan struct{}
}

func newPacer() (*pacer, error) {
	return &pacer{timer: time.NewTimer(0), stop: make(chan struct{}, 1)}, nil
}

// wait returns after d, or when it is interrupted.
func (p *pacer) wait(d time.Duration) {
	if d <= 0 {
		return
	}
	p.timer.Reset(d)
	select {
	case <-p.timer.C:
	case <-p.stop:
	}
}

// interrupt ends the present wait, or else the next one.
func (p *pacer) interrupt() {
	select {
	case p.stop <- struct{}{}:
	default:
	}
}

func (p *pacer) close() { p.timer.Stop() }
