package main

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// ordinary is the user that has cgroups delegated to it.
const ordinary = 1000

// The cgroups that jobs run in are made afresh for each, where systemd would put them: root's in a login session, an
// ordinary user's in a scope as `systemd-run --user --scope -p Delegate=yes` makes it, below the user's own manager.
const (
	mountPoint = "/sys/fs/cgroup"
	sessions   = mountPoint + "/user.slice/user-0.slice"
	manager    = mountPoint + "/user.slice/user-1000.slice/user@1000.service"
	scopes     = manager + "/app.slice"
)

// controllers that systemd hands down.
const controllers = "+cpu +memory +pids"

// makeCgroups makes sessions and scopes, hands the controllers down to what is made in them, and gives the user its
// manager's part of the tree.
func makeCgroups() error {
	for _, dir := range []string{sessions, scopes} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("making a cgroup: %w", err)
		}
		for i, c := range dir + "/" {
			if above := dir[:i]; c == '/' && strings.HasPrefix(above, mountPoint) {
				if err := os.WriteFile(above+"/cgroup.subtree_control", []byte(controllers), 0o644); err != nil {
					return fmt.Errorf("handing controllers down: %w", err)
				}
			}
		}
	}
	for _, dir := range []string{manager, scopes} {
		if err := delegate(dir); err != nil {
			return err
		}
	}
	return nil
}

// delegate gives the ordinary user what systemd gives: the folder and the files that move processes and controllers.
func delegate(dir string) error {
	for _, name := range []string{".", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads"} {
		if err := os.Chown(path.Join(dir, name), ordinary, ordinary); err != nil {
			return fmt.Errorf("delegating %s: %w", dir, err)
		}
	}
	return nil
}

// openCgroup makes the cgroup of one job.
func openCgroup(user int) (dir string, err error) {
	dir = sessions + "/session-1.scope"
	if user != 0 {
		dir = scopes + "/run-1.scope"
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", fmt.Errorf("making a cgroup: %w", err)
	}
	if user != 0 {
		return dir, delegate(dir)
	}
	return dir, nil
}

// extra are the cgroups that neither makeCgroups nor openCgroup made, children before their parents.
func extra(open string) []string {
	var found []string
	err := filepath.WalkDir(mountPoint, func(dir string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		known := func(made string) bool { return made == dir || strings.HasPrefix(made, dir+"/") }
		if entry.IsDir() && !slices.ContainsFunc([]string{sessions, scopes, open}, known) {
			found = append(found, dir)
		}
		return nil
	})
	if err != nil {
		fmt.Println("guest: cgroups can't be listed:", err)
	}
	slices.Reverse(found)
	return found
}
