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
	t.Parallel()
	c := shared.Start(t)
	c.Victim(t)
	ns := c.Namespace(t, nil)
	c.Apply(t, ns, scaled)
	kube.Await(t, "the second replica", func(context.Context) bool {
		return c.Kubectl(t, "-n", ns, "get", "deploy/web", "-o", "jsonpath={.status.readyReplicas}") == "2"
	})
}

// operated is a Rollout and a ScaledObject that is paused.
const operated = `
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  strategy: {canary: {}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - {name: main, image: ` + kube.VictimImage + `, resources: {limits: {memory: 40Mi, cpu: 100m}}}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: argoproj.io/v1alpha1, kind: Rollout, name: web}
  triggers: [{type: cron, metadata: {timezone: UTC, start: 0 0 * * *, end: 1 0 * * *, desiredReplicas: "1"}}]
`

// The played controllers do what the real ones do where a tuning run looks: a new template's Pods replace the old ones, and
// the pause annotation takes the HPA away and its end brings it back.
func TestPlayedControllersKeepTheirPart(t *testing.T) {
	t.Parallel()
	c := shared.Start(t)
	c.Victim(t)
	ns := c.Namespace(t, nil)
	c.PlayRollouts(t, ns)
	c.PlayKEDA(t, ns)
	c.Apply(t, ns, operated)
	healthy := func(generation string) func(context.Context) bool {
		return func(context.Context) bool {
			said := c.Kubectl(t, "-n", ns, "get", "rollout/web", "-o", "jsonpath={.status.observedGeneration} {.status.phase} {.status.replicas}")
			return said == generation+" Healthy 1"
		}
	}
	kube.Await(t, "a healthy Rollout", healthy("1"))
	c.Kubectl(t, "-n", ns, "patch", "rollout/web", "--type=merge", "-p", `{"spec":{"template":{"metadata":{"annotations":{"a":"b"}}}}}`)
	kube.Await(t, "a healthy Rollout of the new template", healthy("2"))

	hpas := func(want string) func(context.Context) bool {
		return func(context.Context) bool {
			return strings.TrimSpace(c.Kubectl(t, "-n", ns, "get", "hpa", "-o", "name")) == want
		}
	}
	const made = "horizontalpodautoscaler.autoscaling/keda-hpa-web"
	kube.Await(t, "KEDA's HPA", hpas(made))
	c.Kubectl(t, "-n", ns, "annotate", "scaledobject/web", "autoscaling.keda.sh/paused=true")
	kube.Await(t, "the end of KEDA's HPA", hpas(""))
	c.Kubectl(t, "-n", ns, "annotate", "scaledobject/web", "autoscaling.keda.sh/paused-")
	kube.Await(t, "KEDA's HPA again", hpas(made))
}
