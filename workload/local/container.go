package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/workload"
)

const (
	// A kubelet restarts at once, then after 10 s, 20 s, … up to 5 min, and forgets after 10 min of running. Trials are
	// short, so here all of it is ten times as fast.
	firstBackOff   = time.Second
	longestBackOff = 30 * time.Second
	forgetBackOff  = time.Minute
)

// container is one container of one replica: a command that is kept running in its cgroup.
type container struct {
	spec    scenarios.Container
	port    int
	grace   time.Duration
	group   *group
	secrets []string
}

// backOff is the pause before a restart after that many ends in a row: 0, 1 s, 2 s, 4 s, … 30 s.
func backOff(ends int) time.Duration {
	if ends <= 1 {
		return 0
	}
	pause := firstBackOff
	for range ends - 2 {
		pause = min(2*pause, longestBackOff)
	}
	return pause
}

// keepRunning starts the container and restarts it whenever it ends, until soft is done; then it stops it: SIGTERM, and
// SIGKILL after its grace or as soon as hard is done. begun gets the outcome of the first start. Every process of the
// container has ended when it returns; the error is that one could not be made to.
func (c *container) keepRunning(soft, hard context.Context, state *state, begun func(error)) error {
	// For spawn: this thread must live as long as the process, and start it in its cgroup.
	runtime.LockOSThread()
	ends := 0
	for {
		started := time.Now()
		code, output, err := c.runOnce(soft, hard, state, begun)
		if err != nil || soft.Err() != nil {
			return err
		}
		if time.Since(started) > forgetBackOff {
			ends = 0
		}
		ends++
		state.ended(c, code, output)
		select {
		case <-soft.Done():
			return nil
		case <-time.After(backOff(ends)):
		}
	}
}

// runOnce runs the process until it has ended, and everything it left in its cgroup with it. code is as a shell gives
// it. The error is that it could not be started at all, or not be ended.
func (c *container) runOnce(soft, hard context.Context, state *state, begun func(error)) (code int, lines []string, err error) {
	cmd, err := command(c.spec, c.port)
	if err != nil {
		begun(err)
		return 0, nil, err
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		begun(err)
		return 0, nil, err
	}
	defer reader.Close()
	cmd.Stdout, cmd.Stderr = writer, writer
	state.starting(c)
	err = errors.Join(c.group.spawn(cmd), writer.Close())
	switch {
	case errors.Is(err, syscall.ENOMEM) && cmd.Process == nil:
		// Its memory limit does not even hold the start of a program: an end of the container, no fault of ours.
		begun(nil)
		return exitCodeNotRun, []string{"start: " + err.Error()}, nil
	case err != nil:
		err = fmt.Errorf("start container %s: %w", c.spec.Name, err)
		if cmd.Process != nil {
			err = errors.Join(err, c.group.kill(), reap(cmd))
		}
		begun(err)
		return 0, nil, err
	}
	begun(nil)
	out := &output{secrets: c.secrets}
	read := make(chan struct{})
	go func() { defer close(read); out.readFrom(reader) }()
	err = c.awaitEnd(soft, hard, cmd)
	// The main process is gone, so its container is; the pipe ends with the last process that holds it.
	err = errors.Join(err, c.group.kill())
	<-read
	return exitCode(cmd.ProcessState), out.last(), err
}

// awaitEnd waits for the main process, and stops it when soft is done.
func (c *container) awaitEnd(soft, hard context.Context, cmd *exec.Cmd) error {
	ended := make(chan struct{})
	stopped := make(chan error)
	go func() {
		stopped <- func() error {
			select {
			case <-ended:
				return nil
			case <-soft.Done():
			}
			_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended meanwhile
			select {
			case <-ended:
				return nil
			case <-time.After(c.grace):
			case <-hard.Done():
			}
			return c.group.kill()
		}()
	}()
	err := reap(cmd)
	close(ended)
	return errors.Join(err, <-stopped)
}

// reap waits for the main process to end. Unlike cmd.Wait, a process that ended badly is no error.
func reap(cmd *exec.Cmd) error {
	var failed *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &failed) {
		return err
	}
	return nil
}

const (
	// exitCodeNotRun is a shell's for a program that was found and could not be run.
	exitCodeNotRun = 126
	// exitCodeKilled is a shell's for SIGKILL.
	exitCodeKilled = 128 + int(syscall.SIGKILL)
)

// exitCode as a shell gives it: 128 + signal where a signal ended it.
func exitCode(s *os.ProcessState) int {
	if status, ok := s.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return s.ExitCode()
}

// reasonFor an end by its exit code, the kernel's count of OOM kills when it started and when it had ended (nil: not
// known), and whether its liveness probe failed.
func reasonFor(code int, before, after *int64, liveness bool) workload.ExitReason {
	switch {
	case liveness:
		return workload.LivenessKill
	case code == exitCodeKilled && before != nil && after != nil && *after > *before:
		return workload.OOMKilled
	case code == 0:
		return workload.Completed
	}
	return workload.ExitedError
}
