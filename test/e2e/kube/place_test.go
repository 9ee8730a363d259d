package kube

import (
	"context"
	"errors"
	"os/exec"
	"regexp"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll/plimsoll/cluster"
	"github.com/plimsoll/plimsoll/test/kube"
)

// place is a namespace of the cluster for one test, with a client of Plimsoll's own, and the image of a plimsoll.
type place struct {
	*cluster.Client
	cluster *kube.Cluster
	// version is that of the plimsoll in the image, program its file.
	version, program string
}

// newPlace makes one; labels of the namespace may be nil.
func newPlace(t *testing.T, labels map[string]string) place {
	t.Helper()
	c := shared.Start(t)
	program, err := agent()
	if err != nil {
		t.Fatal(err)
	}
	c.Plimsoll(t, program.program)
	c.Demo(t)
	flags := cluster.Flags()
	flags.KubeConfig = &c.Kubeconfig
	client, err := cluster.New(flags)
	if err != nil {
		t.Fatal(err)
	}
	client.Namespace = c.Namespace(t, labels)
	return place{client, c, program.version, program.program}
}

// build is a plimsoll with its version.
type build struct{ program, version string }

// agent is the plimsoll that runs in Pods.
var agent = sync.OnceValues(func() (build, error) {
	path, err := built()
	if err != nil {
		return build{}, err
	}
	out, err := exec.Command(path, "version").Output()
	if err != nil {
		return build{}, err
	}
	found := regexp.MustCompile(`^plimsoll (\S+),`).FindSubmatch(out)
	if found == nil {
		return build{}, errors.New("plimsoll version printed " + string(out))
	}
	return build{path, string(found[1])}, nil
})

// deployDemo starts the demo service with that many replicas and returns their addresses.
func (p place) deployDemo(t *testing.T, replicas string) []string {
	t.Helper()
	p.cluster.Apply(t, p.Namespace, `
apiVersion: apps/v1
kind: Deployment
metadata: {name: demo}
spec:
  replicas: `+replicas+`
  selector: {matchLabels: {app: demo}}
  template:
    metadata: {labels: {app: demo}}
    spec:
      containers:
      - name: app
        image: `+kube.DemoImage+`
        args: [-host=0.0.0.0]
        env: [{name: PORT, value: "8080"}]
        readinessProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 1}
        resources: {requests: {cpu: 100m}, limits: {cpu: "1", memory: 256Mi}}
`)
	p.cluster.Kubectl(t, "-n", p.Namespace, "rollout", "status", "deploy/demo", "--timeout=90s")
	pods, err := p.Typed.CoreV1().Pods(p.Namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "app=demo"})
	if err != nil {
		t.Fatal(err)
	}
	var addresses []string
	for _, pod := range pods.Items {
		addresses = append(addresses, pod.Status.PodIP+":8080")
	}
	return addresses
}

func (p place) loadJob() *cluster.LoadJob {
	return &cluster.LoadJob{
		Client: p.Client, Namespace: p.Namespace, Image: kube.PlimsollImage, Version: p.version,
		Avoid: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "demo"}}, AvoidNamespace: p.Namespace,
		Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("64Mi")},
	}
}

// left fails where something of an agent is still there.
func (p place) left(t *testing.T) {
	t.Helper()
	of := metav1.ListOptions{LabelSelector: cluster.AgentSelector}
	kube.Await(t, "the end of every Job, Pod and Secret", func(ctx context.Context) bool {
		jobs, err1 := p.Typed.BatchV1().Jobs(p.Namespace).List(ctx, of)
		pods, err2 := p.Typed.CoreV1().Pods(p.Namespace).List(ctx, of)
		secrets, err3 := p.Typed.CoreV1().Secrets(p.Namespace).List(ctx, of)
		return errors.Join(err1, err2, err3) == nil && len(jobs.Items)+len(pods.Items)+len(secrets.Items) == 0
	})
}
