package main

import (
	"hash/crc32"
	"runtime"
	"time"
)

// burn works until this thread has used d of CPU time more.
func burn(d time.Duration) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	burnUntil(threadCPU() + d)
}

// burnUntil works until the clock of this thread's CPU time, to which the caller is locked, stands at end. Time in which
// the thread is throttled or waits for a CPU is not on that clock.
func burnUntil(end time.Duration) {
	var block [4 * kib]byte
	for threadCPU() < end {
		// About 5 µs: the error of a burn, and ten times what asking the clock takes.
		for range 8 {
			block[0] = byte(crc32.ChecksumIEEE(block[:]))
		}
	}
}

// touch writes to every page of memory, so that the kernel charges it.
func touch(memory []byte) {
	for i := 0; i < len(memory); i += 4 * kib {
		memory[i] = 1
	}
}
