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

const (
	// period of CFS bandwidth control: what a kubelet sets.
	period = 100 * time.Millisecond
	// slow is how long killed processes may take to leave their cgroup before its limits are lifted for them.
	slow = time.Second
	// gone is how long they may take from then on before that is an error.
	gone = 10 * time.Second
)

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

// kill ends every process in it, and waits until they have left. The error is that some stay.
func (g *group) kill() error { return g.killAfter(slow) }

// killAfter is kill that lifts the limits after slow, and sets them again when all have left: a container restarts
// in the same cgroup.
func (g *group) killAfter(slow time.Duration) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if killAll(g.folders, slow) == nil {
		return nil
	}
	err := errors.Join(lift(g.folders), killAll(g.folders, gone))
	return errors.Join(err, g.writeMemory(g.memory), g.writeCPU(g.cpu))
}

// endAll ends every process in folders, which nobody will use again. The error is that some stay.
func endAll(folders []string) error {
	if killAll(folders, slow) == nil {
		return nil
	}
	return errors.Join(lift(folders), killAll(folders, gone))
}

// killAll kills every process in folders again and again until they have left, for limit at most.
func killAll(folders []string, limit time.Duration) error {
	for _, folder := range folders {
		// Kills a whole subtree at once (kernel 5.14); elsewhere the loop below does it.
		_ = writeWhereKnown(folder, "cgroup.kill", "1")
	}
	return within(limit, func() error {
		var left []int
		for _, folder := range folders {
			for _, pid := range processesIn(folder) {
				_ = unix.Kill(pid, unix.SIGKILL)
				left = append(left, pid)
			}
		}
		if len(left) > 0 {
			return fmt.Errorf("kill: processes %v are still in %s", left, folders[0])
		}
		return nil
	})
}

// lift takes the limits off, so that killed processes can end: the kernel makes them reclaim memory at their limit, and
// wait for their quota, on the way out as well. nginx workers at 50Mi took more than 10 s.
func lift(folders []string) error {
	var errs []error
	for _, folder := range folders {
		for _, limit := range [][2]string{
			{"memory.max", "max"}, {"cpu.max", "max"},
			// Swap and memory together may not be below memory alone.
			{"memory.memsw.limit_in_bytes", "-1"}, {"memory.limit_in_bytes", "-1"}, {"cpu.cfs_quota_us", "-1"},
		} {
			errs = append(errs, writeWhereKnown(folder, limit[0], limit[1]))
		}
	}
	return errors.Join(errs...)
}

// remove deletes the empty cgroup.
func (g *group) remove() error { return removeAll(g.folders) }

// removeAll deletes folders, first to last. The kernel keeps one busy for a moment after its last process has ended.
func removeAll(folders []string) error {
	return within(gone, func() error {
		var errs []error
		for _, folder := range folders {
			if err := unix.Rmdir(folder); err != nil && !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, &fs.PathError{Op: "remove cgroup", Path: folder, Err: err})
			}
		}
		return errors.Join(errs...)
	})
}

// within tries until try returns nil, or returns its last error after limit.
func within(limit time.Duration, try func() error) error {
	pause := time.NewTicker(2 * time.Millisecond)
	defer pause.Stop()
	for end := time.Now().Add(limit); ; <-pause.C {
		err := try()
		if err == nil || time.Now().After(end) {
			return err
		}
	}
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
