// Package cluster is the way into a Kubernetes cluster: the client, what may be done there and what answers, the Lease
// that keeps two runs apart, the load Job. With workload/kube it is the only package that writes to a cluster.
package cluster

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	metrics "k8s.io/metrics/pkg/client/clientset/versioned"
)

// FieldManager is the name under which Plimsoll owns the fields it writes, until it has put them back.
const FieldManager = "plimsoll"

// The cap on calls of one client. client-go's own, 5 a second, makes long silent waits; the API server has its own
// fairness (https://kubernetes.io/docs/concepts/cluster-administration/flow-control/).
const (
	callsPerSecond = 50
	callsBurst     = 100
)

// Client is a connection to one cluster as one user.
type Client struct {
	// Namespace is that of the flags, else of the kubeconfig's context, else "default".
	Namespace string
	// Config is how the others were made; a copy of it may be changed.
	Config    *rest.Config
	Typed     kubernetes.Interface
	Dynamic   dynamic.Interface
	Metrics   metrics.Interface
	Discovery discovery.DiscoveryInterface
	// Mapper tells resources from kinds and short names; it asks the cluster once and caches.
	Mapper meta.RESTMapper
}

// Flags are kubectl's: kubeconfig, context, namespace, user, server, token, certificates, impersonation. Without them and
// without a kubeconfig the configuration is that of the Pod it runs in.
func Flags() *genericclioptions.ConfigFlags { return genericclioptions.NewConfigFlags(true) }

// New connects by what the flags say. It asks the cluster nothing yet: the errors are those of the configuration.
func New(flags genericclioptions.RESTClientGetter) (*Client, error) {
	config, err := flags.ToRESTConfig()
	if err != nil {
		return nil, fmt.Errorf("read the kubeconfig: %w", err)
	}
	config.QPS, config.Burst, config.UserAgent = callsPerSecond, callsBurst, FieldManager
	namespace, _, err := flags.ToRawKubeConfigLoader().Namespace()
	if err != nil {
		return nil, fmt.Errorf("read the namespace of the kubeconfig: %w", err)
	}
	c := &Client{Namespace: namespace, Config: config}
	if c.Typed, err = kubernetes.NewForConfig(config); err != nil {
		return nil, fmt.Errorf("make a client: %w", err)
	}
	if c.Dynamic, err = dynamic.NewForConfig(config); err != nil {
		return nil, fmt.Errorf("make a dynamic client: %w", err)
	}
	if c.Metrics, err = metrics.NewForConfig(config); err != nil {
		return nil, fmt.Errorf("make a client of the metrics API: %w", err)
	}
	if c.Discovery, err = flags.ToDiscoveryClient(); err != nil {
		return nil, fmt.Errorf("make a discovery client: %w", err)
	}
	if c.Mapper, err = flags.ToRESTMapper(); err != nil {
		return nil, fmt.Errorf("make a resource mapper: %w", err)
	}
	return c, nil
}

// Inside tells whether this program runs in a Pod of the cluster it talks to, and so reaches its Pods directly.
func (c *Client) Inside() bool {
	own, err := rest.InClusterConfig()
	return err == nil && own.Host == c.Config.Host
}

// Selector is that by which a workload, named as kubectl does ("deploy/web"), finds its Pods. The error tells that it
// could not be read.
func (c *Client) Selector(ctx context.Context, namespace, object string) (*metav1.LabelSelector, error) {
	kind, name, _ := strings.Cut(object, "/")
	resource, err := c.Mapper.ResourceFor(schema.GroupVersionResource{Resource: kind})
	if err != nil {
		return nil, fmt.Errorf("find what %q is: %w", kind, err)
	}
	u, err := c.Dynamic.Resource(resource).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", object, err)
	}
	found, _, err := unstructured.NestedMap(u.Object, "spec", "selector")
	if err != nil {
		return nil, fmt.Errorf("read the selector of %s: %w", object, err)
	}
	var selector metav1.LabelSelector
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(found, &selector); err != nil {
		return nil, fmt.Errorf("read the selector of %s: %w", object, err)
	}
	return &selector, nil
}
