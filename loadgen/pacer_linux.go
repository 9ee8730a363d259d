package loadgen

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// kernelPacer is a timerfd in Go's own netpoller, about 0.05 ms late. Go's timers round up to whole milliseconds
// (golang.org/issue/53824).
type kernelPacer struct {
	file *os.File
	fd   int
}

func newPacer() (pacer, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("opening a timer descriptor: %w", err)
	}
	return &kernelPacer{file: os.NewFile(uintptr(fd), "timerfd"), fd: fd}, nil
}

func (p *kernelPacer) wait(d time.Duration) {
	if d <= 0 {
		return
	}
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(d))}
	if unix.TimerfdSettime(p.fd, 0, &spec, nil) != nil {
		return // not for a positive d
	}
	var expirations [8]byte
	if _, err := p.file.Read(expirations[:]); err != nil {
		_ = p.file.SetReadDeadline(time.Time{}) // it was interrupted
	}
}

func (p *kernelPacer) interrupt() { _ = p.file.SetReadDeadline(time.Unix(1, 0)) }

func (p *kernelPacer) close() { _ = p.file.Close() }

var _ pacer = (*kernelPacer)(nil)
