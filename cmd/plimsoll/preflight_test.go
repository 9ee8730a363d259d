package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/cluster/preflight"
)

func TestPreflightTable(t *testing.T) {
	age, window := 12*time.Second, 15*time.Second
	report := preflight.Report{
		Server: "v1.35.4", Needed: []preflight.Mode{preflight.Tune, preflight.Load},
		Access: []preflight.Access{
			{Mode: preflight.Tune, Required: true, Gives: "limits to try"},
			{Mode: preflight.Load, Required: true, Gives: "a load from within the cluster", Denied: []string{"create jobs"},
				Missing: `- {apiGroups: ["batch"], resources: [jobs], verbs: [create]}`},
			{Mode: preflight.Resize, Gives: "short trials", Required: true, Denied: []string{"patch pods/resize"},
				Missing: `- {apiGroups: [""], resources: [pods/resize], verbs: [patch]}`},
		},
		Nodes: []preflight.Node{{Name: "n1", Kubelet: "v1.35.4", Kernel: "6.12.1", Runtime: "containerd://2.1", CPU: "4", Memory: "16Gi", Condition: "Ready"}},
		Sources: []preflight.Source{
			{Name: "kubelets, by a reader Pod", Detail: "not found", Lacks: "throttling", Fix: "kubectl apply -f deploy/rbac.yaml"},
			{Name: "metrics-server", Answers: true, Newest: &age, Window: &window, Detail: "2 Pods\x1b[31m"},
		},
		Bounds: []string{"ResourceQuota tight: 1 of 2 of pods are used"}, Acting: []string{"HPA web scales it"}, Unknown: []string{"nodes"},
	}
	var out bytes.Buffer
	if err := writePreflight(&out, report); err != nil {
		t.Fatal(err)
	}
	golden(t, "preflight.txt", out.String())
	if code := codeOf(preflightError(report)); code != exitMissed {
		t.Errorf("a run that lacks what it needs exits %d", code)
	}
	report.Needed = []preflight.Mode{preflight.Tune}
	if err := preflightError(report); err != nil {
		t.Errorf("a run that has all it needs ends with %v", err)
	}
}
