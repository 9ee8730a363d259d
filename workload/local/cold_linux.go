package local

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// noteFiles remembers the files that the running replicas have mapped.
func (l *Local) noteFiles() {
	for _, r := range l.replicas {
		for _, c := range r.containers {
			for _, pid := range c.group.processes() {
				for _, path := range mapped(pid) {
					l.files[path] = true
				}
			}
		}
	}
}

// evict takes the workload's own files out of the page cache: its programs, and what was seen mapped. The kernel charges
// a file's pages to the cgroup that first touches them, so without this the first trial pays for them and later ones,
// which find them cached, look smaller. Pages that another process has mapped stay, as they would on a shared node.
// What cannot be opened is left: this is an effort, not a promise. Before the very first start only the programs are
// known; their libraries are from the second on.
func (l *Local) evict() {
	for _, c := range l.file.Workload.Containers {
		if cmd, err := command(c, 0); err == nil {
			program := cmd.Path
			if !filepath.IsAbs(program) {
				program = filepath.Join(cmd.Dir, program)
			}
			l.files[program] = true
		}
	}
	for path := range l.files {
		dropPages(path)
	}
}

// dropPages has the kernel forget its cached pages of a file; it keeps those that are mapped or not yet written.
func dropPages(path string) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return
	}
	f, err := os.Open(path)
	if err != nil {
		return
	}
	defer f.Close()
	_ = unix.Fsync(int(f.Fd())) // a program that was just built is not on disk yet
	_ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
}

// mapped lists the files that a process has mapped; empty where it has ended.
func mapped(pid int) []string {
	maps, err := os.Open(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return nil
	}
	defer maps.Close()
	var paths []string
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		// address perms offset dev inode path
		if _, path, found := strings.Cut(lines.Text(), "/"); found {
			paths = append(paths, "/"+path)
		}
	}
	return paths
}
