package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/test/kube"
	"github.com/plimsoll/plimsoll/tuner/compat"
)

// web is a Deployment of the victim with these requests and limits.
func web(replicas int, resources string) string {
	return fmt.Sprintf(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: %d
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: main, image: %s, ports: [{containerPort: 8080}], resources: %s}
`, replicas, kube.VictimImage, resources)
}

const scaledOnCPU = `---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: %d
  maxReplicas: %d
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: %d}}}]
`

const freeVPA = `---
apiVersion: autoscaling.k8s.io/v1
kind: VerticalPodAutoscaler
metadata: {name: web}
spec:
  targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  updatePolicy: {updateMode: Recreate}
`

// readerRole is all that compat needs; it holds nothing of the whole cluster.
const readerRole = `
apiVersion: v1
kind: ServiceAccount
metadata: {name: reader}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules:
- {apiGroups: [apps], resources: [deployments], verbs: [get]}
- {apiGroups: [""], resources: [pods, limitranges, resourcequotas], verbs: [list]}
- {apiGroups: [autoscaling], resources: [horizontalpodautoscalers], verbs: [list]}
- {apiGroups: [autoscaling.k8s.io], resources: [verticalpodautoscalers], verbs: [list]}
- {apiGroups: [keda.sh], resources: [scaledobjects], verbs: [list]}
- {apiGroups: [policy], resources: [poddisruptionbudgets], verbs: [list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: reader}]
`

// judged is one namespace and the program that judges deploy/web in it.
type judged struct {
	*kube.Cluster
	program, namespace string
}

func newJudged(t *testing.T) judged {
	c := shared.Start(t)
	c.Victim(t)
	j := judged{c, kube.Build(t, "cmd/plimsoll"), c.Namespace(t, nil)}
	c.Apply(t, j.namespace, readerRole)
	return j
}

// findings runs compat as the least-privileged reader and returns what it found by rule, and its exit code.
func (j judged) findings(t *testing.T) (map[string]compat.Finding, int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), j.program, "compat", "deploy/web", "-n", j.namespace, "-o", "json",
		"--kubeconfig", j.Kubeconfig, "--as", "system:serviceaccount:"+j.namespace+":reader")
	out, err := cmd.Output()
	if len(out) == 0 {
		t.Fatalf("compat: %v", err)
	}
	var document struct{ Workloads []compat.Report }
	if err := json.Unmarshal(out, &document); err != nil || len(document.Workloads) != 1 {
		t.Fatalf("%v\n%s", err, out)
	}
	byRule := map[string]compat.Finding{}
	for _, f := range document.Workloads[0].Findings {
		byRule[f.Rule] = f
	}
	return byRule, cmd.ProcessState.ExitCode()
}

// mend applies the mend of a finding as its own command says.
func (j judged) mend(t *testing.T, f compat.Finding) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "mend.yaml")
	if f.Mend == nil || f.Mend.How != compat.MergePatch {
		t.Fatalf("%s has no merge patch: %+v", f.Rule, f.Mend)
	}
	if err := os.WriteFile(file, []byte(f.Mend.YAML), 0o600); err != nil {
		t.Fatal(err)
	}
	j.Kubectl(t, "-n", j.namespace, "patch", f.Mend.Object.Kind, f.Mend.Object.Name, "--type", "merge", "--patch-file", file)
}

// get is one field of an object by its JSON path.
func (j judged) get(t *testing.T, object, path string) string {
	t.Helper()
	return j.Kubectl(t, "-n", j.namespace, "get", object, "-o", "jsonpath={"+path+"}")
}

// An HPA and a VPA on one resource are found with the right bounds, a quota that is too small with the replicas that fit;
// once the mends are applied nothing of it is left. All with a role that reads one namespace.
func TestCompatFindsAndMends(t *testing.T) {
	t.Parallel()
	j := newJudged(t)
	j.Apply(t, j.namespace, web(1, "{requests: {cpu: 100m, memory: 32Mi}, limits: {cpu: 200m, memory: 64Mi}}")+fmt.Sprintf(scaledOnCPU, 2, 10, 50)+freeVPA+`---
apiVersion: v1
kind: ResourceQuota
metadata: {name: team}
spec: {hard: {requests.cpu: 250m}}
`)
	found, code := j.findings(t)
	if code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	for rule, part := range map[string]string{"R1": "multiplies the replicas by 1.74, up to maxReplicas 10", "R7": "Pods after number 2 are refused", "R12": "it stalls", "R8": "CPU request below 100m"} {
		if !strings.Contains(found[rule].Why, part) {
			t.Errorf("%s: %q lacks %q", rule, found[rule].Why, part)
		}
	}
	j.mend(t, found["R1"])
	j.mend(t, found["R12"])
	// The quota has room for a rollout now, and so for one Pod more.
	if found, _ = j.findings(t); !strings.Contains(found["R7"].Why, "Pods after number 3 are refused") {
		t.Errorf("R7 after the quota was raised: %q", found["R7"].Why)
	}
	j.mend(t, found["R7"])
	kube.Await(t, "peace", func(context.Context) bool {
		found, _ = j.findings(t)
		for _, rule := range []string{"R1", "R7", "R8", "R10", "R12"} {
			if _, left := found[rule]; left {
				return false
			}
		}
		return true
	})
}

// hit sends load to a Pod of the namespace until the context ends: callers at a time, each waiting for its reply.
func hit(ctx context.Context, address string, callers int) *sync.WaitGroup {
	var all sync.WaitGroup
	client := &http.Client{Timeout: 5 * time.Second}
	for range callers {
		all.Go(func() {
			for ctx.Err() == nil {
				request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+":8080/?cpu=20ms", nil)
				if err != nil {
					return
				}
				reply, err := client.Do(request)
				if err == nil {
					_ = reply.Body.Close()
				}
			}
		})
	}
	return &all
}

// A Guaranteed Deployment at a target of 95 % never scales, however loaded it is; at the target of the mend it does.
func TestCompatDeadHPA(t *testing.T) {
	t.Parallel() // a Pod that is saturated stays so beside others
	long(t)
	j := newJudged(t)
	j.Apply(t, j.namespace, web(1, "{limits: {cpu: 200m, memory: 64Mi}}")+fmt.Sprintf(scaledOnCPU, 1, 3, 95))
	found, _ := j.findings(t)
	if !strings.Contains(found["R3"].Why, "104.5 %") {
		t.Fatalf("R3: %+v", found["R3"])
	}
	j.Kubectl(t, "-n", j.namespace, "rollout", "status", "deploy/web", "--timeout=60s")
	ctx, stop := context.WithCancel(t.Context())
	callers := hit(ctx, j.get(t, "pods", ".items[0].status.podIP"), 4)
	defer func() { stop(); callers.Wait() }()
	usage := func() int {
		n, _ := strconv.Atoi(j.get(t, "hpa/web", ".status.currentMetrics[0].resource.current.averageUtilization"))
		return n
	}
	kube.Await(t, "saturation", func(context.Context) bool { return usage() >= 90 })
	// Three looks of the HPA at a saturated Pod.
	for end := time.Now().Add(45 * time.Second); time.Now().Before(end); time.Sleep(time.Second) {
		if n := j.get(t, "hpa/web", ".status.desiredReplicas"); n != "1" {
			t.Fatalf("it wants %s replicas at a usage of %d %%: it was said to be unable to scale", n, usage())
		}
	}
	j.mend(t, found["R3"])
	kube.Await(t, "the second replica", func(context.Context) bool { return j.get(t, "hpa/web", ".status.desiredReplicas") != "1" })
}
