package loadgen

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// pacer lets one goroutine wait for planned instants. It is a timerfd in Go's own netpoller: Go's timers wake up as much
// as 1 ms late on Linux (golang.org/issue/53824).
type pacer struct {
	file *os.File
	fd   int
}

func newPacer() (*pacer, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("opening a timer descriptor: %w", err)
	}
	return &pacer{file: os.NewFile(uintptr(fd), "timerfd"), fd: fd}, nil
}

// wait returns after d, or when it is interrupted.
func (p *pacer) wait(d time.Duration) {
	if d <= 0 {
		return
	}
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(d))}
	if unix.TimerfdSettime(p.fd, 0, &spec, nil) != nil {
		return
	}
	var expirations [8]byte
	if _, err := p.file.Read(expirations[:]); err != nil {
		_ = p.file.SetReadDeadline(time.Time{})
	}
}

// interrupt ends the present wait, or else the next one.
func (p *pacer) interrupt() { _ = p.file.SetReadDeadline(time.Unix(1, 0)) }

func (p *pacer) close() { _ = p.file.Close() }
