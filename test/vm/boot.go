package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// silence is how long a guest under KVM may take to its first word: it needs about a second. A nested machine may have
// a KVM that starts and never gets anywhere.
const silence = 10 * time.Second

// longest is the most that a whole run may take.
const longest = 30 * time.Minute

// errSilent: the guest did not say a word in time.
var errSilent = errors.New("the guest stayed silent")

// boot runs the guest and returns what its jobs came to, under KVM where that works and emulated otherwise.
func boot(ctx context.Context, kernel, image string) (results, error) {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	if device, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0); err == nil {
		_ = device.Close()
		r, err := run(ctx, kernel, image, []string{"-accel", "kvm", "-cpu", "host"}, "", silence)
		if err == nil || !errors.Is(err, errSilent) {
			return r, err
		}
		fmt.Println("KVM does not work here: emulating")
	} else {
		fmt.Println("no KVM here: emulating")
	}
	return run(ctx, kernel, image, []string{"-accel", "tcg,thread=multi", "-cpu", "max"}, "PLIMSOLL_TEST_SLOW=1", longest)
}

// run boots once, prints the jobs' output as it comes and keeps the whole console in the cache. The kernel hands
// environment, where it is not empty, to the guest. The error is errSilent where nothing came within silence.
func run(ctx context.Context, kernel, image string, accelerator []string, environment string, silence time.Duration) (results, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	log, err := os.Create(filepath.Join(cache, "serial.log"))
	if err != nil {
		return results{}, fmt.Errorf("keeping the console: %w", err)
	}
	defer func() { _ = log.Close() }()
	cmd := exec.CommandContext(ctx, "qemu-system-x86_64", append(accelerator,
		"-m", "1024", "-smp", "2", "-nodefaults", "-display", "none", "-no-reboot", "-serial", "stdio",
		"-kernel", kernel, "-initrd", image,
		"-append", "console=ttyS0 loglevel=2 panic=-1 psi=1 mitigations=off "+environment)...)
	console, err := cmd.StdoutPipe()
	if err != nil {
		return results{}, fmt.Errorf("starting qemu: %w", err)
	}
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		return results{}, fmt.Errorf("starting qemu: %w", err)
	}
	quiet := time.AfterFunc(silence, func() { cancel(errSilent) })
	defer quiet.Stop()
	read := follow(io.TeeReader(console, log), func() { quiet.Stop() })
	err = cmd.Wait()
	switch {
	case read.complete:
		return read, nil
	case context.Cause(ctx) != nil:
		return read, context.Cause(ctx)
	case read.begun == 0:
		return read, errSilent
	}
	return read, fmt.Errorf("the guest ended early (%v): see %s", err, log.Name())
}

// follow reads the console to its end and prints what people want to see. first is called at the guest's first word.
func follow(console io.Reader, first func()) results {
	var r results
	lines := bufio.NewScanner(console)
	for lines.Scan() {
		line := strings.TrimRight(lines.Text(), "\r")
		if r.add(line) {
			first()
			continue
		}
		if !strings.HasPrefix(line, "=== ") && r.begun > len(r.ended) {
			fmt.Println(line)
		}
	}
	return r
}
