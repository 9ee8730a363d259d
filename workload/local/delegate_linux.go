package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// leafName is the cgroup into which this process moves itself, and whatever shares its cgroup, so that its own cgroup
// can have children with controllers: version 2 allows a cgroup processes or such children, not both.
// https://docs.kernel.org/admin-guide/cgroup-v2.html#no-internal-process-constraint
const leafName = "plimsoll-self"

// baseV2 is the cgroup to make a run's own in: the root where it is the machine's and can be written, else this
// process's own, which must then be delegated. needsLeaf is true where the processes of that cgroup must move into a
// leaf first.
func baseV2(h hierarchy) (base string, needsLeaf bool) {
	if isMachineRoot(h.root) && unix.Access(h.root, unix.W_OK) == nil {
		return h.root, false
	}
	if filepath.Base(h.own) == leafName { // an earlier run has moved this process
		return filepath.Dir(h.own), true
	}
	return h.own, true
}

// isMachineRoot tells the machine's root cgroup, which the kernel exempts from the rule, from that of a container.
func isMachineRoot(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, "cgroup.type"))
	return errors.Is(err, fs.ErrNotExist)
}

// arrange moves every process of base into its leaf and enables the controllers for base's children. It does nothing
// where an earlier run has.
func arrange(base string) error {
	if enabled(base) {
		return nil
	}
	leaf := filepath.Join(base, leafName)
	if err := os.Mkdir(leaf, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := moveAll(base, leaf); err != nil {
		return errors.Join(err, unix.Rmdir(leaf))
	}
	if err := enable(base); err != nil {
		return errors.Join(err, moveAll(leaf, base), unix.Rmdir(leaf))
	}
	return nil
}

// putBack undoes arrange, unless another run still needs it.
func putBack(base string) error {
	entries, err := os.ReadDir(base)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if runFolder.MatchString(e.Name()) {
			return nil
		}
	}
	if err := write(base, "cgroup.subtree_control", "-cpu -memory"); err != nil {
		return err
	}
	leaf := filepath.Join(base, leafName)
	return errors.Join(moveAll(leaf, base), removeAll([]string{leaf}))
}

// moveAll moves every process from one cgroup to another. Those that end meanwhile, or start, are why it goes round.
func moveAll(from, to string) error {
	for range 10 {
		data, err := os.ReadFile(filepath.Join(from, "cgroup.procs"))
		if err != nil {
			return err
		}
		if len(data) == 0 {
			return nil
		}
		for pid := range strings.FieldsSeq(string(data)) {
			if _, err := strconv.Atoi(pid); err != nil {
				return fmt.Errorf("%s/cgroup.procs holds %q", from, pid)
			}
			if err := write(to, "cgroup.procs", pid); err != nil && !errors.Is(err, unix.ESRCH) {
				return fmt.Errorf("move process %s from %s: %w", pid, from, err)
			}
		}
	}
	return fmt.Errorf("processes keep starting in %s", from)
}

// enable gives the children of folder CPU and memory control.
func enable(folder string) error {
	if enabled(folder) {
		return nil
	}
	return write(folder, "cgroup.subtree_control", "+cpu +memory")
}

func enabled(folder string) bool {
	data, err := os.ReadFile(filepath.Join(folder, "cgroup.subtree_control"))
	if err != nil {
		return false
	}
	controllers := " " + strings.TrimSpace(string(data)) + " "
	return strings.Contains(controllers, " cpu ") && strings.Contains(controllers, " memory ")
}
