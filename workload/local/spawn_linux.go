package local

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// spawn starts cmd inside g, in a session of its own, to be killed with this process. The caller has locked its
// goroutine to a thread, and keeps that until cmd has ended: the kernel kills the child when the *thread* that started
// it ends (man 2 PR_SET_PDEATHSIG), and on version 1 the thread takes the child into the cgroup.
//
// The child is in its cgroup from its first instant, before exec, so nothing of Plimsoll's is charged to it: it shares
// Plimsoll's memory until exec, which gives it its own.
func (g *group) spawn(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	if g.at.Version == 2 {
		return g.spawnV2(cmd)
	}
	return g.spawnV1(cmd)
}

// spawnV2 has the kernel put the child into its cgroup as it makes it (clone3 with CLONE_INTO_CGROUP, kernel 5.7).
func (g *group) spawnV2(cmd *exec.Cmd) error {
	folder, err := os.Open(g.at.Unified)
	if err != nil {
		return err
	}
	defer folder.Close()
	cmd.SysProcAttr.UseCgroupFD, cmd.SysProcAttr.CgroupFD = true, int(folder.Fd())
	return cmd.Start()
}

// spawnV1 moves this thread alone into the cgroup, where version 1 lets threads be apart, starts the child, which is
// born where its parent thread is, and moves the thread back. The Go runtime starts no thread from a locked one, so
// nothing else follows.
func (g *group) spawnV1(cmd *exec.Cmd) error {
	thread := strconv.Itoa(unix.Gettid())
	_, v1, err := ownHierarchies()
	if err != nil {
		return err
	}
	var start error
	for _, folder := range g.folders {
		start = errors.Join(start, write(folder, "tasks", thread))
	}
	if start == nil {
		start = cmd.Start()
	}
	for _, controller := range controllersV1 {
		if err := write(v1[controller].own, "tasks", thread); err != nil {
			// Without it, this thread's work would be charged to the container. Ending it is the way out: the caller
			// leaves it locked, and the Go runtime ends a locked thread with its goroutine.
			start = errors.Join(start, fmt.Errorf("leave the container's cgroup: %w", err))
		}
	}
	return start
}
