package preflight

import (
	"context"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/plimsoll/plimsoll/cluster"
)

// Source is one place that figures can come from.
type Source struct {
	Name string `json:"name"`
	// Mode of working that it belongs to.
	Mode    Mode `json:"mode"`
	Answers bool `json:"answers"`
	// Newest is the age of its newest sample; nil where it has none or was not asked for one.
	Newest *time.Duration `json:"newest_sample_age_ns,omitempty"`
	// Window is what one sample covers; nil where it does not say.
	Window *time.Duration `json:"sample_window_ns,omitempty"`
	// Detail says what it sees, or why it does not answer.
	Detail string `json:"detail"`
	// Lacks is what the result is without where it does not answer, and Fix what would bring it.
	Lacks string `json:"lacks,omitempty"`
	Fix   string `json:"fix,omitempty"`
}

// metricsServer asks metrics.k8s.io for the Pods in question.
func metricsServer(ctx context.Context, c *cluster.Client, q Question, groups map[string]bool) Source {
	s := Source{
		Name:  "metrics-server",
		Mode:  Tune,
		Lacks: "usage as kubectl top and the HPA see it",
		Fix:   "install metrics-server, or grant the ClusterRole plimsoll-tune of deploy/rbac.yaml",
	}
	if groups != nil && !groups["metrics.k8s.io"] {
		s.Detail = "not installed: the cluster has no metrics.k8s.io"
		return s
	}
	pods := q.Pods
	if pods == nil {
		pods = labels.Everything()
	}
	list, err := c.Metrics.MetricsV1beta1().PodMetricses(q.Namespace).List(ctx, metav1.ListOptions{LabelSelector: pods.String()})
	if err != nil {
		s.Detail = err.Error()
		return s
	}
	s.Answers = true
	s.Detail = fmt.Sprintf("%d Pods; it sees usage, but no throttling, no peaks and no OOM kills", len(list.Items))
	for _, pod := range list.Items {
		age, window := q.Now.Sub(pod.Timestamp.Time), pod.Window.Duration
		if s.Newest == nil || age < *s.Newest {
			s.Newest, s.Window = &age, &window
		}
	}
	return s
}

// readerSource looks whether a reader's Pod could run: it is not started for a look.
func readerSource(ctx context.Context, c *cluster.Client, q Question, granted bool) Source {
	s := Source{
		Name:  "kubelets, by a reader Pod",
		Mode:  Reader,
		Lacks: "throttling, memory peaks, child OOM kills and pressure: without them no CPU limit can be verified",
		Fix:   fmt.Sprintf("kubectl apply -f deploy/rbac.yaml (ServiceAccount %s in namespace %s, with nodes/metrics)", q.ReaderAccount, q.Namespace),
	}
	if !granted {
		s.Detail = "this user may not run it in namespace " + q.Namespace
		return s
	}
	_, err := c.Typed.CoreV1().ServiceAccounts(q.Namespace).Get(ctx, q.ReaderAccount, metav1.GetOptions{})
	switch {
	case apierrors.IsForbidden(err):
		s.Answers = true
		s.Detail = "may run; whether its ServiceAccount is there could not be read"
	case err != nil:
		s.Detail = err.Error()
	default:
		s.Answers = true
		s.Detail = "may run as ServiceAccount " + q.Namespace + "/" + q.ReaderAccount
	}
	return s
}

// Node is one node of the cluster.
type Node struct {
	Name      string `json:"name"`
	Kubelet   string `json:"kubelet_version"`
	Kernel    string `json:"kernel_version"`
	Runtime   string `json:"container_runtime"`
	OS        string `json:"os_image"`
	Arch      string `json:"architecture"`
	CPU       string `json:"cpu_allocatable"`
	Memory    string `json:"memory_allocatable"`
	Condition string `json:"condition"` // "Ready", or what it is instead
	// Cgroup is "v1" or "v2"; empty where the kubelet could not be asked.
	Cgroup string `json:"cgroup_version,omitempty"`
}

// readNodes reads what the nodes say of themselves, where the user may.
func (r *Report) readNodes(ctx context.Context, c *cluster.Client) {
	list, err := c.Typed.CoreV1().Nodes().List(ctx, metav1.ListOptions{Limit: nodesShown})
	if err != nil {
		r.Unknown = append(r.Unknown, "the nodes: "+err.Error())
		return
	}
	proxy := r.grantedWhole(Proxy)
	for _, n := range list.Items {
		i := n.Status.NodeInfo
		node := Node{
			Name: n.Name, Kubelet: i.KubeletVersion, Kernel: i.KernelVersion, Runtime: i.ContainerRuntimeVersion,
			OS: i.OSImage, Arch: i.Architecture, CPU: n.Status.Allocatable.Cpu().String(), Memory: n.Status.Allocatable.Memory().String(),
		}
		var wrong []string
		for _, condition := range n.Status.Conditions {
			switch {
			case condition.Type == "Ready" && condition.Status == "True":
				node.Condition = "Ready"
			case condition.Type != "Ready" && condition.Status == "True":
				wrong = append(wrong, string(condition.Type))
			}
		}
		if node.Condition == "" {
			wrong = append(wrong, "not Ready")
		}
		if len(wrong) > 0 {
			node.Condition = strings.Join(wrong, ", ")
		}
		if proxy {
			node.Cgroup = cgroupVersion(ctx, c, n.Name)
		}
		r.Nodes = append(r.Nodes, node)
	}
	if !proxy && len(list.Items) > 0 {
		r.Unknown = append(r.Unknown, "the nodes' cgroup version: a kubelet tells it only to who may get nodes/proxy")
	}
	if list.Continue != "" {
		r.Unknown = append(r.Unknown, fmt.Sprintf("the nodes after the first %d", nodesShown))
	}
}

// nodesShown is how many nodes are read: a table of thousands says nothing.
const nodesShown = 100

// grantedWhole tells whether every rule of m is granted, the optional ones too.
func (r Report) grantedWhole(m Mode) bool {
	for _, a := range r.Access {
		if a.Mode == m && !a.Granted() {
			return false
		}
	}
	return true
}

// cgroupVersion is what the kubelet of a node says in its own metrics (kubelet_cgroup_version); "" where it does not.
func cgroupVersion(ctx context.Context, c *cluster.Client, node string) string {
	text, err := c.Typed.CoreV1().RESTClient().Get().Resource("nodes").Name(node).SubResource("proxy").Suffix("metrics").DoRaw(ctx)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if value, is := strings.CutPrefix(line, "kubelet_cgroup_version "); is {
			return "v" + strings.TrimSpace(value)
		}
	}
	return ""
}
