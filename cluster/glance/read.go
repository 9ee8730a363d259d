package glance

import (
	"context"
	"fmt"
	"maps"
	"slices"

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
	throttled, unread := readNodes(ctx, c, pods.Items)
	reading.Unread = append(reading.Unread, unread...)
	reading.Workloads = gather(pods.Items, used, throttled)
	return reading, nil
}

// readNodes reads the periods of every container from the kubelets of the Pods' nodes, by way of the API server.
func readNodes(ctx context.Context, c *cluster.Client, pods []corev1.Pod) (map[containerKey]periods, []string) {
	nodes := map[string]bool{}
	for _, p := range pods {
		if p.Spec.NodeName != "" && p.Status.Phase == corev1.PodRunning {
			nodes[p.Spec.NodeName] = true
		}
	}
	all, unread := map[containerKey]periods{}, []string{}
	for _, node := range slices.Sorted(maps.Keys(nodes)) {
		text, err := c.Typed.CoreV1().RESTClient().Get().Resource("nodes").Name(node).SubResource("proxy").Suffix("metrics/cadvisor").DoRaw(ctx)
		if err == nil {
			var here map[containerKey]periods
			if here, err = decodePeriods(text); err == nil {
				maps.Copy(all, here)
			}
		}
		if err != nil {
			unread = append(unread, fmt.Sprintf("throttling on node %s: %v", node, err))
		}
	}
	return all, unread
}
