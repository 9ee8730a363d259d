package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// kernel is one that boots: its file and its name.
type kernel struct{ file, version string }

// metas are the packages that depend on the current kernel, of Debian and of Ubuntu. Both have built in all that the
// guest needs, so no module is loaded.
var metas = []string{"linux-image-cloud-amd64", "linux-image-amd64", "linux-image-virtual"}

// image matches the package that a meta package depends on.
var image = regexp.MustCompile(`Depends: (linux-image-[0-9]\S*)`)

// findKernel returns the cached kernel, or downloads and unpacks the distribution's current one. Nothing is installed.
func findKernel(ctx context.Context) (kernel, error) {
	dir := filepath.Join(cache, "kernel")
	if k, ok := unpacked(dir); ok {
		return k, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return kernel{}, fmt.Errorf("making a cache: %w", err)
	}
	name, err := currentKernel(ctx)
	if err != nil {
		return kernel{}, err
	}
	if err := fetch(ctx, dir, name); err != nil {
		return kernel{}, err
	}
	k, ok := unpacked(dir)
	if !ok {
		return kernel{}, fmt.Errorf("the package %s holds no boot/vmlinuz", name)
	}
	return k, nil
}

// unpacked finds the kernel in dir.
func unpacked(dir string) (kernel, bool) {
	found, err := filepath.Glob(filepath.Join(dir, "boot", "vmlinuz-*"))
	if err != nil || len(found) == 0 {
		return kernel{}, false
	}
	return kernel{found[0], strings.TrimPrefix(filepath.Base(found[0]), "vmlinuz-")}, true
}

// currentKernel is the name of the package with the distribution's current kernel.
func currentKernel(ctx context.Context) (string, error) {
	for _, update := range []bool{false, true} {
		if update && os.Getuid() == 0 {
			if out, err := exec.CommandContext(ctx, "apt-get", "update").CombinedOutput(); err != nil {
				return "", fmt.Errorf("apt-get update: %w\n%s", err, out)
			}
		}
		for _, meta := range metas {
			out, err := exec.CommandContext(ctx, "apt-cache", "depends", meta).Output()
			if found := image.FindSubmatch(out); err == nil && found != nil {
				return string(found[1]), nil
			}
		}
	}
	return "", errors.New("no kernel package is known to apt; run: sudo apt-get update")
}

// fetch downloads a package into dir and unpacks it there.
func fetch(ctx context.Context, dir, name string) error {
	download := exec.CommandContext(ctx, "apt-get", "download", "-o", "APT::Sandbox::User=", name)
	download.Dir = dir
	if out, err := download.CombinedOutput(); err != nil {
		return fmt.Errorf("apt-get download %s: %w\n%s", name, err, out)
	}
	archives, err := filepath.Glob(filepath.Join(dir, name+"_*.deb"))
	if err != nil || len(archives) == 0 {
		return fmt.Errorf("apt-get download %s left no file", name)
	}
	if out, err := exec.CommandContext(ctx, "dpkg-deb", "-x", archives[0], dir).CombinedOutput(); err != nil {
		return fmt.Errorf("unpacking %s: %w\n%s", archives[0], err, out)
	}
	return os.Remove(archives[0])
}
