//go:build !linux

package local

import (
	"context"
	"os/exec"
	"runtime"

	"github.com/plimsoll/plimsoll/observer"
	"github.com/plimsoll/plimsoll/scenarios"
)

// Only Linux has cgroups. Elsewhere New returns ErrNoCgroup, so that none of the methods below is ever called.

type tree struct{}

func openTree() (*tree, error) { return nil, noCgroup(unsupported{}) }

func clearLeftovers() ([]string, error) { return nil, nil }

func (*tree) group(string) (*group, error) { return nil, unsupported{} }
func (*tree) close() error                 { return unsupported{} }

type group struct{ at observer.Cgroup }

func (*group) setCPU(scenarios.MilliCPU) error  { return unsupported{} }
func (*group) setMemory(scenarios.Bytes) error  { return unsupported{} }
func (*group) verify(scenarios.Resources) error { return unsupported{} }
func (*group) spawn(*exec.Cmd) error            { return unsupported{} }
func (*group) kill(context.Context) error       { return unsupported{} }
func (*group) remove() error                    { return unsupported{} }
func (*group) oomKills() *int64                 { return nil }

func (*Local) noteFiles() {}
func (*Local) evict()     {}

type unsupported struct{}

func (unsupported) Error() string { return runtime.GOOS + " has no cgroups" }
