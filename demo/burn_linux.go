package main

import (
	"time"

	"golang.org/x/sys/unix"
)

// threadCPU is the CPU time that this thread has used.
func threadCPU() time.Duration {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &now); err != nil {
		panic(err) // the clock is in every kernel since 2.6
	}
	return time.Duration(now.Nano())
}
