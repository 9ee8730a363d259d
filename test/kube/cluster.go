package kube

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Cluster is a running one.
type Cluster struct {
	// Kubeconfig is the file with the administrator's access.
	Kubeconfig string
	// Config, Clients and Dynamic are made from it, without the client-side limit on calls.
	Config  *rest.Config
	Clients kubernetes.Interface
	Dynamic dynamic.Interface
	// Machine is the address of this machine as Pods see it; "" on a cluster that was not started here.
	Machine string
	// Cgroup is the path of the cluster's cgroup in every hierarchy; "" on a cluster that was not started here.
	Cgroup string

	dir, kubectl, ctr string
}

// Shared is the one cluster of a test program, started when the first test asks. The zero value is ready.
type Shared struct {
	mu      sync.Mutex
	cluster *Cluster
	// lacking is why there is none here; failed is why one did not start. Both are told to every test that asks.
	lacking string
	failed  error
	keeper  *exec.Cmd
	// in keeps the keeper alive: it ends when this is closed, by whatever means.
	in io.Closer
}

// Start returns the cluster. It skips the test where none can run, and says why.
func (s *Shared) Start(t *testing.T) *Cluster {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cluster == nil && s.lacking == "" && s.failed == nil {
		s.begin()
	}
	if s.lacking != "" {
		t.Skip(s.lacking)
	}
	if s.failed != nil {
		t.Fatal(s.failed)
	}
	return s.cluster
}

// Close ends the cluster if it was started here, and waits until nothing is left of it.
func (s *Shared) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keeper == nil {
		return
	}
	err := errors.Join(s.in.Close(), s.keeper.Wait())
	if err != nil {
		fmt.Fprintln(os.Stderr, "ending the cluster:", err, s.keeper.Stderr)
	}
	s.keeper, s.cluster = nil, nil
}

// begin finds or starts the cluster.
func (s *Shared) begin() {
	if file := os.Getenv("PLIMSOLL_KUBECONFIG"); file != "" {
		s.cluster, s.failed = connect(description{Kubeconfig: file, Kubectl: "kubectl"})
		return
	}
	if name := os.Getenv("PLIMSOLL_CLUSTER"); name != "" {
		text, err := os.ReadFile(filepath.Join(os.TempDir(), "plimsoll-cluster-"+name, "cluster.json"))
		if err != nil {
			s.failed = fmt.Errorf("PLIMSOLL_CLUSTER=%s: no such cluster runs; `make cluster` starts one and names it: %w", name, err)
			return
		}
		s.cluster, s.failed = describe(text)
		return
	}
	s.keep()
}

// exitUnable is the exit code of the keeper where no cluster can run.
const exitUnable = 3

// keep starts a keeper and waits until it has described the cluster.
func (s *Shared) keep() {
	program := filepath.Join(os.TempDir(), fmt.Sprintf("plimsoll-cluster-keeper-%d", os.Getpid()))
	if out, err := exec.Command("go", "build", "-o", program, "github.com/plimsoll/plimsoll/test/kube/cluster").CombinedOutput(); err != nil {
		s.failed = fmt.Errorf("building the keeper: %w\n%s", err, out)
		return
	}
	defer func() { _ = os.Remove(program) }() // the keeper has a copy
	keeper := exec.Command(program, "keep", "-name", fmt.Sprintf("test-%d", os.Getpid()))
	var complaints bytes.Buffer
	keeper.Stderr = &complaints
	in, err1 := keeper.StdinPipe()
	out, err2 := keeper.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		s.failed = err
		return
	}
	if err := keeper.Start(); err != nil {
		s.failed = fmt.Errorf("starting the keeper: %w", err)
		return
	}
	said := bufio.NewScanner(out)
	if !said.Scan() {
		s.failed = fmt.Errorf("the cluster did not start: %w\n%s", keeper.Wait(), complaints.String())
		if keeper.ProcessState.ExitCode() == exitUnable {
			s.failed, s.lacking = nil, strings.TrimSpace(complaints.String())
		}
		return
	}
	s.keeper, s.in = keeper, in
	s.cluster, s.failed = describe(said.Bytes())
}

// description is what the keeper says of a cluster.
type description struct {
	Dir, Kubeconfig, Machine, Kubectl, Ctr, Cgroup string
}

func describe(text []byte) (*Cluster, error) {
	var d description
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, fmt.Errorf("reading the cluster's description: %w\n%s", err, text)
	}
	return connect(d)
}

// connect makes the clients.
func connect(d description) (*Cluster, error) {
	config, err := clientcmd.BuildConfigFromFlags("", d.Kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	config.QPS = -1
	clients, err1 := kubernetes.NewForConfig(config)
	dynamic, err2 := dynamic.NewForConfig(config)
	return &Cluster{Kubeconfig: d.Kubeconfig, Config: config, Clients: clients, Dynamic: dynamic,
		Machine: d.Machine, Cgroup: d.Cgroup, dir: d.Dir, kubectl: d.Kubectl, ctr: d.Ctr}, errors.Join(err1, err2)
}
