package cluster

import "os"

// thisProcess is this process as the holder of a Lease.
func thisProcess(run string) Holder {
	host, _ := os.Hostname() // for people to read; empty is no harm
	h := Holder{Run: run, Host: host, PID: os.Getpid()}
	h.Process, _ = processIdentity(h.PID)
	return h
}

// ended is true where h ran on this machine, since it was booted, and does no more. Of other machines, and of processes
// that another PID namespace hides, nothing is known.
func (h Holder) ended() bool {
	mine, ok := processIdentity(os.Getpid())
	if !ok || h.Process == "" || machine(h.Process) != machine(mine) {
		return false
	}
	now, _ := processIdentity(h.PID)
	return now != h.Process
}
