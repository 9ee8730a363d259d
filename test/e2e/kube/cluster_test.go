package kube

import (
	"context"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/test/kube"
)

// eater is killed by the kernel as it starts, and then again.
const eater = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: eater}
spec:
  selector: {matchLabels: {app: eater}}
  template:
    metadata: {labels: {app: eater}}
    spec:
      containers:
      - name: main
        image: ` + kube.VictimImage + `
        args: [-start-mib=80]
        resources: {limits: {memory: 40Mi, cpu: 500m}}
`

// The cluster the other tests rely on kills for memory and says so.
func TestKubeletReportsOOMKill(t *testing.T) {
	c := shared.Start(t)
	c.Victim(t)
	ns := c.Namespace(t, nil)
	c.Apply(t, ns, eater)
	kube.Await(t, "a kill for memory", func(context.Context) bool {
		said := c.Kubectl(t, "-n", ns, "get", "pods", "-o", "jsonpath={.items[*].status.containerStatuses[*].lastState.terminated.reason}")
		return strings.Contains(said, "OOMKilled")
	})
}

// scaled has an HPA on hits per second from the adapter.
const scaled = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels: {app: web}
      annotations: {plimsoll.test/hits_per_second: "30"}
    spec:
      containers:
      - {name: main, image: ` + kube.VictimImage + `, ports: [{containerPort: 8080}], resources: {limits: {memory: 40Mi, cpu: 100m}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 1
  maxReplicas: 2
  metrics: [{type: Pods, pods: {metric: {name: hits_per_second}, target: {type: AverageValue, averageValue: "10"}}}]
`

// A real HPA scales on hits per second.
func TestHPAScalesOnHitsPerSecond(t *testing.T) {
	c := shared.Start(t)
	c.Victim(t)
	ns := c.Namespace(t, nil)
	c.Apply(t, ns, scaled)
	kube.Await(t, "the second replica", func(context.Context) bool {
		return c.Kubectl(t, "-n", ns, "get", "deploy/web", "-o", "jsonpath={.status.readyReplicas}") == "2"
	})
}
