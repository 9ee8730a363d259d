package main

import (
	"errors"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// needs are what the service takes. All are 0 or more; sizes are in bytes.
type needs struct {
	// cpuPerHit is CPU time, cpuExtra a ratio of it on top.
	cpuPerHit time.Duration
	cpuExtra  float64
	// memoryPerHit is held by each hit in flight; cache is filled by cacheStep per hit and then stays.
	memoryPerHit, cache, cacheStep int64
	// leakPerHit is never given back.
	leakPerHit int64
	// startCPU is CPU time before it listens, startWait the waiting after that.
	startCPU, startWait time.Duration
	// child is what a child process holds; 0 means there is none.
	child int64
	// lock is how long each hit holds the one lock; 0 means there is none.
	lock time.Duration
	// host is the address it listens on.
	host string
}

const (
	kib = 1 << 10
	mib = 1 << 20
)

// parseNeeds reads the command line. The error names the flag.
func parseNeeds(args []string) (needs, error) {
	n := needs{memoryPerHit: 128 * kib, cache: 64 * mib, cacheStep: 128 * kib}
	flags := flag.NewFlagSet("demoservice", flag.ContinueOnError)
	flags.DurationVar(&n.cpuPerHit, "cpu-per-hit", 1300*time.Microsecond, "CPU `time` each hit takes")
	flags.Float64Var(&n.cpuExtra, "cpu-extra", 0, "`ratio` of that on top: 0.3 is 30 % more")
	flags.DurationVar(&n.startCPU, "start-cpu", 200*time.Millisecond, "CPU `time` before it listens")
	flags.DurationVar(&n.startWait, "start-wait", 300*time.Millisecond, "`time` it waits before it listens")
	flags.DurationVar(&n.lock, "lock", 0, "`time` each hit holds the one lock")
	flags.StringVar(&n.host, "host", "127.0.0.1", "`address` to listen on; in a Pod 0.0.0.0")
	for _, size := range []struct {
		into      *int64
		name, use string
	}{
		{&n.memoryPerHit, "memory-per-hit", "memory of this `size` is held by each hit in flight (128KiB)"},
		{&n.cache, "cache", "`size` of the cache when it is full (64MiB)"},
		{&n.cacheStep, "cache-step", "`size` of the part that each hit fills (128KiB)"},
		{&n.leakPerHit, "leak-per-hit", "memory of this `size` is never given back by each hit (0)"},
		{&n.child, "child", "a child process holds memory of this `size` (0: no child)"},
	} {
		flags.Func(size.name, size.use, func(text string) (err error) {
			*size.into, err = parseSize(text)
			return err
		})
	}
	if err := flags.Parse(args); err != nil {
		return needs{}, err
	}
	if flags.NArg() > 0 {
		return needs{}, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	return n, n.check()
}

func (n needs) check() error {
	if n.cpuPerHit < 0 || n.cpuExtra < 0 || n.startCPU < 0 || n.startWait < 0 || n.lock < 0 {
		return errors.New("times and ratios must be 0 or more")
	}
	if n.cache > 0 && n.cacheStep == 0 {
		return errors.New("-cache-step must be above 0 where there is a cache")
	}
	return nil
}

// parseSize reads a whole number of bytes, KiB, MiB or GiB.
func parseSize(text string) (int64, error) {
	unit := int64(1)
	for suffix, factor := range map[string]int64{"KiB": kib, "MiB": mib, "GiB": 1 << 30} {
		if number, found := strings.CutSuffix(text, suffix); found {
			text, unit = number, factor
			break
		}
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 0 {
		return 0, errors.New("want a whole number with B left out, or KiB, MiB or GiB")
	}
	return n * unit, nil
}
