//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// up starts a keeper that outlives this command, waits until the cluster is ready and says how to use it.
func up(ctx context.Context, repository string, p plan) error {
	if !p.held() {
		if _, err := build(ctx, repository); err != nil { // here, where it can be seen
			return err
		}
		if err := startKeeper(ctx, p); err != nil {
			return err
		}
	}
	text, err := os.ReadFile(p.file("cluster.json"))
	if err != nil {
		return fmt.Errorf("cluster %s is being started by another command, try again in a while: %w", p.Name, err)
	}
	var d description
	if err := json.Unmarshal(text, &d); err != nil {
		return fmt.Errorf("reading cluster.json: %w", err)
	}
	fmt.Printf(`cluster %s is ready. The machine has a route to its node, Pods and Services.

  export KUBECONFIG=%s
  %s get nodes

Logs:                         %s/log
A command inside its network: nsenter -t %d -n COMMAND
Load an image:                %s -a %s/run/containerd/containerd.sock -n k8s.io images import FILE.tar
Tests on it:                  PLIMSOLL_CLUSTER=%s go test ./test/e2e/kube
End it:                       make cluster-down (go run ./test/kube/cluster down -name %s)
`, d.Name, d.Kubeconfig, d.Kubectl, d.Dir, d.PID, d.Ctr, d.Dir, d.Name, d.Name)
	return nil
}

// startKeeper starts one with a standard input that nobody closes.
func startKeeper(ctx context.Context, p plan) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	// Both ends of the input are the keeper's own, so that it ends only when told.
	in, out, err := os.Pipe()
	if err != nil {
		return err
	}
	said, keeperOut, err := os.Pipe()
	if err != nil {
		return err
	}
	// A file without a name: the caller's own stderr would stay open as long as the cluster.
	complaints, err := os.CreateTemp("", "")
	if err != nil {
		return err
	}
	defer func() { _ = complaints.Close() }()
	if err := os.Remove(complaints.Name()); err != nil {
		return err
	}
	keeper := exec.Command(self, "keep", "-name", p.Name)
	keeper.Stdin, keeper.Stdout, keeper.Stderr, keeper.ExtraFiles = in, keeperOut, complaints, []*os.File{out}
	keeper.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := keeper.Start(); err != nil {
		return fmt.Errorf("starting the keeper: %w", err)
	}
	for _, f := range []*os.File{in, out, keeperOut} {
		_ = f.Close()
	}
	undo := context.AfterFunc(ctx, func() { _ = keeper.Process.Signal(syscall.SIGTERM) })
	defer undo()
	if !bufio.NewScanner(said).Scan() { // the end without a line is the end of the keeper
		err := keeper.Wait()
		text, _ := io.ReadAll(io.NewSectionReader(complaints, 0, 1<<20)) // the error of the wait says enough without
		return fmt.Errorf("the cluster did not start: %w\n%s", err, text)
	}
	return nil
}

// down ends a cluster and removes what is left of it.
func down(p plan) error {
	for deadline := time.Now().Add(30 * time.Second); p.held(); time.Sleep(50 * time.Millisecond) {
		text, err := os.ReadFile(p.file("keeper.pid"))
		if err != nil {
			continue // it is just beginning or just ending
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
		if err != nil {
			return fmt.Errorf("reading keeper.pid: %w", err)
		}
		_ = syscall.Kill(pid, syscall.SIGTERM)
		if time.Now().After(deadline) {
			return fmt.Errorf("the keeper, process %d, does not end", pid)
		}
	}
	return p.clean()
}
