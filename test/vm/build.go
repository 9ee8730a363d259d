package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/plimsoll/plimsoll/test/vm/job"
)

// tested are the packages whose tests run in the guest, in this order, with the arguments they get there.
var tested = []struct {
	folder    string
	arguments []string
}{
	{"test/vm/proof", nil},
	{"observer/cgroup", nil},
	{"workload/local", nil},
	{"test/kill", []string{"-kills=6"}},
}

// programs of the guest: where they are and the package they are built from.
var programs = map[string]string{
	"init":            "./test/vm/guest",
	"bin/demoservice": "./demo",
	"bin/plimsoll":    "./cmd/plimsoll",
}

// users that every test runs as: root and an ordinary one.
var users = []int{0, 1000}

// jobTimeout ends a job that hangs. Under emulation the slowest takes a quarter of it.
const jobTimeout = 10 * time.Minute

// build compiles what the guest needs, statically, and returns the file with its initramfs.
func build(ctx context.Context) (string, error) {
	tree := filepath.Join(cache, "tree")
	if err := os.RemoveAll(tree); err != nil {
		return "", fmt.Errorf("clearing the image: %w", err)
	}
	for where, from := range programs {
		if err := compile(ctx, "build", filepath.Join(tree, where), from); err != nil {
			return "", err
		}
	}
	var jobs []job.Job
	for _, tests := range tested {
		if files, err := filepath.Glob(filepath.Join(tests.folder, "*_test.go")); err != nil || len(files) == 0 {
			continue // go test makes no program of a package without tests
		}
		more, err := addTests(ctx, tree, tests.folder, tests.arguments)
		if err != nil {
			return "", err
		}
		jobs = append(jobs, more...)
	}
	text, err := json.Marshal(jobs)
	if err != nil {
		return "", fmt.Errorf("writing the plan: %w", err)
	}
	if err := os.WriteFile(filepath.Join(tree, job.PlanFile), text, 0o644); err != nil {
		return "", fmt.Errorf("writing the plan: %w", err)
	}
	image := filepath.Join(cache, "initramfs.gz")
	return image, pack(tree, image)
}

// addTests compiles a package's tests into the tree, beside their testdata, and returns the jobs that run them.
func addTests(ctx context.Context, tree, folder string, arguments []string) ([]job.Job, error) {
	home := filepath.Join("/src", folder)
	program := filepath.Join(home, "test")
	if err := compile(ctx, "test", filepath.Join(tree, program), "./"+folder); err != nil {
		return nil, err
	}
	data := filepath.Join(folder, "testdata")
	if _, err := os.Stat(data); err == nil {
		if err := os.CopyFS(filepath.Join(tree, home, "testdata"), os.DirFS(data)); err != nil {
			return nil, fmt.Errorf("copying %s: %w", data, err)
		}
	}
	var jobs []job.Job
	for _, user := range users {
		jobs = append(jobs, job.Job{
			Name:    fmt.Sprintf("%s/as-%d", folder, user),
			Command: append([]string{program, "-test.v", "-test.timeout", (jobTimeout - 10*time.Second).String()}, arguments...),
			Dir:     home,
			Env:     []string{"PLIMSOLL_BIN=/bin/plimsoll", "PLIMSOLL_DEMO_BIN=/bin/demoservice"},
			User:    user,
			Timeout: jobTimeout,
		})
	}
	return jobs, nil
}

// compile builds a package (verb "build") or its tests (verb "test") into a program that needs no library.
func compile(ctx context.Context, verb, to, from string) error {
	args := []string{verb}
	if verb == "test" {
		args = append(args, "-c")
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "-trimpath", "-ldflags", "-s -w", "-o", to, from)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("compiling %s: %w\n%s", from, err, out)
	}
	return nil
}
