package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// lockProgram keeps the program's own file pages in memory. Otherwise a memory limit just below the need would have the
// kernel drop and read them again and again, and the service grow slow instead of being killed: a need without an edge.
// Where the system allows too little locked memory (ulimit -l) the error says so, and the edge is less sharp.
func lockProgram() error {
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return err
	}
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return err
	}
	defer maps.Close()
	lines := bufio.NewScanner(maps)
	for lines.Scan() {
		// 00400000-0065f000 r-xp 00000000 fe:00 1234   /bin/demoservice
		var start, end uintptr
		var may string
		if !strings.HasSuffix(lines.Text(), " "+program) {
			continue
		}
		if _, err := fmt.Sscanf(lines.Text(), "%x-%x %s", &start, &end, &may); err != nil || strings.Contains(may, "w") {
			continue
		}
		if _, _, failed := unix.Syscall(unix.SYS_MLOCK, start, end-start, 0); failed != 0 {
			return fmt.Errorf("lock %d KiB of the program in memory: %w", (end-start)/kib, failed)
		}
	}
	return lines.Err()
}
