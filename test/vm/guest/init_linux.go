// Guest is the init of the small VM that proves cgroup v2: it sets the machine up as a systemd one would be, runs the
// jobs of the plan, says on the serial console how each ended, and powers off.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"golang.org/x/sys/unix"

	"github.com/plimsoll/plimsoll/test/vm/job"
)

// main is run twice: as process 1, which mounts and then only reaps what others leave behind, and as the child that does the work.
func main() {
	if os.Getpid() != 1 {
		if err := live(); err != nil {
			fmt.Println("guest:", err)
			os.Exit(1)
		}
		return
	}
	err := mountAll()
	if err == nil {
		err = reap()
	}
	if err != nil {
		fmt.Println("guest:", err)
	} else {
		fmt.Println(job.Done)
	}
	unix.Sync()
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF) // if it fails, init ends and the kernel panics: qemu exits too
}

// reap starts the child and waits for every orphan until the child ends, so that no zombie looks like a process.
func reap() error {
	child := exec.Command("/init")
	child.Stdout, child.Stderr = os.Stdout, os.Stdout
	if err := child.Start(); err != nil {
		return fmt.Errorf("starting the child: %w", err)
	}
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, 0, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("waiting for the child: %w", err)
		}
		if pid != child.Process.Pid {
			continue
		}
		if status.ExitStatus() != 0 {
			return fmt.Errorf("the child ended with %d", status.ExitStatus())
		}
		return nil
	}
}

// live runs the jobs. A job that fails is no error.
func live() error {
	if err := loopbackUp(); err != nil {
		return err
	}
	if err := makeCgroups(); err != nil {
		return err
	}
	text, err := os.ReadFile(job.PlanFile)
	if err != nil {
		return fmt.Errorf("reading the plan: %w", err)
	}
	var jobs []job.Job
	if err := json.Unmarshal(text, &jobs); err != nil {
		return fmt.Errorf("reading the plan: %w", err)
	}
	for _, j := range jobs {
		work(j)
	}
	return nil
}

// mountAll mounts what every Linux system has.
func mountAll() error {
	for _, m := range []struct{ kind, dir, options string }{
		{"proc", "/proc", ""},
		{"sysfs", "/sys", ""},
		{"devtmpfs", "/dev", ""},
		{"cgroup2", "/sys/fs/cgroup", ""},
		{"tmpfs", "/tmp", "mode=1777"},
	} {
		if err := os.MkdirAll(m.dir, 0o755); err != nil {
			return fmt.Errorf("mounting %s: %w", m.dir, err)
		}
		if err := unix.Mount(m.kind, m.dir, m.kind, 0, m.options); err != nil {
			return fmt.Errorf("mounting %s: %w", m.dir, err)
		}
	}
	return nil
}

// loopbackUp brings lo up; the kernel then gives it 127.0.0.1 and ::1.
func loopbackUp() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("bringing lo up: %w", err)
	}
	defer func() { _ = unix.Close(socket) }()
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return fmt.Errorf("bringing lo up: %w", err)
	}
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, lo); err != nil {
		return fmt.Errorf("bringing lo up: %w", err)
	}
	return nil
}
