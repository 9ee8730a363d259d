//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// description is what `cluster keep` prints when the cluster is ready, and keeps in cluster.json.
type description struct {
	Name string `json:"name"`
	// Dir holds the logs of the components in log/, and all else of the cluster.
	Dir        string `json:"dir"`
	Kubeconfig string `json:"kubeconfig"`
	// Node is the node's address, Machine the machine's on the same link: a server that the cluster should reach listens there.
	Node    string `json:"node"`
	Machine string `json:"machine"`
	// PID of process 1 of the cluster, as the machine sees it: nsenter -t PID -n runs a command in its network.
	PID     int    `json:"pid"`
	Kubectl string `json:"kubectl"`
	Ctr     string `json:"ctr"`
	// Cgroup is the path of its cgroup in every hierarchy.
	Cgroup string `json:"cgroup"`
}

// keep runs a cluster until standard input or ctx ends, or its process 1 does, and removes every trace of it.
func keep(ctx context.Context, repository string, p plan) (err error) {
	if err := able(); err != nil {
		return err
	}
	if p.Programs, err = build(ctx, repository); err != nil {
		return err
	}
	unlock, err := p.hold()
	if err != nil {
		return err
	}
	defer unlock()
	defer func() { err = errors.Join(err, p.clean()) }()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	// Init dies with the thread that started it; this one lasts as long as the keeper.
	runtime.LockOSThread()
	process, err := p.begin(ctx)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- process.Wait() }()
	defer func() {
		_ = process.Process.Kill()
		<-ended
	}()
	d, err := p.ready(ctx, process.Process.Pid)
	if err != nil {
		return fmt.Errorf("starting the cluster: %w\n%s", err, p.lastWords())
	}
	fmt.Println(string(d))
	select {
	case <-ctx.Done():
		return nil
	case err := <-ended:
		ended <- err
		return fmt.Errorf("the cluster ended: %w\n%s", err, p.lastWords())
	}
}

// able says what the machine lacks for a cluster; the error is errUnable.
func able() error {
	if os.Getuid() != 0 {
		return fmt.Errorf("%w: it needs root, for namespaces, mounts and cgroups", errUnable)
	}
	for command, source := range map[string]string{"ip": "iproute2", "iptables": "iptables", "mount": "util-linux"} {
		if _, err := exec.LookPath(command); err != nil {
			return fmt.Errorf("%w: %s is missing, apt-get install -y %s", errUnable, command, source)
		}
	}
	if _, err := hierarchies(); err != nil {
		return fmt.Errorf("%w: %w", errUnable, err)
	}
	_, err := findCNI()
	return err
}

// hold makes the cluster's folder and locks it, after removing what an earlier one of the name left. The error says who
// holds it.
func (p plan) hold() (unlock func(), err error) {
	if p.held() {
		pid, _ := os.ReadFile(p.file("keeper.pid"))
		return nil, fmt.Errorf("cluster %s is running already, kept by process %s", p.Name, pid)
	}
	if err := p.clean(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(p.Dir, 0o755); err != nil {
		return nil, err
	}
	if unlock, err = lock(p.Dir); err != nil {
		return nil, err
	}
	return unlock, os.WriteFile(p.file("keeper.pid"), []byte(strconv.Itoa(os.Getpid())), 0o644)
}

// held is true while a keeper holds the cluster's folder.
func (p plan) held() bool {
	f, err := os.Open(p.Dir)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil
}

// begin starts init in its namespaces, makes the network and the certificates, and tells it to go on.
func (p *plan) begin(ctx context.Context) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	// Its own copy: the program that was started may be gone when a component of it starts again.
	if err := copyFile(self, p.file("cluster")); err != nil {
		return nil, err
	}
	log, err := os.Create(p.file("init.log"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	process := exec.Command(p.file("cluster"), "init")
	process.Stdout, process.Stderr = log, log
	process.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS,
		Pdeathsig:  syscall.SIGKILL, Setsid: true,
	}
	start, err := process.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := process.Start(); err != nil {
		return nil, fmt.Errorf("making the namespaces: %w", err)
	}
	err = p.connect(ctx, process.Process.Pid)
	if err == nil {
		err = errors.Join(secure(*p), configure(*p))
	}
	if err == nil {
		err = errors.Join(json.NewEncoder(start).Encode(p), start.Close())
	}
	if err != nil {
		_ = process.Process.Kill()
		return nil, errors.Join(err, process.Wait())
	}
	return process, nil
}

// ready waits for the API server and the node, applies the objects every cluster has, and describes the cluster.
func (p plan) ready(ctx context.Context, pid int) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	if err := awaitServer(ctx, p.server()); err != nil {
		return nil, err
	}
	objects := []string{p.file("objects.yaml"), p.program("vpa", "vpa-v1-crd-gen.yaml")}
	for _, name := range []string{"keda.sh_scaledobjects.yaml", "keda.sh_triggerauthentications.yaml", "rollout-crd.yaml"} {
		objects = append(objects, p.program("crds", name))
	}
	args := []string{"apply", "--server-side", "--validate=false"}
	for _, file := range objects {
		args = append(args, "-f", file)
	}
	if err := p.runKubectl(ctx, args...); err != nil {
		return nil, err
	}
	if err := p.importImages(ctx); err != nil {
		return nil, err
	}
	for p.runKubectl(ctx, "wait", "--for=condition=Ready", "node/"+p.Name, "--timeout=60s") != nil {
		if ctx.Err() != nil {
			return nil, errors.New("the node is not ready after 3 minutes")
		}
		time.Sleep(100 * time.Millisecond) // the node is not there to be waited for until the kubelet has made it
	}
	d := description{Name: p.Name, Dir: p.Dir, Kubeconfig: p.file("admin.conf"), Node: p.node(), Machine: p.machine(),
		PID: pid, Kubectl: p.kubectl(), Ctr: p.program("containerd", "ctr"), Cgroup: p.Cgroup}
	text, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	return text, os.WriteFile(p.file("cluster.json"), text, 0o644)
}

// runKubectl runs kubectl against the cluster.
func (p plan) runKubectl(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, p.kubectl(), append([]string{"--kubeconfig", p.file("admin.conf")}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("kubectl %s: %w\n%s", strings.Join(args, " "), err, tail(out, 2000))
	}
	return nil
}

// lastWords are the ends of the logs, for an error.
func (p plan) lastWords() string {
	files, _ := filepath.Glob(p.file("log", "*.log"))
	var said strings.Builder
	for _, name := range append(files, p.file("init.log")) {
		if text, err := os.ReadFile(name); err == nil && len(text) > 0 {
			fmt.Fprintf(&said, "== %s\n%s\n", filepath.Base(name), tail(text, 1000))
		}
	}
	return said.String()
}

// clean ends what is left of a cluster whose keeper is gone, and removes its folder.
func (p plan) clean() error {
	return errors.Join(p.endProcesses(), os.RemoveAll(p.Dir))
}

func copyFile(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o755)
}
