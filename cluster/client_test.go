package cluster

import (
	"os"
	"path/filepath"
	"testing"
)

const kubeconfig = `apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: u, user: {token: t}}]
contexts: [{name: x, context: {cluster: c, user: u, namespace: shop}}]
current-context: x
`

func TestNew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(path, []byte(kubeconfig), 0o600); err != nil {
		t.Fatal(err)
	}
	flags := Flags()
	flags.KubeConfig = &path
	c, err := New(flags)
	if err != nil {
		t.Fatal(err)
	}
	if c.Namespace != "shop" || c.Config.Host != "https://127.0.0.1:1" || c.Config.QPS != callsPerSecond {
		t.Errorf("namespace %q, host %q, %v calls a second", c.Namespace, c.Config.Host, c.Config.QPS)
	}
	missing := path + ".missing"
	flags = Flags()
	flags.KubeConfig = &missing
	if _, err := New(flags); err == nil {
		t.Error("a kubeconfig that is not there is no error")
	}
}
