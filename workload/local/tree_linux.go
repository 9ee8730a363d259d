package local

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/plimsoll/plimsoll/observer"
)

// controllersV1 are the hierarchies of version 1 that limits and counters need.
var controllersV1 = [...]string{"cpu", "cpuacct", "memory"}

// tree is one run's own cgroups: a folder per hierarchy that holds those of its containers. The run holds a lock on each
// folder for as long as it lives, which tells a live run's cgroups from those a killed run left.
type tree struct {
	version int
	// folders of the run, each once: by controller on version 1, under "" on version 2.
	folders map[string]string
	locks   []*os.File
	// arranged is the cgroup on version 2 whose processes were moved into a leaf; empty where none were.
	arranged string
}

// openTree makes the run's cgroups: below this process's own cgroup where that can be written, or else at the root.
// The error wraps ErrNoCgroup where neither can.
func openTree() (*tree, error) {
	unified, v1, err := ownHierarchies()
	if err != nil {
		return nil, err
	}
	name, err := runName()
	if err != nil {
		return nil, err
	}
	if hasV1(v1) {
		return openV1(v1, name)
	}
	if unified.root == "" {
		return nil, noCgroup(errors.New("no cgroup file system with CPU and memory control is mounted"))
	}
	return openV2(unified, name)
}

// ownHierarchies reads what this process can reach.
func ownHierarchies() (unified hierarchy, v1 map[string]hierarchy, err error) {
	mountinfo, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return hierarchy{}, nil, err
	}
	self, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return hierarchy{}, nil, err
	}
	unified, v1 = hierarchies(string(mountinfo), string(self))
	return unified, v1, nil
}

func hasV1(v1 map[string]hierarchy) bool {
	for _, controller := range controllersV1 {
		if v1[controller].root == "" {
			return false
		}
	}
	return true
}

// runName names a run's cgroups. The process ID is for people; the rest makes it unique.
func runName() (string, error) {
	unique := make([]byte, 4)
	if _, err := rand.Read(unique); err != nil {
		return "", err
	}
	return fmt.Sprintf("plimsoll-%d-%s", os.Getpid(), hex.EncodeToString(unique)), nil
}

func openV1(v1 map[string]hierarchy, name string) (*tree, error) {
	t := &tree{version: 1, folders: map[string]string{}}
	for _, controller := range controllersV1 {
		h := v1[controller]
		folder, err := t.claim(name, h.own, h.root)
		if err != nil {
			return nil, noCgroup(errors.Join(err, t.close()))
		}
		t.folders[controller] = folder
	}
	return t, nil
}

func openV2(unified hierarchy, name string) (*tree, error) {
	base, needsLeaf := baseV2(unified)
	t := &tree{version: 2, folders: map[string]string{}}
	err := whileLocked(base, func() error {
		prepare := enable
		if needsLeaf {
			prepare = arrange
		}
		if err := prepare(base); err != nil {
			return err
		}
		if needsLeaf {
			t.arranged = base
		}
		folder, err := t.claim(name, base)
		if err != nil {
			return err
		}
		t.folders[""] = folder
		return enable(folder)
	})
	if err != nil {
		return nil, noCgroup(errors.Join(err, t.close()))
	}
	return t, nil
}

// claim makes and locks a folder called name in the first of parents where that can be done.
func (t *tree) claim(name string, parents ...string) (string, error) {
	var errs []error
	for _, parent := range parents {
		folder := filepath.Join(parent, name)
		if slices.Contains(t.made(), folder) {
			return folder, nil // cpu and cpuacct are often one hierarchy
		}
		lock, err := makeLocked(folder)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		t.locks = append(t.locks, lock)
		return folder, nil
	}
	return "", errors.Join(errs...)
}

// made are the run's folders so far, each once.
func (t *tree) made() []string {
	var made []string
	for _, lock := range t.locks {
		made = append(made, lock.Name())
	}
	return made
}

// makeLocked makes folder and locks it. Another run may be clearing leftovers right now, and take the folder for one
// before it is locked; then it is made again.
func makeLocked(folder string) (*os.File, error) {
	if err := os.Mkdir(folder, 0o755); err != nil {
		return nil, err
	}
	var lock *os.File
	err := again(lasting(gone), func() error {
		if err := os.Mkdir(folder, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		f, err := lockFolder(folder)
		if err != nil {
			return err
		}
		locked, err := f.Stat()
		if err == nil {
			if now, gone := os.Stat(folder); gone != nil || !os.SameFile(locked, now) {
				err = fmt.Errorf("%s was removed while it was made", folder)
			}
		}
		if err != nil {
			return errors.Join(err, f.Close())
		}
		lock = f
		return nil
	})
	return lock, err
}

// whileLocked runs do while no other run does anything to the cgroup base.
func whileLocked(base string, do func() error) error {
	lock, err := lockFolder(base)
	for end := time.Now().Add(gone); errors.Is(err, unix.EWOULDBLOCK) && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
		lock, err = lockFolder(base)
	}
	if err != nil {
		return err
	}
	return errors.Join(do(), lock.Close())
}

// lockFolder locks folder until the file is closed, by this process's end at the latest. It does not wait: the error is
// unix.EWOULDBLOCK where another process holds it.
func lockFolder(folder string) (*os.File, error) {
	f, err := os.Open(folder)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(&os.PathError{Op: "lock", Path: folder, Err: err}, f.Close())
	}
	return f, nil
}

// group makes the cgroup of one container, without limits yet.
func (t *tree) group(name string) (*group, error) {
	g := &group{at: observer.Cgroup{Version: t.version}}
	for _, made := range t.made() {
		folder := filepath.Join(made, name)
		if err := os.Mkdir(folder, 0o755); err != nil {
			return nil, errors.Join(err, removeAll(g.folders))
		}
		g.folders = append(g.folders, folder)
	}
	if t.version == 2 {
		g.at.Unified = filepath.Join(t.folders[""], name)
		return g, nil
	}
	g.at.CPU = filepath.Join(t.folders["cpu"], name)
	g.at.CPUAcct = filepath.Join(t.folders["cpuacct"], name)
	g.at.Memory = filepath.Join(t.folders["memory"], name)
	return g, nil
}

// close removes the run's cgroups, which must be empty by now, and puts back what was moved to make room for them.
func (t *tree) close() error {
	err := removeAll(t.made())
	for _, lock := range t.locks {
		err = errors.Join(err, lock.Close())
	}
	t.locks = nil
	if t.arranged != "" {
		err = errors.Join(err, whileLocked(t.arranged, func() error { return putBack(t.arranged) }))
	}
	return err
}
