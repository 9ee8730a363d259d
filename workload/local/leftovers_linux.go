package local

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"

	"golang.org/x/sys/unix"
)

// runFolder matches the names that runName makes.
var runFolder = regexp.MustCompile(`^plimsoll-[0-9]+-[0-9a-f]{8}$`)

// clearLeftovers ends what killed runs left behind: the processes in their cgroups, and those cgroups. It returns one
// line for each. A run's folder that is locked belongs to a live run and is not touched; the lock ends with its process,
// so neither reused process IDs nor other PID namespaces confuse it.
func clearLeftovers() (said []string, err error) {
	unified, v1, err := ownHierarchies()
	if err != nil {
		return nil, err
	}
	roots := []string{unified.root}
	for _, controller := range controllersV1 {
		roots = append(roots, v1[controller].root)
	}
	slices.Sort(roots)
	var errs []error
	for _, root := range slices.Compact(roots) {
		if root == "" {
			continue
		}
		for _, folder := range runFolders(root) {
			processes, err := clearLeftover(folder)
			switch {
			case errors.Is(err, unix.EWOULDBLOCK), errors.Is(err, fs.ErrPermission), errors.Is(err, fs.ErrNotExist):
				// A live run's, another user's, or one that was just removed.
			case err != nil:
				errs = append(errs, fmt.Errorf("clear what a killed run left: %w", err))
			default:
				said = append(said, fmt.Sprintf("removed %s, left by a run that was killed; %d processes still ran in it", folder, processes))
			}
		}
	}
	return said, errors.Join(errs...)
}

// runFolders are all runs' cgroups below root, as far as they can be seen.
func runFolders(root string) []string {
	var found []string
	_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && d != nil && d.IsDir():
			return fs.SkipDir
		case err == nil && d.IsDir() && runFolder.MatchString(d.Name()):
			found = append(found, path)
			return fs.SkipDir
		}
		return nil
	})
	return found
}

// clearLeftover ends every process below folder and removes it, and returns how many there were. The error wraps
// fs.ErrPermission where it is another user's.
func clearLeftover(folder string) (processes int, err error) {
	if unix.Access(folder, unix.W_OK) != nil {
		return 0, fs.ErrPermission // not even locked: its owner may be about to
	}
	lock, err := lockFolder(folder)
	if err != nil {
		return 0, err
	}
	defer lock.Close()
	var folders []string
	err = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			folders = append(folders, path)
			processes += len(processesIn(path))
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	slices.Reverse(folders) // children first
	if err := endAll(folders); err != nil {
		return processes, err
	}
	return processes, removeAll(folders)
}
