package local

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// kill ends every process in it, and waits until they have left. The error is that some stay. Where they take long the
// limits are lifted for them, and set again when all have left, since a container restarts in the same cgroup: soon once
// stopping is done, and late before, because a trial is going on then whose limits these are.
func (g *group) kill(stopping context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	began := time.Now()
	held := func() bool {
		return time.Since(began) < slow || stopping.Err() == nil && time.Since(began) < gone
	}
	if killAll(g.folders, held) == nil {
		return nil
	}
	lifted := lift(g.folders)
	if err := killAll(g.folders, lasting(gone)); err != nil {
		return errors.Join(lifted, err)
	}
	return errors.Join(g.writeMemory(g.memory), g.writeCPU(g.cpu))
}

// endAll ends every process in folders, which nobody will use again. The error is that some stay.
func endAll(folders []string) error {
	if killAll(folders, lasting(slow)) == nil {
		return nil
	}
	lifted := lift(folders)
	if err := killAll(folders, lasting(gone)); err != nil {
		return errors.Join(lifted, err)
	}
	return nil
}

// killAll kills every process in folders again and again until they have left, or goOn says no.
func killAll(folders []string, goOn func() bool) error {
	for _, folder := range folders {
		// Kills a whole subtree at once (kernel 5.14); elsewhere the loop below does it.
		_ = writeWhereKnown(folder, "cgroup.kill", "1")
	}
	return again(goOn, func() error {
		var left []int
		for _, folder := range folders {
			for _, pid := range processesIn(folder) {
				_ = unix.Kill(pid, unix.SIGKILL)
				left = append(left, pid)
			}
		}
		if len(left) > 0 {
			return fmt.Errorf("kill: processes %v are still in %s", left, folders[0])
		}
		return nil
	})
}

// lift takes the limits off, so that killed processes can end: the kernel makes them reclaim memory at their limit, and
// wait for their quota, on the way out as well. nginx workers at 50Mi took more than 10 s.
func lift(folders []string) error {
	var errs []error
	for _, folder := range folders {
		for _, limit := range [][2]string{
			{"memory.max", "max"}, {"cpu.max", "max"},
			// Swap and memory together may not be below memory alone.
			{"memory.memsw.limit_in_bytes", "-1"}, {"memory.limit_in_bytes", "-1"}, {"cpu.cfs_quota_us", "-1"},
		} {
			errs = append(errs, writeWhereKnown(folder, limit[0], limit[1]))
		}
	}
	return errors.Join(errs...)
}

// lasting says yes for limit.
func lasting(limit time.Duration) func() bool {
	end := time.Now().Add(limit)
	return func() bool { return time.Now().Before(end) }
}

// again tries until try returns nil, or returns its last error once goOn says no.
func again(goOn func() bool, try func() error) error {
	pause := time.NewTicker(2 * time.Millisecond)
	defer pause.Stop()
	for ; ; <-pause.C {
		if err := try(); err == nil || !goOn() {
			return err
		}
	}
}
