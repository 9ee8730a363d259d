package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// settle is how long what a job left may take to go: a killed process ends a moment after it was killed.
const settle = 3 * time.Second

// leftovers says what a job left behind in the end: programs that still run, and cgroups. It ends and removes them, so
// that the next job starts on a clean machine.
func leftovers(open string) []string {
	var found []string
	for wait := time.Now(); time.Since(wait) < settle; time.Sleep(settle / 30) {
		if len(programs()) == 0 && len(extra(open)) == 0 {
			return nil
		}
	}
	for pid, line := range programs() {
		found = append(found, fmt.Sprintf("process %d was left behind: %s", pid, line))
	}
	for _, dir := range extra(open) {
		found = append(found, "cgroup "+dir+" was left behind")
		_ = os.WriteFile(dir+"/cgroup.kill", []byte("1"), 0o644) // the removal below tells whether it worked
	}
	for wait := time.Now(); time.Since(wait) < settle && len(extra(open)) > 0; time.Sleep(settle / 30) {
		for _, dir := range extra(open) {
			_ = os.Remove(dir) // tried until it works or the time is over
		}
	}
	return found
}

// programs are the command lines of all processes but the guest's two and the kernel's own, which have none.
func programs() map[int]string {
	found := map[int]string{}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		fmt.Println("guest: processes can't be listed:", err)
	}
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || pid == 1 || pid == os.Getpid() {
			continue
		}
		line, err := os.ReadFile("/proc/" + entry.Name() + "/cmdline")
		if err == nil && len(line) > 0 {
			found[pid] = strings.ReplaceAll(string(line), "\x00", " ")
		}
	}
	return found
}
