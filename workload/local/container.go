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
// SIGKILL after its grace or as soon as hard is done. begun gets the outcome of the first start; where that is an error,
// keepRunning returns. Every process of the container has ended when it does; its error is that one could not be made to.
func (c *container) keepRunning(soft, hard context.Context, state *state, begun func(error)) error {
	// For spawn: this thread must live as long as the process, and start it in its cgroup.
	runtime.LockOSThread()
	for ends, first := 0, true; ; first = false {
		started := time.Now()
		cmd, out, err := c.start(state)
		// A memory limit that does not even hold the start of a program is an end of the container, no fault of ours.
		failed := err != nil && !errors.Is(err, syscall.ENOMEM)
		if first && failed {
			begun(err)
			return nil
		}
		if first {
			begun(nil)
		}
		code, lines := exitCodeNotRun, []string{fmt.Sprint(err)}
		if err == nil {
			code, lines, err = c.finish(soft, hard, cmd, out)
			if err != nil || soft.Err() != nil {
				return err
			}
		}
		if time.Since(started) > forgetBackOff {
			ends = 0
		}
		ends++
		state.ended(c, code, lines)
		select {
		case <-soft.Done():
			return nil
		case <-time.After(backOff(ends)):
		}
	}
}

// start starts the process. What it writes comes out of the pipe, which the caller closes.
func (c *container) start(state *state) (*exec.Cmd, *os.File, error) {
	cmd, err := command(c.spec, c.port)
	if err != nil {
		return nil, nil, err
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	cmd.Stdout, cmd.Stderr = writer, writer
	state.starting(c)
	err = errors.Join(c.group.spawn(cmd), writer.Close())
	if err == nil {
		return cmd, reader, nil
	}
	if cmd.Process != nil {
		err = errors.Join(err, c.group.kill(context.Background()), reap(cmd))
	}
	return nil, nil, errors.Join(fmt.Errorf("start container %s: %w", c.spec.Name, err), reader.Close())
}

// finish waits for the end of the process, and ends everything it left in its cgroup. code is as a shell gives it, lines
// are the last it wrote. The error is that something could not be ended.
func (c *container) finish(soft, hard context.Context, cmd *exec.Cmd, from *os.File) (code int, lines []string, err error) {
	out := &output{secrets: c.secrets}
	read := make(chan struct{})
	go func() { defer close(read); out.readFrom(from) }()
	err = c.awaitEnd(soft, hard, cmd)
	// The main process is gone, so its container is; the pipe ends with the last process that holds it.
	err = errors.Join(err, c.group.kill(soft))
	<-read
	return exitCode(cmd.ProcessState), out.last(), errors.Join(err, from.Close())
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
			return c.group.kill(soft)
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
