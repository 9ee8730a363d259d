package kube

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// patience is how long a wait of these functions takes at most.
const patience = 2 * time.Minute

// Namespace makes one with a default service account, and deletes it after the test. Labels may be nil.
func (c *Cluster) Namespace(t *testing.T, labels map[string]string) string {
	t.Helper()
	made, err := c.Clients.CoreV1().Namespaces().Create(t.Context(),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-", Labels: labels}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		now := int64(0) // Pods too: nobody needs their last seconds
		_ = c.Clients.CoreV1().Pods(made.Name).DeleteCollection(context.WithoutCancel(t.Context()),
			metav1.DeleteOptions{GracePeriodSeconds: &now}, metav1.ListOptions{})
		if err := c.Clients.CoreV1().Namespaces().Delete(context.WithoutCancel(t.Context()), made.Name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	Await(t, "the default service account of "+made.Name, func(ctx context.Context) bool {
		_, err := c.Clients.CoreV1().ServiceAccounts(made.Name).Get(ctx, "default", metav1.GetOptions{})
		return err == nil
	})
	return made.Name
}

// Kubectl runs kubectl and returns what it printed; an error ends the test.
func (c *Cluster) Kubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := c.kubectlWith(t.Context(), "", args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Apply applies manifests in a namespace.
func (c *Cluster) Apply(t *testing.T, namespace, manifests string) {
	t.Helper()
	if _, err := c.kubectlWith(t.Context(), manifests, "-n", namespace, "apply", "-f", "-"); err != nil {
		t.Fatal(err)
	}
}

func (c *Cluster) kubectlWith(ctx context.Context, in string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, c.kubectl, append([]string{"--kubeconfig", c.Kubeconfig}, args...)...)
	var complaints bytes.Buffer
	cmd.Stdin, cmd.Stderr = strings.NewReader(in), &complaints
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("kubectl %s: %w\n%s%s", strings.Join(args, " "), err, out, complaints.String())
	}
	return string(out), nil
}

// AwaitVPA waits until the admission controller of the VPA sees what is written: it fills in the update policy of a VPA that
// has none, so that one made before it came would read otherwise after any change.
func (c *Cluster) AwaitVPA(t *testing.T) {
	t.Helper()
	Await(t, "the admission controller of the VPA", func(ctx context.Context) bool {
		_, err := c.Clients.AdmissionregistrationV1().MutatingWebhookConfigurations().Get(ctx, "vpa-webhook-config", metav1.GetOptions{})
		return err == nil
	})
}

// Await asks until done says yes; after two minutes it ends the test, naming what did not come.
func Await(t *testing.T, what string, done func(context.Context) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for !done(ctx) {
		select {
		case <-ctx.Done():
			t.Fatalf("%s did not come in %s", what, patience)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// Stop stops a component of the cluster, such as kube-apiserver or metrics-server, and returns how to start it again;
// after the test it starts by itself. On a cluster that was not started here the test skips.
func (c *Cluster) Stop(t *testing.T, component string) (start func()) {
	t.Helper()
	if c.dir == "" {
		t.Skipf("%s can be stopped on a cluster of ours only", component)
	}
	held, stopped := filepath.Join(c.dir, "held", component), filepath.Join(c.dir, "stopped", component)
	if err := errors.Join(os.MkdirAll(filepath.Dir(held), 0o755), os.WriteFile(held, nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	release := func() { _ = os.Remove(held) } // gone already when it was started in the test
	t.Cleanup(release)
	Await(t, "the end of "+component, func(context.Context) bool { return exists(stopped) })
	return func() {
		release()
		Await(t, "the start of "+component, func(context.Context) bool { return !exists(stopped) })
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// AwaitMetrics waits until metrics-server answers for the Pods of a namespace.
func (c *Cluster) AwaitMetrics(t *testing.T, namespace string) {
	t.Helper()
	Await(t, "metrics of the Pods in "+namespace, func(ctx context.Context) bool {
		text, err := c.Clients.Discovery().RESTClient().Get().
			AbsPath("/apis/metrics.k8s.io/v1beta1/namespaces", namespace, "pods").DoRaw(ctx)
		return err == nil && strings.Contains(string(text), `"usage"`)
	})
}
