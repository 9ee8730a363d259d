package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll/plimsoll/cluster"
	"github.com/plimsoll/plimsoll/observer/kube"
)

// accountDir is where a Pod finds the token of its ServiceAccount and the certificate of the cluster's authority.
const accountDir = "/var/run/secrets/kubernetes.io/serviceaccount"

const (
	kubeletPort = "10250"
	// kubeletTimeout: a node of 500 Pods answers in a second or two.
	kubeletTimeout = 15 * time.Second
)

// readAgent reads the counters of kubelets in the cluster and writes them to its log.
type readAgent struct {
	wanted   kube.Filter
	nodes    []string // name=address
	insecure bool
	account  string
	pace     time.Duration
}

func (a *app) agentReadCommand() *cobra.Command {
	var r readAgent
	c := &cobra.Command{
		Use:   "read",
		Short: "Read the counters of Pods from the kubelets of their nodes and write them to standard output",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			rows := cluster.NewRowWriter(unmuted(a.Out))
			return r.run(c.Context(), rows.Write)
		},
	}
	f := c.Flags()
	f.StringVar(&r.wanted.Namespace, "namespace", "", "namespace of the Pods")
	f.StringArrayVar(&r.wanted.Prefixes, "pods", nil, "how the names of the Pods begin; by default all of the namespace")
	f.StringArrayVar(&r.nodes, "node", nil, "a node and its address, name=address")
	f.BoolVar(&r.insecure, "kubelet-insecure-tls", false, "do not check the certificates of kubelets")
	f.StringVar(&r.account, "account", accountDir, "directory with token and ca.crt")
	f.DurationVar(&r.pace, "pace", 0, "pause between two readings")
	return c
}

// run reads until ctx is cancelled.
func (r readAgent) run(ctx context.Context, emit func([]byte) error) error {
	addresses := map[string]string{}
	var names []string
	for _, n := range r.nodes {
		name, address, found := strings.Cut(n, "=")
		if !found || name == "" || net.ParseIP(address) == nil {
			return usage(fmt.Errorf("--node: %q given; allowed: name=address", n))
		}
		addresses[name] = address
		names = append(names, name)
	}
	if len(names) == 0 {
		return usage(errors.New("--node is missing: nothing to read"))
	}
	slices.Sort(names)
	client, err := kubeletClient(r.account, r.insecure)
	if err != nil {
		return err
	}
	return kube.Collect(ctx, directKubelets(client, r.wanted, func(node string) string { return addresses[node] }), names, r.pace, emit)
}

// directKubelets reads straight from the kubelets; it takes the right to get nodes/metrics.
func directKubelets(client *http.Client, wanted kube.Filter, address func(node string) string) *kube.Kubelets {
	return &kube.Kubelets{
		Title: "kubelet, read in the cluster", Client: client, Wanted: wanted,
		URL: func(node string) (string, error) {
			ip := address(node)
			if ip == "" {
				return "", errors.New("its address is not known")
			}
			return "https://" + net.JoinHostPort(ip, kubeletPort) + "/metrics/cadvisor", nil
		},
	}
}

// kubeletClient speaks to kubelets as the ServiceAccount in dir.
func kubeletClient(dir string, insecure bool) (*http.Client, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: insecure} //nolint:gosec // asked for by a flag that says so
	if !insecure {
		authority, err := os.ReadFile(filepath.Join(dir, "ca.crt"))
		if err != nil {
			return nil, fmt.Errorf("read the cluster's authority: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(authority) {
			return nil, fmt.Errorf("%s holds no certificate", filepath.Join(dir, "ca.crt"))
		}
	}
	return &http.Client{Timeout: kubeletTimeout, Transport: asAccount{dir, &http.Transport{TLSClientConfig: config}}}, nil
}

// asAccount adds a ServiceAccount's token to each call; it is read anew, since tokens are replaced about once an hour.
type asAccount struct {
	dir  string
	next http.RoundTripper
}

func (t asAccount) RoundTrip(request *http.Request) (*http.Response, error) {
	token, err := os.ReadFile(filepath.Join(t.dir, "token"))
	if err != nil {
		return nil, fmt.Errorf("read the token of the ServiceAccount: %w", err)
	}
	request = request.Clone(request.Context())
	request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	return t.next.RoundTrip(request)
}
