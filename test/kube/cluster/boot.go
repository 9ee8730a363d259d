//go:build linux

package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// boot is process 1 of the cluster: it reads the plan from standard input, opens the namespaces it was started in, and keeps
// the components running until it is killed.
func boot(ctx context.Context) error {
	var p plan
	if err := json.NewDecoder(os.Stdin).Decode(&p); err != nil {
		return fmt.Errorf("reading the plan: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if err := errors.Join(p.join(), p.openNetwork(ctx)); err != nil {
		return err
	}
	if err := p.ownFolders(); err != nil {
		return err
	}
	s := supervisor{plan: p, running: map[int]component{}}
	all := p.components(self)
	for _, c := range all {
		if c.early {
			if err := s.start(c); err != nil {
				return err
			}
		}
	}
	if err := awaitServer(ctx, p.server()); err != nil {
		return err
	}
	for _, c := range all {
		if !c.early {
			if err := s.start(c); err != nil {
				return err
			}
		}
	}
	return s.watch()
}

// owned are the folders that programs write to wherever they are told to: the cluster has its own in their place.
var owned = []string{"run", "var/lib", "var/log"}

// ownFolders mounts the cluster's own folders over the machine's, for this mount namespace alone, and a /proc of its own.
func (p plan) ownFolders() error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("leaving the machine's mounts: %w", err)
	}
	// Containers' own mounts must reach the kubelet's, as they do on a node.
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_SHARED, ""); err != nil {
		return fmt.Errorf("sharing the mounts inside: %w", err)
	}
	for _, name := range owned {
		from, to := p.file(name), "/"+name
		if err := os.MkdirAll(from, 0o755); err != nil {
			return err
		}
		if err := syscall.Mount(from, to, "", syscall.MS_BIND, ""); err != nil {
			return fmt.Errorf("mounting %s: %w", to, err)
		}
	}
	if err := syscall.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mounting /proc: %w", err)
	}
	return nil
}

// awaitServer waits until the API server says that it is ready.
func awaitServer(ctx context.Context, server string) error {
	client := http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} // it is ours, in a namespace of ours, and asked for nothing secret
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, server+"/readyz", nil)
		if err != nil {
			return err
		}
		if reply, err := client.Do(request); err == nil {
			_ = reply.Body.Close()
			if reply.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return fmt.Errorf("the API server at %s is not ready after 2 minutes", server)
}

// supervisor starts components, and starts them again when they end.
type supervisor struct {
	plan    plan
	running map[int]component
}

// start runs a component with its output in the cluster's log folder.
func (s supervisor) start(c component) error {
	if err := os.MkdirAll(s.plan.file("log"), 0o755); err != nil {
		return err
	}
	log, err := os.OpenFile(s.plan.file("log", c.name+".log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	defer func() { _ = null.Close() }()
	path := "/usr/sbin:/usr/bin:/sbin:/bin"
	for _, dir := range s.plan.Programs {
		path = dir + ":" + path
	}
	process, err := os.StartProcess(c.command[0], c.command, &os.ProcAttr{
		Dir: s.plan.Dir, Files: []*os.File{null, log, log},
		Env: []string{"PATH=" + path, "HOME=" + s.plan.Dir, "NAMESPACE=kube-system"},
	})
	if err != nil {
		return fmt.Errorf("starting %s: %w", c.name, err)
	}
	s.running[process.Pid] = c
	return nil
}

// watch reaps every process that ends below process 1 and keeps the components running: one that ends starts again, one
// whose name is in the folder "held" is stopped and in "stopped" until the name is gone. That is how a test stops one.
func (s supervisor) watch() error {
	ended := map[string]component{}
	for {
		if err := s.reap(ended); err != nil {
			return err
		}
		for pid, c := range s.running {
			if s.isHeld(c) {
				_ = syscall.Kill(pid, syscall.SIGKILL) // it is reaped in the next round
			}
		}
		for name, c := range ended {
			mark := s.plan.file("stopped", name)
			if s.isHeld(c) {
				if err := errors.Join(os.MkdirAll(filepath.Dir(mark), 0o755), os.WriteFile(mark, nil, 0o644)); err != nil {
					return err
				}
				continue
			}
			if err := s.start(c); err != nil {
				return err
			}
			_ = os.Remove(mark) // only one that was held has it
			delete(ended, name)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// isHeld is true while a test wants a component stopped.
func (s supervisor) isHeld(c component) bool {
	_, err := os.Stat(s.plan.file("held", c.name))
	return err == nil
}

// reap collects the processes that have ended, and moves the components among them to ended.
func (s supervisor) reap(ended map[string]component) error {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("waiting for a component: %w", err)
		}
		if pid <= 0 {
			return nil
		}
		if c, ours := s.running[pid]; ours {
			delete(s.running, pid)
			ended[c.name] = c
		}
	}
}
