//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"

	"github.com/plimsoll/plimsoll/test/kube/archive"
)

// importImages loads the image that every Pod's sandbox is made of.
func (p plan) importImages(ctx context.Context) error {
	program, file := p.file("pause"), p.file("pause.tar")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", program, "github.com/plimsoll/plimsoll/test/kube/pause")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the pause image: %w\n%s", err, tail(out, 1000))
	}
	err := archive.Write(file, archive.Image{Name: "localhost/pause:1", Entrypoint: []string{"/pause"},
		Files: map[string]string{"/pause": program}, Architecture: runtime.GOARCH})
	if err != nil {
		return err
	}
	ctr := exec.CommandContext(ctx, p.program("containerd", "ctr"), "-a", p.file("run/containerd/containerd.sock"),
		"-n", "k8s.io", "images", "import", file)
	if out, err := ctr.CombinedOutput(); err != nil {
		return fmt.Errorf("importing the pause image: %w\n%s", err, tail(out, 1000))
	}
	return nil
}
