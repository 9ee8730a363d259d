package restore

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// program is what is under test: plimsoll, or the one of this test that plays it and does it wrong.
type program struct {
	path string
	// environment is added to its own.
	environment []string
}

// newProgram is the plimsoll that PLIMSOLL_BIN names, else built from source.
func newProgram(t *testing.T) program {
	t.Helper()
	if built := os.Getenv("PLIMSOLL_BIN"); built != "" {
		return program{path: built}
	}
	path := filepath.Join(t.TempDir(), "plimsoll")
	out, err := exec.Command("go", "build", "-o", path, "../../cmd/plimsoll").CombinedOutput()
	if err != nil {
		t.Fatalf("building plimsoll: %v\n%s", err, out)
	}
	return program{path: path}
}

// needs skips where the program can't tune a workload in a cluster.
func (p program) needs(t *testing.T) {
	t.Helper()
	if out, err := exec.Command(p.path, "restore", "--help").CombinedOutput(); err != nil {
		t.Skipf("this plimsoll has no command restore: %v\n%s", err, out)
	}
}

// run is one process of the program on a stage.
type run struct {
	*process
	said lockedBuffer
}

// lockedBuffer takes what a process writes while others read it.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// tune are the arguments of a search, putBack those of the command that restores by hand.
func (s *stage) tune(limit time.Duration) []string {
	return []string{"tune", "-f", s.file("scenarios.yaml"), "--kubeconfig", s.file("kubeconfig"), "--yes", "--overwrite", "--report-dir", s.file("report"), "--restore-timeout", limit.String(),
		"--metrics", "prometheus", "--prometheus-url", s.outside.URL}
}

func (s *stage) putBack() []string {
	return []string{"restore", objectOf[s.workload], "--kubeconfig", s.file("kubeconfig"), "-n", s.namespace}
}

// start begins a process of the program.
func (s *stage) start(p program, args []string) (*run, error) {
	r := &run{}
	cmd := exec.Command(p.path, args...)
	cmd.Env = append(os.Environ(), p.environment...)
	cmd.Stdout, cmd.Stderr, cmd.Dir = &r.said, &r.said, s.dir
	var err error
	r.process, err = begin(cmd)
	return r, err
}

// patience is how long a process may take in all.
const patience = 8 * time.Minute

// wait returns the exit code, −1 where it was killed. It is an error where the process does not end.
func (r *run) wait(ctx context.Context) (int, error) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-r.ended:
	case <-ctx.Done():
		r.kill()
		return 0, ctx.Err()
	case <-timer.C:
		r.kill()
		return 0, fmt.Errorf("it did not end in %v", patience)
	}
	return r.ProcessState.ExitCode(), nil
}

// kubeconfigText reaches the API server through the stage's proxy.
const kubeconfigText = `apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: %q, certificate-authority-data: %s}}]
users: [{name: u, user: {token: %s}}]
contexts: [{name: c, context: {cluster: c, user: u, namespace: %s}}]
current-context: c
`

// scenarioText is a search of two trials at most, each with the least load that can be judged.
const scenarioText = `version: 1
workload:
  kind: kubernetes
  object: %s
  namespace: %s
  replicas: 1
  containers: [{name: app}]
traffic:
  url: %s
  timeout: 2s
  hits: [{name: work, path: /}]
scenarios:
  - {name: ramp, kind: ramp, stages: [{to: 100/s, for: 300ms}]}
  - {name: soak, kind: soak, rate: 100/s, for: 300ms}
slos: [p99 < 1s, errors < 50%%]
tuning:
  start: conservative
  budget: {trials: 2, time: 2m}
`
