//go:build linux

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// cgroupRoot is where the hierarchies are mounted: one with cgroup v2, one for each controller with v1.
const cgroupRoot = "/sys/fs/cgroup"

// hierarchies are the mounted roots.
func hierarchies() ([]string, error) {
	if _, err := os.Stat(filepath.Join(cgroupRoot, "cgroup.controllers")); err == nil {
		return []string{cgroupRoot}, nil
	}
	found, err := filepath.Glob(filepath.Join(cgroupRoot, "*", "cgroup.procs"))
	if err != nil || len(found) == 0 {
		return nil, fmt.Errorf("no cgroup is mounted below %s", cgroupRoot)
	}
	for i, file := range found {
		found[i] = filepath.Dir(file)
	}
	return found, nil
}

// join puts this process, and so all it starts, into the cluster's cgroup in every hierarchy. Pods get theirs beside it.
func (p plan) join() error {
	roots, err := hierarchies()
	if err != nil {
		return err
	}
	for _, root := range roots {
		top := filepath.Join(root, p.Cgroup)
		dir := filepath.Join(top, "system")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("making the cgroup: %w", err)
		}
		for _, made := range []string{top, dir} {
			if err := inheritCPUs(made); err != nil {
				return err
			}
		}
		if err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte("0"), 0); err != nil {
			return fmt.Errorf("joining the cgroup: %w", err)
		}
	}
	return nil
}

// inheritCPUs fills a new cpuset of cgroup v1, which takes no process while it has no CPU.
func inheritCPUs(dir string) error {
	for _, name := range []string{"cpuset.cpus", "cpuset.mems"} {
		text, err := os.ReadFile(filepath.Join(filepath.Dir(dir), name))
		if errors.Is(err, fs.ErrNotExist) || (err == nil && strings.TrimSpace(string(text)) == "") {
			continue // another controller, or cgroup v2, where empty means the parent's
		}
		if err != nil {
			return fmt.Errorf("reading the parent's CPUs: %w", err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("setting the cgroup's CPUs: %w", err)
		}
	}
	return nil
}

// folders of the cluster's cgroups, the deepest first.
func (p plan) folders() []string {
	roots, _ := hierarchies() // without hierarchies there is nothing to find
	var found []string
	for _, root := range roots {
		_ = filepath.WalkDir(filepath.Join(root, p.Cgroup), func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.IsDir() {
				found = append(found, path)
			}
			return nil // what vanishes while walking is what is wanted
		})
	}
	slices.SortFunc(found, func(a, b string) int { return strings.Count(b, "/") - strings.Count(a, "/") })
	return found
}

// endProcesses kills every process in the cluster's cgroups and removes them. The error names what could not be.
func (p plan) endProcesses() error {
	var left []string
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		left = left[:0]
		for _, dir := range p.folders() {
			killAll(dir)
			if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
				left = append(left, dir)
			}
		}
		if len(left) == 0 {
			return nil
		}
	}
	return fmt.Errorf("cgroups that can't be removed: %s", strings.Join(left, ", "))
}

func killAll(dir string) {
	text, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
	for _, field := range strings.Fields(string(text)) {
		if pid, err := strconv.Atoi(field); err == nil && pid > 1 && pid != os.Getpid() {
			_ = syscall.Kill(pid, syscall.SIGKILL) // gone already is as well
		}
	}
}
