package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
)

// childSize is the environment variable that makes this program the child: how much it holds.
const childSize = "DEMOSERVICE_CHILD"

// startChild starts this program again as a child that holds size bytes, and waits until it does or has ended: while it
// takes them this process takes none, so that the kernel, short of memory, kills the child alone. Its end is told, and
// nothing more.
func startChild(size int64) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", childSize, size))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	line, _ := bufio.NewReader(out).ReadString('\n') // nothing where it ended before
	fmt.Print(line)
	go func() { fmt.Println("child ended:", cmd.Wait()) }() // it ends with this process, or before
	return nil
}

// holdAsChild takes size bytes and keeps them until ctx is done or it is killed.
func holdAsChild(ctx context.Context, size string) error {
	// Linux: the kernel kills this process first when memory runs out. Raising this needs no privilege.
	if err := os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0); err != nil && !os.IsNotExist(err) {
		return err
	}
	n, err := parseSize(size)
	if err != nil {
		return err
	}
	memory, err := mapMemory(n)
	if err != nil {
		return err
	}
	touch(memory)
	fmt.Printf("child holds %d bytes\n", len(memory))
	<-ctx.Done()
	return nil
}
