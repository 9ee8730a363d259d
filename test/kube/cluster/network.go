//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// ip runs the ip command.
func ip(ctx context.Context, args ...string) error {
	out, err := exec.CommandContext(ctx, "ip", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// connect makes the link between the machine and the network namespace of a process, sets p.Index to the first range
// that no other cluster holds, and gives the machine a route to it. The link ends with the namespace.
func (p *plan) connect(ctx context.Context, pid int) error {
	var err error
	for p.Index = range ranges {
		err = ip(ctx, "link", "add", p.link(), "type", "veth", "peer", "name", "eth0", "netns", strconv.Itoa(pid))
		if err == nil || !strings.Contains(err.Error(), "File exists") {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("linking the cluster's network: %w", err)
	}
	for _, args := range [][]string{
		{"addr", "add", p.machine() + "/24", "dev", p.link()},
		{"link", "set", p.link(), "up"},
		{"route", "add", p.all(), "via", p.node(), "dev", p.link()},
	} {
		if err := ip(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

// openNetwork sets up the inside of the network namespace.
func (p plan) openNetwork(ctx context.Context) error {
	for _, args := range [][]string{
		{"link", "set", "lo", "up"},
		{"addr", "add", p.node() + "/24", "dev", "eth0"},
		{"link", "set", "eth0", "up"},
		{"route", "add", "default", "via", p.machine(), "dev", "eth0"},
	} {
		if err := ip(ctx, args...); err != nil {
			return err
		}
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0); err != nil {
		return fmt.Errorf("letting packets through to Pods: %w", err)
	}
	return nil
}
