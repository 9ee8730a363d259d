package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/plimsoll/plimsoll/observer"
	"github.com/plimsoll/plimsoll/observer/cgroup"
	"github.com/plimsoll/plimsoll/scenarios"
)

// period of CFS bandwidth control: what a kubelet sets.
const period = 100 * time.Millisecond

// group is the cgroup of one container of one replica: one folder on version 2, one per hierarchy on version 1.
type group struct {
	at observer.Cgroup
	// folders are all of them, each once.
	folders []string

	// mu guards the limits, and is held while kill has them lifted.
	mu     sync.Mutex
	cpu    scenarios.MilliCPU
	memory scenarios.Bytes
}

// setCPU sets the quota; 0 is "no limit".
func (g *group) setCPU(limit scenarios.MilliCPU) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.cpu = limit
	return g.writeCPU(limit)
}

func (g *group) writeCPU(limit scenarios.MilliCPU) error {
	quota := "max"
	if limit > 0 {
		quota = strconv.FormatInt(int64(limit)*int64(period/time.Microsecond)/1000, 10)
	}
	us := strconv.FormatInt(int64(period/time.Microsecond), 10)
	if g.at.Version == 2 {
		return write(g.at.Unified, "cpu.max", quota+" "+us)
	}
	if limit == 0 {
		quota = "-1"
	}
	if err := write(g.at.CPU, "cpu.cfs_period_us", us); err != nil {
		return err
	}
	return write(g.at.CPU, "cpu.cfs_quota_us", quota)
}

// setMemory sets the limit of a new cgroup and forbids it swap; 0 is "no limit".
func (g *group) setMemory(limit scenarios.Bytes) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.memory = limit
	return g.writeMemory(limit)
}

func (g *group) writeMemory(limit scenarios.Bytes) error {
	bytes := strconv.FormatInt(int64(limit), 10)
	if g.at.Version == 2 {
		if limit == 0 {
			bytes = "max"
		}
		return errors.Join(write(g.at.Unified, "memory.max", bytes), writeWhereKnown(g.at.Unified, "memory.swap.max", "0"))
	}
	if limit == 0 {
		bytes = "-1"
	}
	return errors.Join(write(g.at.Memory, "memory.limit_in_bytes", bytes), write(g.at.Memory, "memory.swappiness", "0"),
		writeWhereKnown(g.at.Memory, "memory.memsw.limit_in_bytes", bytes))
}

// verify reads the limits back from the files that enforce them, and from those above, which hold as well. The error
// says which differs.
func (g *group) verify(want scenarios.Resources) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	s, err := cgroup.Read(g.at)
	if err != nil {
		return err
	}
	// The kernel rounds a memory limit down to whole pages.
	page := scenarios.Bytes(os.Getpagesize())
	rounded := want.MemoryLimit / page * page
	if s.CPULimit == nil || *s.CPULimit != want.CPULimit {
		return fmt.Errorf("CPU limit reads back as %s millicores, not %d", shown(s.CPULimit), want.CPULimit)
	}
	if s.MemoryLimit == nil || *s.MemoryLimit != rounded {
		return fmt.Errorf("memory limit reads back as %s bytes, not %d", shown(s.MemoryLimit), rounded)
	}
	return allowedAbove(g.at, want)
}

// allowedAbove checks that no cgroup above c, as far as they can be seen, has a limit below what is wanted: the kernel
// enforces the smallest on the way up.
func allowedAbove(c observer.Cgroup, want scenarios.Resources) error {
	for up := above(c); up != c; c, up = up, above(up) {
		s, err := cgroup.Read(up)
		if err != nil {
			return err
		}
		if s.CPULimit != nil && *s.CPULimit > 0 && *s.CPULimit < want.CPULimit {
			return fmt.Errorf("CPU limit %dm: cgroup %s above it allows only %dm", want.CPULimit, up.Unified+up.CPU, *s.CPULimit)
		}
		if s.MemoryLimit != nil && *s.MemoryLimit > 0 && *s.MemoryLimit < want.MemoryLimit {
			return fmt.Errorf("memory limit %d bytes: cgroup %s above it allows only %d", want.MemoryLimit, up.Unified+up.Memory, *s.MemoryLimit)
		}
	}
	return nil
}

// above is the cgroup that c is in; at the root of the file system it is c itself.
func above(c observer.Cgroup) observer.Cgroup {
	if c.Version == 2 {
		c.Unified = filepath.Dir(c.Unified)
		return c
	}
	c.CPU, c.CPUAcct, c.Memory = filepath.Dir(c.CPU), filepath.Dir(c.CPUAcct), filepath.Dir(c.Memory)
	return c
}

func shown[N ~int64](n *N) string {
	if n == nil {
		return "unknown"
	}
	return strconv.FormatInt(int64(*n), 10)
}

// oomKills is the kernel's count so far; nil where it is not known.
func (g *group) oomKills() *int64 {
	s, err := cgroup.Read(g.at)
	if err != nil {
		return nil
	}
	return s.OOMKills
}

// processes lists who is in it, this process itself excepted.
func (g *group) processes() []int {
	var pids []int
	for _, folder := range g.folders {
		pids = append(pids, processesIn(folder)...)
	}
	return pids
}

func processesIn(folder string) []int {
	data, err := os.ReadFile(filepath.Join(folder, "cgroup.procs"))
	if err != nil {
		return nil
	}
	var pids []int
	for word := range strings.FieldsSeq(string(data)) {
		// 0 is a process of another PID namespace. A thread of this process is in a cgroup while it starts a child there.
		if pid, err := strconv.Atoi(word); err == nil && pid > 0 && pid != os.Getpid() {
			pids = append(pids, pid)
		}
	}
	return pids
}

// remove deletes the empty cgroup.
func (g *group) remove() error { return removeAll(g.folders) }

// removeAll deletes folders, first to last. The kernel keeps one busy for a moment after its last process has ended.
func removeAll(folders []string) error {
	return again(lasting(gone), func() error {
		var errs []error
		for _, folder := range folders {
			if err := unix.Rmdir(folder); err != nil && !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, &fs.PathError{Op: "remove cgroup", Path: folder, Err: err})
			}
		}
		return errors.Join(errs...)
	})
}

// write puts text into a cgroup file, in one write as the kernel wants it.
func write(folder, name, text string) error {
	f, err := os.OpenFile(filepath.Join(folder, name), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err != nil {
		err = fmt.Errorf("%w (writing %q)", err, text)
	}
	return errors.Join(err, f.Close())
}

// writeWhereKnown is write, where the kernel has the file: there may be no swap accounting.
func writeWhereKnown(folder, name, text string) error {
	err := write(folder, name, text)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
