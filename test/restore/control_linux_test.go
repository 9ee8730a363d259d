package restore

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/client-go/rest"
)

// The users that the API server knows, each by a token of the same name.
const (
	adminToken       = "admin-token"       // the test and the player
	controllersToken = "controllers-token" // the controllers; they may not write events, which nobody reads
	userToken        = "user-token"        // plimsoll and the commands of this test that play it
)

// The controllers that make Pods; without the others the control plane is quiet and quick.
const controllers = "deployment-controller,replicaset-controller,statefulset-controller,daemonset-controller"

// control is a control plane of this test's own on loopback: etcd, kube-apiserver and kube-controller-manager.
type control struct {
	dir, programs      string
	port, store, peers int
	server             *process
}

// newControl starts etcd and the API server. They end with the test.
func newControl(t *testing.T, programs string) *control {
	t.Helper()
	c := &control{dir: t.TempDir(), programs: programs}
	ports, err := freePorts(3)
	if err != nil {
		t.Fatal(err)
	}
	c.store, c.peers, c.port = ports[0], ports[1], ports[2]
	if err := c.write(); err != nil {
		t.Fatal(err)
	}
	store := fmt.Sprintf("http://127.0.0.1:%d", c.store)
	c.start(t, "etcd", "--data-dir", c.file("etcd"), "--unsafe-no-fsync", "--listen-client-urls", store, "--advertise-client-urls", store,
		"--listen-peer-urls", fmt.Sprintf("http://127.0.0.1:%d", c.peers))
	c.startServer(t)
	return c
}

// startControllers starts the controllers that make Pods.
func (c *control) startControllers(t *testing.T) {
	t.Helper()
	ports, err := freePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	c.start(t, "kube-controller-manager", "--kubeconfig", c.file("controllers.conf"), "--controllers", controllers, "--leader-elect=false",
		"--secure-port", fmt.Sprint(ports[0]), "--cert-dir", c.file("controllers"), "--bind-address", "127.0.0.1",
		"--kube-api-qps", "2000", "--kube-api-burst", "4000", "--v", "0")
}

func (c *control) file(name string) string { return filepath.Join(c.dir, name) }

// config is how a user reaches the API server directly. Its certificate is its own, made at its start.
func (c *control) config(token string) *rest.Config {
	return &rest.Config{Host: fmt.Sprintf("https://127.0.0.1:%d", c.port), BearerToken: token, QPS: -1,
		TLSClientConfig: rest.TLSClientConfig{Insecure: true}}
}

// write makes the files that the programs need.
func (c *control) write() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	kubeconfig := fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://127.0.0.1:%d", insecure-skip-tls-verify: true}}]
users: [{name: u, user: {token: %s}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
current-context: c
`, c.port, controllersToken)
	return errors.Join(
		os.WriteFile(c.file("tokens.csv"), []byte(adminToken+",admin,1,system:masters\n"+userToken+",user,2,users\n"+controllersToken+",controllers,3,users\n"), 0o600),
		os.WriteFile(c.file("sa.key"), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600),
		os.WriteFile(c.file("controllers.conf"), []byte(kubeconfig), 0o600))
}

// startServer starts the API server and waits until it is ready.
func (c *control) startServer(t *testing.T) {
	t.Helper()
	c.server = c.start(t, "kube-apiserver", "--etcd-servers", fmt.Sprintf("http://127.0.0.1:%d", c.store),
		"--secure-port", fmt.Sprint(c.port), "--bind-address", "127.0.0.1", "--advertise-address", "127.0.0.1", "--cert-dir", c.file("apiserver"),
		"--token-auth-file", c.file("tokens.csv"), "--authorization-mode", "RBAC", "--service-cluster-ip-range", "10.96.0.0/24",
		"--service-account-issuer", "https://kubernetes.default.svc", "--service-account-key-file", c.file("sa.key"),
		"--service-account-signing-key-file", c.file("sa.key"), "--disable-admission-plugins", "ServiceAccount",
		"--max-requests-inflight", "0", "--max-mutating-requests-inflight", "0", "--enable-priority-and-fairness=false",
		"--endpoint-reconciler-type", "none", "--v", "0")
	client, err := rest.HTTPClientFor(c.config(adminToken))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	err = poll(ctx, 100*time.Millisecond, func() (bool, error) {
		reply, err := client.Get(fmt.Sprintf("https://127.0.0.1:%d/readyz", c.port))
		if err != nil {
			return false, nil // not listening yet
		}
		defer reply.Body.Close()
		return reply.StatusCode == 200, nil
	})
	if err != nil {
		t.Fatalf("the API server did not become ready: %v\n%s", err, c.log("kube-apiserver"))
	}
}

// process is a program that this test started, and that it ends.
type process struct {
	*exec.Cmd
	// ended is closed when it has ended; err is what it ended with, valid from then on.
	ended chan struct{}
	err   error
}

// begin starts a program that dies with the test.
func begin(cmd *exec.Cmd) (*process, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{Cmd: cmd, ended: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// kill ends it with SIGKILL and waits until it has ended.
func (p *process) kill() {
	_ = p.Process.Kill() // fails only where it has ended
	<-p.ended
}

// start runs a program until the test ends.
func (c *control) start(t *testing.T, name string, args ...string) *process {
	t.Helper()
	log, err := os.OpenFile(c.file(name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(c.programs, name), args...)
	cmd.Stdout, cmd.Stderr, cmd.Dir = log, log, c.dir
	p, err := begin(cmd)
	if err := errors.Join(err, log.Close()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	return p
}

// log is the end of what a program wrote.
func (c *control) log(name string) string {
	text, err := os.ReadFile(c.file(name + ".log"))
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}

// freePorts are n ports of loopback that nobody listens on now.
func freePorts(n int) (ports []int, err error) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

// poll asks every so often until it is done, fails or its time is up.
func poll(ctx context.Context, every time.Duration, done func() (bool, error)) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
