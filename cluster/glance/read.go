package glance

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll/plimsoll/cluster"
	"github.com/plimsoll/plimsoll/tuner/scan"
)

// Read takes a glance at a namespace, or at all of them where it is empty. What could not be read besides the Pods is in
// Unread; the error tells that the Pods could not be listed. It does not set Reading.At.
func Read(ctx context.Context, c *cluster.Client, namespace string) (scan.Reading, error) {
	reading := scan.Reading{Namespace: namespace, Unread: []string{}}
	pods, err := c.Typed.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return reading, fmt.Errorf("list the Pods: %w", err)
	}
	used := map[containerKey]usage{}
	if all, err := c.Metrics.MetricsV1beta1().PodMetricses(namespace).List(ctx, metav1.ListOptions{}); err != nil {
		reading.Unread = append(reading.Unread, fmt.Sprintf("usage: metrics-server could not be asked: %v", err))
	} else {
		used = usages(all.Items)
	}
	throttled, unread := readNodes(ctx, nodesOf(pods.Items), func(ctx context.Context, node string) ([]byte, error) {
		return c.Typed.CoreV1().RESTClient().Get().Resource("nodes").Name(node).SubResource("proxy").Suffix("metrics/cadvisor").DoRaw(ctx)
	})
	reading.Unread = append(reading.Unread, unread...)
	reading.Workloads = gather(pods.Items, used, throttled)
	return reading, nil
}

// nodesOf are the nodes with running Pods, ascending.
func nodesOf(pods []corev1.Pod) []string {
	nodes := map[string]bool{}
	for _, p := range pods {
		if p.Spec.NodeName != "" && p.Status.Phase == corev1.PodRunning {
			nodes[p.Spec.NodeName] = true
		}
	}
	return slices.Sorted(maps.Keys(nodes))
}

// nodesAtOnce is how many kubelets are asked at the same time, and nodeTime how long each may take. A node of 500 Pods
// answers in a second or two; one that hangs leaves its own figures unknown and no others.
const (
	nodesAtOnce = 8
	nodeTime    = 8 * time.Second
)

// readNodes reads the periods of every container from the kubelets: read is the answer of one of them. What could not be
// read is told in the order of nodes.
func readNodes(ctx context.Context, nodes []string, read func(ctx context.Context, node string) ([]byte, error)) (map[containerKey]periods, []string) {
	here, failed := make([]map[containerKey]periods, len(nodes)), make([]error, len(nodes))
	var g errgroup.Group
	g.SetLimit(nodesAtOnce)
	for i, node := range nodes {
		g.Go(func() error {
			here[i], failed[i] = readNode(ctx, node, read)
			return nil
		})
	}
	_ = g.Wait() // the errors are in failed
	all, unread := map[containerKey]periods{}, []string{}
	for i, node := range nodes {
		maps.Copy(all, here[i])
		if failed[i] != nil {
			unread = append(unread, fmt.Sprintf("throttling on node %s: %v", node, failed[i]))
		}
	}
	return all, unread
}

// readNode reads one kubelet within its time.
func readNode(ctx context.Context, node string, read func(ctx context.Context, node string) ([]byte, error)) (map[containerKey]periods, error) {
	limited, cancel := context.WithTimeout(ctx, nodeTime)
	defer cancel()
	text, err := read(limited, node)
	switch {
	case err == nil:
		return decodePeriods(text)
	case limited.Err() != nil && ctx.Err() == nil:
		return nil, fmt.Errorf("no answer within %v", nodeTime)
	}
	return nil, err
}
