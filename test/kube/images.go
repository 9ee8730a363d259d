package kube

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/test/kube/archive"
)

// Names of the images that Victim, Demo and Plimsoll load.
const (
	VictimImage   = "localhost/victim:1"
	DemoImage     = "localhost/demoservice:1"
	PlimsollImage = "localhost/plimsoll:test"
)

// Victim loads the image of test/kube/victim: a service that can be made to run out of memory, to crash, to stay unready.
func (c *Cluster) Victim(t *testing.T) {
	t.Helper()
	c.loadProgram(t, VictimImage, "victim", Build(t, "test/kube/victim"))
}

// Demo loads the image of the bundled demo service; its command is /demoservice.
func (c *Cluster) Demo(t *testing.T) {
	t.Helper()
	c.loadProgram(t, DemoImage, "demoservice", Build(t, "demo"))
}

// Plimsoll loads the image of a built plimsoll, whose version must be that of the program that uses it.
func (c *Cluster) Plimsoll(t *testing.T, program string) {
	t.Helper()
	c.loadProgram(t, PlimsollImage, "plimsoll", program)
}

func (c *Cluster) loadProgram(t *testing.T, name, command, program string) {
	t.Helper()
	c.LoadImage(t, archive.Image{Name: name, Entrypoint: []string{"/" + command}, User: "65532:65532",
		Files: map[string]string{"/" + command: program}})
}

// Build compiles a package of this repository ("demo") statically and returns the program, which is gone after the test.
// Flags are further ones of go build.
func Build(t *testing.T, from string, flags ...string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), filepath.Base(from))
	args := append([]string{"build", "-trimpath", "-o", program}, flags...)
	cmd := exec.CommandContext(t.Context(), "go", append(args, "github.com/plimsoll/plimsoll/"+from)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building %s: %v\n%s", from, err, out)
	}
	return program
}

// LoadImage makes an image and loads it into the cluster; Architecture may be left out. On a cluster that was not started
// here it is loaded by the command in PLIMSOLL_LOAD, and the test skips without one.
func (c *Cluster) LoadImage(t *testing.T, image archive.Image) {
	t.Helper()
	if image.Architecture == "" {
		image.Architecture = runtime.GOARCH
	}
	load := strings.Fields(os.Getenv("PLIMSOLL_LOAD"))
	if c.ctr != "" {
		load = []string{c.ctr, "-a", filepath.Join(c.dir, "run/containerd/containerd.sock"), "-n", "k8s.io", "images", "import"}
	}
	if len(load) == 0 {
		t.Skip("PLIMSOLL_LOAD does not say how the cluster of PLIMSOLL_KUBECONFIG gets an image")
	}
	file := filepath.Join(t.TempDir(), "image.tar")
	if err := archive.Write(file, image); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), load[0], append(load[1:], file)...).CombinedOutput(); err != nil {
		t.Fatalf("loading %s: %v\n%s", image.Name, err, out)
	}
}
