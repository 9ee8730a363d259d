package kube

import (
	"io"
	"net"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/plimsoll/plimsoll/cluster"
	"github.com/plimsoll/plimsoll/cluster/preflight"
	"github.com/plimsoll/plimsoll/loadgen"
)

// as is the place seen by a user who has the ClusterRoles of those modes in it, from deploy/rbac.yaml, and nothing else.
func (p place) as(t *testing.T, modes ...preflight.Mode) place {
	t.Helper()
	user := grant(t, p.Typed, p.Namespace, modes...)
	flags := cluster.Flags()
	flags.KubeConfig, flags.Impersonate, flags.Namespace = &p.cluster.Kubeconfig, &user, &p.Namespace
	limited, err := cluster.New(flags)
	if err != nil {
		t.Fatal(err)
	}
	p.Client = limited
	return p
}

// A load runs with what plimsoll-load grants.
func TestLoadJobWithLeastPrivilege(t *testing.T) {
	t.Parallel()
	admin := newPlace(t, nil)
	plan := planFor(admin.deployDemo(t, "1"), 20, 2*time.Second)
	p := admin.as(t, preflight.Load)
	r, err := p.loadJob().Run(t.Context(), plan)
	if err != nil || r.Hits != 40 || !r.Complete {
		t.Errorf("%d hits, complete %v, invalid %q (%v)", r.Hits, r.Complete, r.Invalid, err)
	}
	admin.left(t)
	if _, err := p.Typed.CoreV1().Secrets(p.Namespace).List(t.Context(), metav1.ListOptions{}); err == nil {
		t.Error("the user may list Secrets: the test gave more than the role does")
	}
}

// Preflight says what is granted and what is not, and the rule it names, granted, makes the difference.
func TestPreflightSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	admin := newPlace(t, nil)
	question := preflight.Question{
		Namespace: admin.Namespace, Needed: []preflight.Mode{preflight.Tune, preflight.Load}, Now: time.Now(),
		ReaderAccount: "plimsoll-reader",
	}
	report, err := preflight.Run(t.Context(), admin.as(t, preflight.Tune).Client, question)
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, m := range report.Missing() {
		if m.Blocks {
			blocks = append(blocks, m.Fix)
		}
	}
	if report.Ready() || !strings.Contains(strings.Join(blocks, "\n"), `{apiGroups: ["batch"], resources: [jobs], verbs: [create, list, delete]}`) {
		t.Errorf("without plimsoll-load the run is blocked by %q", blocks)
	}
	for _, a := range report.Access {
		if a.Mode == preflight.Tune && !a.Granted() {
			t.Errorf("plimsoll-tune does not grant %q", a.Denied)
		}
		if (a.Mode == preflight.Resize || a.Mode == preflight.Proxy) && a.Granted() {
			t.Errorf("%s is said to be granted", a.Mode)
		}
	}
}

// With the roles of both modes the run is ready.
func TestPreflightIsReady(t *testing.T) {
	t.Parallel()
	p := newPlace(t, nil).as(t, preflight.Read, preflight.Tune, preflight.Load, preflight.Resize, preflight.Reader)
	report, err := preflight.Run(t.Context(), p.Client, preflight.Question{
		Namespace: p.Namespace, Needed: []preflight.Mode{preflight.Tune, preflight.Load}, Now: time.Now(),
		ReaderAccount: "default",
	})
	if err != nil || !report.Ready() {
		t.Errorf("not ready (%v): %+v", err, report.Missing())
	}
	if len(report.Nodes) > 0 || len(report.Unknown) == 0 {
		t.Errorf("nodes %v are read without plimsoll-nodes, and nothing is said to be unknown: %q", report.Nodes, report.Unknown)
	}
}

// breaking is a connection to the API server whose every connection breaks after a while.
func (p place) breaking(t *testing.T, after time.Duration) (place, func() int) {
	t.Helper()
	server, err := url.Parse(p.Config.Host)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	var mu sync.Mutex
	broken := 0
	go func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", server.Host)
			if err != nil {
				_ = in.Close()
				continue
			}
			breakBoth := func() { _, _ = in.Close(), out.Close() }
			time.AfterFunc(after, func() {
				mu.Lock()
				defer mu.Unlock()
				broken++
				breakBoth()
			})
			go func() { _, _ = io.Copy(in, out); breakBoth() }()
			go func() { _, _ = io.Copy(out, in); breakBoth() }()
		}
	}()
	config := rest.CopyConfig(p.Config)
	config.Host = "https://" + listener.Addr().String()
	if config.TLSClientConfig.ServerName == "" {
		config.TLSClientConfig.ServerName = server.Hostname()
	}
	client := *p.Client
	client.Config = config
	if client.Typed, err = kubernetes.NewForConfig(config); err != nil {
		t.Fatal(err)
	}
	p.Client = &client
	return p, func() int { mu.Lock(); defer mu.Unlock(); return broken }
}

// Connections that break all the time cost no row and repeat none.
func TestLoadLogIsFollowedOverBrokenConnections(t *testing.T) {
	t.Parallel()
	p := newPlace(t, nil)
	plan := planFor(p.deployDemo(t, "1"), 20, 8*time.Second)
	flaky, broken := p.breaking(t, 1300*time.Millisecond)
	var at []time.Duration
	plan.OnSecond = func(s loadgen.Second) { at = append(at, s.At.Round(time.Second)) }
	r, err := flaky.loadJob().Run(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	if r.Hits != 160 || !r.Complete || len(at) < 8 {
		t.Errorf("%d hits, complete %v, %d seconds, invalid %q", r.Hits, r.Complete, len(at), r.Invalid)
	}
	for i, second := range at[:min(len(at), 8)] {
		if second != time.Duration(i+1)*time.Second {
			t.Errorf("second %d came as number %d", second/time.Second, i+1)
		}
	}
	if broken() < 3 {
		t.Errorf("%d connections broke: the test tests less than it should", broken())
	}
	t.Logf("%d connections broke", broken())
	p.left(t)
}

// The program says the same as the package.
func TestPreflightCommand(t *testing.T) {
	p := newPlace(t, nil)
	out, err := exec.CommandContext(t.Context(), p.program, "preflight", "--kubeconfig", p.cluster.Kubeconfig, "-n", p.Namespace).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "MISSING FROM THE RESULT") {
		t.Errorf("%v\n%s", err, out)
	}
}
