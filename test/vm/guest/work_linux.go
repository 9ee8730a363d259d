package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/plimsoll/plimsoll/test/vm/job"
)

// work runs one job in a cgroup of its own and prints how it ended. What it left behind is a failure of the job:
// clean-up is one of the things that are proven.
func work(j job.Job) {
	fmt.Println(job.Begin(j.Name))
	began := time.Now()
	code := -1
	open, err := openCgroup(j.User)
	if err == nil {
		code, err = start(j, open)
	}
	if err != nil {
		fmt.Println("guest:", err)
	}
	for _, problem := range leftovers(open) {
		fmt.Println("guest:", problem)
		code = max(code, 1)
	}
	if err := os.Remove(open); err != nil {
		fmt.Println("guest: removing the cgroup of a job:", err)
	}
	fmt.Println(job.End(j.Name, code, time.Since(began)))
}

// start runs the job's program in the cgroup open and waits for it. code is -1 where it did not exit by itself.
func start(j job.Job, open string) (code int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), j.Timeout)
	defer cancel()
	cgroup, err := os.Open(open)
	if err != nil {
		return -1, fmt.Errorf("opening the cgroup of a job: %w", err)
	}
	defer func() { _ = cgroup.Close() }()
	home, err := os.MkdirTemp("", "home")
	if err == nil {
		err = os.Chown(home, j.User, j.User)
	}
	if err != nil {
		return -1, fmt.Errorf("making a home: %w", err)
	}
	cmd := exec.CommandContext(ctx, j.Command[0], j.Command[1:]...)
	cmd.Dir = j.Dir
	cmd.Env = append([]string{"PATH=/bin", "HOME=" + home, "TMPDIR=/tmp",
		"PLIMSOLL_TEST_SLOW=" + os.Getenv("PLIMSOLL_TEST_SLOW")}, j.Env...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stdout
	cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(cgroup.Fd()), Setsid: true,
		Credential: &syscall.Credential{Uid: uint32(j.User), Gid: uint32(j.User)}}
	err = cmd.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return exit.ExitCode(), nil
	}
	if err != nil {
		return -1, fmt.Errorf("running %s: %w", j.Command[0], err)
	}
	return 0, nil
}
