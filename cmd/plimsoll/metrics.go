package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/pflag"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/plimsoll/plimsoll/cluster"
	"github.com/plimsoll/plimsoll/observer"
	"github.com/plimsoll/plimsoll/observer/kube"
	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/trial"
)

// The sources of counters in a cluster.
const (
	metricsAuto       = "auto"
	metricsReader     = "reader"
	metricsProxy      = "proxy"
	metricsPrometheus = "prometheus"
	metricsServer     = "metrics-server"
)

// metricsOptions are the flags that say where the counters of a workload in a cluster come from.
type metricsOptions struct {
	From, PrometheusURL string
	KubeletInsecureTLS  bool
}

// readerJob is what a reader in the cluster runs, and for how long at most.
type readerJob struct {
	image  string
	atMost time.Duration
	labels map[string]string
}

func (o *metricsOptions) register(f *pflag.FlagSet) {
	f.StringVar(&o.From, "metrics", metricsAuto, `kubernetes: where counters come from: reader (a Pod in the cluster asks the kubelets),
prometheus, proxy (the kubelets through the API server: it takes nodes/proxy, which also lets its holder
run commands in every container of the node, so it is never chosen by itself), metrics-server (usage only: no trial
can be judged on throttling), or auto: reader, else prometheus where --prometheus-url is given, else metrics-server`)
	f.StringVar(&o.PrometheusURL, "prometheus-url", "", "kubernetes: address of a Prometheus that scrapes the kubelets")
	f.BoolVar(&o.KubeletInsecureTLS, "kubelet-insecure-tls", false, "kubernetes: the reader does not check the certificates of kubelets")
}

func (o metricsOptions) validate() error {
	sources := []string{metricsAuto, metricsReader, metricsProxy, metricsPrometheus, metricsServer}
	if !slices.Contains(sources, o.From) {
		return usage(fmt.Errorf("--metrics: %q given; allowed: %v", o.From, sources))
	}
	if o.From == metricsPrometheus && o.PrometheusURL == "" {
		return usage(errors.New("--metrics prometheus needs --prometheus-url"))
	}
	if u, err := url.Parse(o.PrometheusURL); o.PrometheusURL != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return usage(fmt.Errorf("--prometheus-url: %q given; allowed: an http or https address", o.PrometheusURL))
	}
	return nil
}

// watchers opens the source of counters for Pods of a namespace whose names begin like the workload's. close ends what it
// started.
func (r *clusterRun) watchers(job readerJob, wanted kube.Filter) (
	watch func(func() []observer.Target) trial.Watching, close func(), err error,
) {
	source, close, err := r.metrics.source(r.counters, r.client, job, wanted)
	if err != nil {
		return nil, nil, err
	}
	name := "the metrics API alone"
	if source != nil {
		name = source.Name()
	}
	r.app.notice("counters: " + name + r.countersWhy)
	return func(targets func() []observer.Target) trial.Watching {
		return kube.Start(kube.Reading{Source: source, Metrics: askMetrics(r.client, wanted.Namespace)}, targets)
	}, close, nil
}

// shortest is the least judged time with two samples of a kubelet in it for certain, and none of its ends far from one.
const shortest = time.Minute

// tooShort names the scenarios whose judged time a source in a cluster hardly samples.
func tooShort(all []scenarios.Scenario) string {
	var names []string
	for _, s := range all {
		if s.Duration()-s.Warmup < shortest {
			names = append(names, s.Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "scenario " + strings.Join(names, ", ") + ": judged for less than 1m; a kubelet samples every 10 to 20 s, so that its trials may stay " +
		"inconclusive: let it hold its rate for longer"
}

// source opens the one called from; nil where that is the metrics API alone.
func (o metricsOptions) source(from string, client *cluster.Client, job readerJob, wanted kube.Filter) (source kube.Source, close func(), err error) {
	close = func() {}
	switch from {
	case metricsReader:
		r := newReader(client, job, o.KubeletInsecureTLS, wanted)
		return r, r.close, nil
	case metricsProxy:
		k, err := proxied(client, wanted)
		return k, close, err
	case metricsPrometheus:
		return &kube.Prometheus{Client: &http.Client{Timeout: kubeletTimeout}, Base: o.PrometheusURL}, close, nil
	}
	return nil, close, nil
}

// choose is the source that the flags name, or the best that can be had without more rights than deploy/rbac.yaml grants;
// why says what was passed over for it.
func (o metricsOptions) choose(ctx context.Context, client *cluster.Client, namespace string) (from, why string) {
	if o.From != metricsAuto {
		return o.From, ""
	}
	_, err := client.Typed.CoreV1().ServiceAccounts(namespace).Get(ctx, cluster.ReaderAccount, metav1.GetOptions{})
	if err == nil {
		return metricsReader, ""
	}
	missing := err.Error()
	if apierrors.IsNotFound(err) {
		missing = fmt.Sprintf("namespace %s has no ServiceAccount %s (deploy/rbac.yaml)", namespace, cluster.ReaderAccount)
	}
	if o.PrometheusURL != "" {
		return metricsPrometheus, "; no reader: " + missing
	}
	return metricsServer, "; no reader: " + missing + ", and no --prometheus-url. It knows no throttling, no peaks and no kills of child " +
		"processes, so trials stay inconclusive where they are not failed"
}

// proxied reads the kubelets through the API server.
func proxied(client *cluster.Client, wanted kube.Filter) (*kube.Kubelets, error) {
	caller, err := rest.HTTPClientFor(client.Config)
	if err != nil {
		return nil, fmt.Errorf("make a client of the API server: %w", err)
	}
	return &kube.Kubelets{
		Title: "kubelet, through the API server", Client: caller, Wanted: wanted,
		URL: func(node string) (string, error) {
			request := client.Typed.CoreV1().RESTClient().Get().Resource("nodes").Name(node).SubResource("proxy").Suffix("metrics/cadvisor")
			return request.URL().String(), nil
		},
	}, nil
}

// askMetrics asks the metrics API for the Pods of a namespace.
func askMetrics(client *cluster.Client, namespace string) func(context.Context, []observer.Target) ([]kube.PodMetrics, error) {
	return func(ctx context.Context, targets []observer.Target) ([]kube.PodMetrics, error) {
		list, err := client.Metrics.MetricsV1beta1().PodMetricses(namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, err
		}
		return kube.DecodeMetrics(list, targets), nil
	}
}

// reader is the source that a reader Job in the cluster fills. It is started as soon as the nodes of the Pods are known,
// and anew when there are others.
type reader struct {
	kube.Inbox
	job cluster.ReadJob

	mu    sync.Mutex
	args  []string
	nodes map[string]string
	stop  func()
}

func newReader(client *cluster.Client, job readerJob, insecure bool, wanted kube.Filter) *reader {
	r := &reader{nodes: map[string]string{}, stop: func() {}}
	r.job = cluster.ReadJob{Client: client, Namespace: wanted.Namespace, Image: job.image, AtMost: job.atMost, Labels: job.labels,
		Started: r.Started, Each: r.Line}
	r.args = []string{"--namespace", wanted.Namespace}
	for _, p := range wanted.Prefixes {
		r.args = append(r.args, "--pods", p)
	}
	if insecure {
		r.args = append(r.args, "--kubelet-insecure-tls")
	}
	return r
}

// Read returns what has arrived, and sees to it that the nodes of the targets are read.
func (r *reader) Read(ctx context.Context, targets []observer.Target) ([]kube.Row, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fresh := false
	for _, t := range targets {
		if t.Pod.Node != "" && t.Pod.NodeIP != "" && r.nodes[t.Pod.Node] != t.Pod.NodeIP {
			r.nodes[t.Pod.Node], fresh = t.Pod.NodeIP, true
		}
	}
	if fresh {
		r.restart()
	}
	return r.Inbox.Read(ctx, targets)
}

// restart reads the nodes known now.
func (r *reader) restart() {
	r.stop()
	job := r.job
	job.Args = slices.Clone(r.args)
	for _, n := range slices.Sorted(maps.Keys(r.nodes)) {
		job.Args = append(job.Args, "--node", n+"="+r.nodes[n])
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := job.Run(ctx); err != nil {
			r.Fail(err)
		}
	}()
	r.stop = func() {
		cancel()
		select {
		case <-done:
		case <-time.After(30 * time.Second):
		}
	}
}

func (r *reader) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stop()
}
