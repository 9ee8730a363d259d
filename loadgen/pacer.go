package loadgen

import "time"

// pacer lets one goroutine wait for planned instants.
type pacer interface {
	// wait returns after d, or when it is interrupted.
	wait(d time.Duration)
	// interrupt ends the present wait, or else the next one; any goroutine may call it.
	interrupt()
	close()
}

// timerPacer is a pacer as exact as Go's timers are: up to 1 ms late on Linux.
type timerPacer struct {
	timer *time.Timer
	stop  chan struct{}
}

func newTimerPacer() *timerPacer {
	return &timerPacer{timer: time.NewTimer(0), stop: make(chan struct{}, 1)}
}

func (p *timerPacer) wait(d time.Duration) {
	if d <= 0 {
		return
	}
	p.timer.Reset(d)
	select {
	case <-p.timer.C:
	case <-p.stop:
	}
}

func (p *timerPacer) interrupt() {
	select {
	case p.stop <- struct{}{}:
	default:
	}
}

func (p *timerPacer) close() { p.timer.Stop() }

var _ pacer = (*timerPacer)(nil)
