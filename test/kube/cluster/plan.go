//go:build linux

package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// plan is where everything of one cluster is; all of it follows from the name but Index.
type plan struct {
	Name string
	// Dir holds the cluster's files and is removed with it.
	Dir string
	// Cgroup is the path of its cgroup below the root of every hierarchy.
	Cgroup string
	// Index is which of the address ranges it holds, 0 to ranges-1.
	Index int
	// Programs is the folder of each set of programs, by the name of its module below binaries/.
	Programs map[string]string
}

// ranges is how many clusters a machine has addresses for: /22 networks in 198.18.0.0/16.
const ranges = 64

// prefix of the cluster's folder and cgroup.
const prefix = "plimsoll-cluster-"

// validName keeps a name fit for a folder, a cgroup and a Kubernetes node.
var validName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?$`)

// newPlan makes the plan of a cluster. Without a name it takes one from the folder of the repository, so that two clones
// do not meet.
func newPlan(repository, name string) (plan, error) {
	if name == "" {
		name = fmt.Sprintf("%.4x", sha256.Sum256([]byte(repository)))
	}
	if !validName.MatchString(name) {
		return plan{}, fmt.Errorf("name %q: lower-case letters, digits and inner dashes are allowed, up to 30 of them", name)
	}
	return plan{Name: name, Dir: filepath.Join(os.TempDir(), prefix+name), Cgroup: "/" + prefix + name}, nil
}

// findRepository is the root of the module that the command was started in.
func findRepository(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("finding the repository: %w", err)
	}
	file := strings.TrimSpace(string(out))
	if filepath.Base(file) != "go.mod" {
		return "", errors.New("not inside the repository: start it in the folder of a clone")
	}
	return filepath.Dir(file), nil
}

// address is the n-th of the three /24 in the cluster's range: 0 nodes, 1 Pods, 2 Services; and the last byte.
func (p plan) address(n, last int) string { return fmt.Sprintf("198.18.%d.%d", 4*p.Index+n, last) }

func (p plan) node() string     { return p.address(0, 1) }
func (p plan) machine() string  { return p.address(0, 254) }
func (p plan) pods() string     { return p.address(1, 0) + "/24" }
func (p plan) services() string { return p.address(2, 0) + "/24" }
func (p plan) all() string      { return p.address(0, 0) + "/22" }
func (p plan) server() string   { return "https://" + p.node() + ":6443" }

// link is the name of the cluster's link on the machine's side.
func (p plan) link() string { return fmt.Sprintf("plimsoll%d", p.Index) }

// file is a path in the cluster's folder.
func (p plan) file(parts ...string) string {
	return filepath.Join(append([]string{p.Dir}, parts...)...)
}

// program is the path of a built program.
func (p plan) program(set, name string) string { return filepath.Join(p.Programs[set], name) }

// kubectl is the path of kubectl.
func (p plan) kubectl() string { return p.program("kubernetes", "kubectl") }
