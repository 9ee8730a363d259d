package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll/plimsoll/test/chart"
	"github.com/plimsoll/plimsoll/test/kube"
)

// deployment is one named like the simulated workload, with these resources as JSON.
func deployment(resources string) string {
	return `
apiVersion: apps/v1
kind: Deployment
metadata: {name: model}
spec:
  replicas: 2
  selector: {matchLabels: {app: model}}
  template:
    metadata: {labels: {app: model}}
    spec:
      containers:
      - {name: app, image: ` + kube.VictimImage + `, resources: ` + resources + `}
      - {name: side, image: ` + kube.VictimImage + `, args: [-listen, ":8081"], resources: {limits: {memory: 40Mi, cpu: 50m}}}
`
}

// before are resources that no search derives.
const before = `{requests: {cpu: 60m, memory: 90Mi}, limits: {cpu: 999m, memory: 999Mi}}`

// program builds plimsoll.
func program(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "plimsoll")
	if out, err := exec.Command("go", "build", "-o", path, "../../../cmd/plimsoll").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

// run runs a program to its end; an error ends the test.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Every kind of patch puts the same derived values on a Deployment of a real API server, and leaves its sidecar alone.
func TestPatchesApply(t *testing.T) {
	t.Parallel() // nothing is measured
	c := shared.Start(t)
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	run(t, program(t), "tune", "-f", "../../../cmd/plimsoll/testdata/simulated.yaml", "--report-dir", dir, "--quiet",
		"-o", "patch="+at("patch.yaml"), "-o", "kubectl="+at("command"), "-o", "kustomize="+at("component.yaml"), "-o", "helm-values="+at("values.yaml"), "--helm-path", "{container}.resources")
	var values struct {
		App struct{ Resources map[string]map[string]string }
	}
	if err := yaml.Unmarshal([]byte(read(t, at("values.yaml"))), &values); err != nil {
		t.Fatal(err)
	}
	want, err := json.Marshal(values.App.Resources)
	if err != nil {
		t.Fatal(err)
	}
	for name, apply := range map[string]func(ns string){
		"strategic merge": func(ns string) { c.Kubectl(t, "-n", ns, "patch", "deploy/model", "--patch-file", at("patch.yaml")) },
		"kubectl command": func(ns string) {
			words := run(t, "sh", "-c", `kubectl() { printf '%s\0' "$@"; }; `+read(t, at("command")))
			c.Kubectl(t, append([]string{"-n", ns}, strings.Split(strings.TrimSuffix(words, "\x00"), "\x00")...)...)
		},
		"kustomize component": func(ns string) {
			write(t, at("overlay/deployment.yaml"), deployment(before))
			write(t, at("overlay/kustomization.yaml"), "resources: [deployment.yaml]\ncomponents: [limits]\n")
			write(t, at("overlay/limits/kustomization.yaml"), read(t, at("component.yaml")))
			c.Apply(t, ns, c.Kubectl(t, "kustomize", at("overlay")))
		},
		"Helm values": func(ns string) {
			write(t, at("image.yaml"), "image: "+kube.VictimImage+"\n")
			c.Apply(t, ns, chart.Render(t, "model", at("image.yaml"), at("values.yaml")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			ns := c.Namespace(t, nil)
			c.Apply(t, ns, deployment(before))
			apply(ns)
			for i, resources := range []string{string(want), `{"limits":{"cpu":"50m","memory":"40Mi"}}`} {
				got := c.Kubectl(t, "-n", ns, "get", "deploy/model", "-o", fmt.Sprintf("jsonpath={.spec.template.spec.containers[%d].resources}", i))
				if got != resources {
					t.Errorf("container %d has %s, want %s", i, got, resources)
				}
			}
		})
	}
}

// A scan of a real cluster names what was killed, what is set aside, and the command to run next; it changes nothing.
func TestScan(t *testing.T) {
	c := shared.Start(t)
	c.Victim(t)
	ns := c.Namespace(t, nil)
	c.Apply(t, ns, deployment(before))
	c.Kubectl(t, "-n", ns, "rollout", "status", "deploy/model", "--timeout=60s")
	c.AwaitMetrics(t, ns)
	plimsoll := program(t)
	var ranking struct {
		BySpare []struct {
			Name        string
			Replicas    int
			SpareMemory *int64 `json:"spare_memory_bytes"`
		} `json:"by_spare"`
		Reading struct{ Unread []string }
		Next    string
	}
	kube.Await(t, "the usage of both replicas", func(context.Context) bool {
		out := run(t, plimsoll, "scan", "--kubeconfig", c.Kubeconfig, "-n", ns, "-o", "json")
		if err := json.Unmarshal([]byte(out), &ranking); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return len(ranking.BySpare) == 1 && ranking.BySpare[0].SpareMemory != nil
	})
	if got := ranking.BySpare[0]; got.Name != "model" || got.Replicas != 2 || *got.SpareMemory < 50<<20 {
		t.Errorf("%+v", ranking)
	}
	if len(ranking.Reading.Unread) > 0 || !strings.Contains(ranking.Next, "plimsoll init deployment/model -n "+ns+" ") {
		t.Errorf("%+v", ranking)
	}
	t.Log(run(t, plimsoll, "scan", "--kubeconfig", c.Kubeconfig, "-A"))
}
