package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// used is what one process used from its start to its end, and what it printed.
type used struct {
	cpu    time.Duration
	peak   int64 // most resident memory, in bytes
	output []byte
}

// run prints a command and runs it to its end. An exit code other than 0 is an error unless it is one of fine.
func run(ctx context.Context, fine []int, name string, args ...string) (used, error) {
	return runWatched(ctx, func(int) {}, fine, name, args...)
}

// runWatched is run for a command whose process watch is told of as soon as it is there.
func runWatched(ctx context.Context, watch func(pid int), fine []int, name string, args ...string) (used, error) {
	fmt.Fprintf(os.Stderr, "  $ %s %s\n", name, strings.Join(args, " "))
	cmd := exec.CommandContext(ctx, name, args...)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	err := cmd.Start()
	if err == nil {
		watch(cmd.Process.Pid)
		err = cmd.Wait()
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		for _, code := range fine {
			if exit.ExitCode() == code {
				err = nil
			}
		}
	}
	if err != nil {
		return used{}, fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, lastLine(problems.String()+out.String()))
	}
	u := used{cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), output: out.Bytes()}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		u.peak = usage.Maxrss * 1024
	}
	return u, nil
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// raiseDescriptors lets this process and those it starts open as many files as the hard limit allows. Setting the limit
// explicitly is what makes children inherit it.
func raiseDescriptors() error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("read the limit of open files: %w", err)
	}
	limit.Cur = limit.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("raise the limit of open files: %w", err)
	}
	return nil
}
