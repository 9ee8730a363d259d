//go:build linux

package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// set is the programs of one module below binaries/: its go.mod and go.sum pin what they are built from.
type set struct {
	// packages by the name of the program; "." is the module's own.
	packages map[string]string
	// links are further names of a program that does by its name.
	links map[string]string
	// files are copied from a module that the set requires: its path, a colon, and the file in it.
	files []string
	// cgo is set where the program needs a C compiler; tags are its build tags.
	cgo  bool
	tags string
}

// sets is all a cluster runs.
var sets = map[string]set{
	"kubernetes": {
		packages: map[string]string{"hyperkube": "."},
		links: map[string]string{"etcd": "hyperkube", "kube-apiserver": "hyperkube", "kube-controller-manager": "hyperkube",
			"kube-scheduler": "hyperkube", "kube-proxy": "hyperkube", "kubelet": "hyperkube", "kubectl": "hyperkube"},
	},
	"containerd": {packages: map[string]string{
		"containerd":              "github.com/containerd/containerd/v2/cmd/containerd",
		"containerd-shim-runc-v2": "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
		"ctr":                     "github.com/containerd/containerd/v2/cmd/ctr",
	}},
	"runc": {packages: map[string]string{"runc": "github.com/opencontainers/runc"}, cgo: true, tags: "seccomp"},
	"metrics-server": {packages: map[string]string{
		"metrics-server": "sigs.k8s.io/metrics-server/cmd/metrics-server",
	}},
	"vpa": {
		packages: map[string]string{
			"recommender":          "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/recommender",
			"updater":              "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/updater",
			"admission-controller": "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/admission-controller",
		},
		files: []string{"k8s.io/autoscaler/vertical-pod-autoscaler:deploy/vpa-v1-crd-gen.yaml"},
	},
	"crds": {files: []string{
		"github.com/kedacore/keda/v2:config/crd/bases/keda.sh_scaledobjects.yaml",
		"github.com/kedacore/keda/v2:config/crd/bases/keda.sh_triggerauthentications.yaml",
		"github.com/argoproj/argo-rollouts:manifests/crds/rollout-crd.yaml",
	}},
}

// order of building: the longest first, so that a machine that cannot build it says so before the others are done.
var order = []string{"kubernetes", "containerd", "runc", "metrics-server", "vpa", "crds"}

// build makes the sets that are not in the user's cache directory, and returns the folder of each. The folders are named
// for what is in go.mod and go.sum, so that another version is another folder. What it builds it names on stderr.
func build(ctx context.Context, repository string) (map[string]string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("finding the cache: %w", err)
	}
	cache = filepath.Join(cache, "plimsoll", "cluster")
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return nil, fmt.Errorf("making the cache: %w", err)
	}
	unlock, err := lock(cache)
	if err != nil {
		return nil, err
	}
	defer unlock()
	programs := map[string]string{}
	for _, name := range order {
		from := filepath.Join(repository, "test/kube/binaries", name)
		key, err := sources(from)
		if err != nil {
			return nil, err
		}
		to := filepath.Join(cache, name+"-"+key)
		programs[name] = to
		if _, err := os.Stat(to); err == nil {
			continue
		}
		fmt.Fprintln(os.Stderr, "building", name, "(kept in "+to+")")
		if err := sets[name].build(ctx, from, to); err != nil {
			return nil, fmt.Errorf("%w: building %s: %w", errUnable, name, err)
		}
	}
	return programs, nil
}

// sources is a short hash over the files in a module's folder.
func sources(dir string) (string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) == 0 {
		return "", fmt.Errorf("no sources in %s", dir)
	}
	h := sha256.New()
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return "", fmt.Errorf("reading the sources: %w", err)
		}
		_, err = io.Copy(h, f)
		if err := errors.Join(err, f.Close()); err != nil {
			return "", fmt.Errorf("reading the sources: %w", err)
		}
	}
	return fmt.Sprintf("%.6x", h.Sum(nil)), nil
}

// build makes the programs and files of a set in a folder beside to, and names it to when it is whole.
func (s set) build(ctx context.Context, from, to string) error {
	part := to + ".part"
	if err := os.RemoveAll(part); err != nil {
		return err
	}
	if err := os.Mkdir(part, 0o755); err != nil {
		return err
	}
	for program, source := range s.packages {
		if err := s.compile(ctx, from, filepath.Join(part, program), source); err != nil {
			return err
		}
	}
	for link, program := range s.links {
		if err := os.Symlink(program, filepath.Join(part, link)); err != nil {
			return err
		}
	}
	for _, file := range s.files {
		if err := fetch(ctx, from, part, file); err != nil {
			return err
		}
	}
	return os.Rename(part, to)
}

// compile builds one program in the module at from.
func (s set) compile(ctx context.Context, from, to, source string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-tags="+s.tags, "-o", to, source)
	cgo := "CGO_ENABLED=0"
	if s.cgo {
		cgo = "CGO_ENABLED=1"
	}
	// A go.work or flags of the caller would build something else than go.sum pins.
	cmd.Env = append(os.Environ(), cgo, "GOFLAGS=-mod=readonly", "GOWORK=off", "GOBIN=")
	cmd.Dir = from
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", source, err, tail(out, 2000))
	}
	return nil
}

// fetch copies a file out of a module that the module at from pins.
func fetch(ctx context.Context, from, to, file string) error {
	module, name, _ := strings.Cut(file, ":")
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", module)
	cmd.Dir = from
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOWORK=off")
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("go mod download %s: %w\n%s", module, err, tail(out, 2000))
	}
	var found struct{ Dir string }
	if err := json.Unmarshal(out, &found); err != nil {
		return fmt.Errorf("go mod download %s: %w", module, err)
	}
	text, err := os.ReadFile(filepath.Join(found.Dir, name))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(to, filepath.Base(name)), text, 0o644)
}

// tail is the last n bytes of a text.
func tail(text []byte, n int) []byte { return text[max(0, len(text)-n):] }

// lock takes the lock on a folder, waiting for whoever holds it, and returns how to give it back.
func lock(dir string) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("locking %s: %w", dir, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("locking %s: %w", dir, err), f.Close())
	}
	return func() { _ = f.Close() }, nil // closing gives the lock back, and a read-only file has nothing to lose
}
