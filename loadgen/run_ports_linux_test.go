package loadgen

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// portsChild is set in the process that has a network of its own.
const portsChild = "PLIMSOLL_TEST_FEW_PORTS"

// TestPortsExhausted runs itself again in a network of its own, which has three ephemeral ports.
func TestPortsExhausted(t *testing.T) {
	if os.Getenv(portsChild) != "" {
		testFewPorts(t)
		return
	}
	if os.Geteuid() != 0 {
		t.Skip("a network namespace takes root")
	}
	child := exec.Command(os.Args[0], "-test.run=^TestPortsExhausted$", "-test.v")
	child.Env = append(os.Environ(), portsChild+"=1")
	child.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	out, err := child.CombinedOutput()
	switch _, ran := err.(*exec.ExitError); {
	case err != nil && !ran:
		t.Skip("no network namespace here:", err)
	case err != nil:
		t.Errorf("%v\n%s", err, out)
	case strings.Contains(string(out), "--- SKIP"):
		t.Skipf("%s", out)
	}
}

func testFewPorts(t *testing.T) {
	if err := raiseLoopback(); err != nil {
		t.Skip("loopback stays down:", err)
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_local_port_range", []byte("40000 40002"), 0); err != nil {
		t.Skip("the range of ports stays as it is:", err)
	}
	for i, name := range []string{"loop", "crew"} {
		t.Run(name, func(t *testing.T) {
			// A port of its own for each, so that the connections of the first leave the second its three.
			listener, err := net.Listen("tcp", []string{"127.0.0.1:8001", "127.0.0.1:8002"}[i]) // the kernel accepts
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			plan := planFor("http://"+listener.Addr().String(), 100, 200*time.Millisecond)
			plan.Grace = 20 * time.Millisecond
			engines[name](&plan)
			result, err := Run(t.Context(), plan)
			if err != nil {
				t.Fatal(err)
			}
			sent := result.Outcomes[Unfinished] // the kernel may give out one fewer than there are
			if sent < 1 || sent > 3 || sent+result.Outcomes[Exhausted]+result.Outcomes[Late] != result.Hits ||
				!strings.Contains(result.Errors[Exhausted], "cannot assign requested address") {
				t.Errorf("outcomes %v, errors %v; want 3 unfinished at most and the others exhausted", result.Outcomes, result.Errors)
			}
			if !strings.Contains(strings.Join(result.Invalid, "; "), "no ephemeral port") {
				t.Errorf("the run is not invalid for it: %v", result.Invalid)
			}
		})
	}
}

// raiseLoopback does what "ip link set lo up" does.
func raiseLoopback() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo)
}
