package kube

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/plimsoll/plimsoll/test/kube"
)

// Flags of `make e2e-long`.
var (
	longRuns = flag.Bool("long", false, "whole searches too, of an hour or two in all")
	seed     = flag.Int64("seed", 0, "of the instants at which runs are killed; 0: one by the clock")
)

var shared kube.Shared

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	shared.Close()
	if dir := programs(); dir != "" {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

// programs is where what is built for all tests is, until they have run; empty where that could not be made.
var programs = sync.OnceValue(func() string {
	dir, err := os.MkdirTemp("", "plimsoll-e2e-")
	if err != nil {
		return ""
	}
	return dir
})

// built is the path of plimsoll, built once for all tests.
var built = sync.OnceValues(func() (string, error) {
	path := filepath.Join(programs(), "plimsoll")
	cmd := exec.Command("go", "build", "-trimpath", "-o", path, "../../../cmd/plimsoll") // as make build does, and so from its cache
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")                                      // it runs in images too
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build plimsoll: %w\n%s", err, out)
	}
	return path, nil
})
