package cluster

import (
	"fmt"
	"os"
	"strings"
)

// processIdentity names a process of this machine beyond its PID: the boot, the PID namespace, when it was started. ok
// is false where there is no such process.
func processIdentity(pid int) (identity string, ok bool) {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", false
	}
	namespace, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return "", false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", false
	}
	// Field 22 is the start time; field 2, the name, may hold spaces and ends with the last parenthesis (proc(5)).
	after := string(stat[strings.LastIndexByte(string(stat), ')')+1:])
	fields := strings.Fields(after)
	if len(fields) < 20 || fields[0] == "Z" {
		return "", false
	}
	return fmt.Sprintf("%s %s %s", strings.TrimSpace(string(boot)), namespace, fields[19]), true
}

// machine is the part of an identity that all processes of one machine and PID namespace share.
func machine(identity string) string {
	if i := strings.LastIndexByte(identity, ' '); i >= 0 {
		return identity[:i]
	}
	return ""
}
