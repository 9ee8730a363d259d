package kube

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// pods makes Pods from words: "R" Ready, "n" not Ready, "x" being deleted, "f" failed, "o" Ready of an older template.
func pods(words string) []*core.Pod {
	var all []*core.Pod
	for i, w := range words {
		p := &core.Pod{ObjectMeta: meta.ObjectMeta{Name: "p" + string(rune('0'+i)), Annotations: map[string]string{trialAnnotation: "R-2"}}}
		switch w {
		case 'R', 'o', 'x':
			p.Status.Conditions = []core.PodCondition{{Type: core.PodReady, Status: core.ConditionTrue, LastTransitionTime: meta.Unix(1000, 0)}}
		case 'f':
			p.Status.Phase = core.PodFailed
		}
		if w == 'o' {
			p.Annotations[trialAnnotation] = "R-1"
		}
		if w == 'x' {
			p.DeletionTimestamp = &meta.Time{}
		}
		all = append(all, p)
	}
	return all
}

func TestRolloutIsDone(t *testing.T) {
	deploy := `{"metadata":{"generation":4},"spec":{"replicas":2},"status":{"observedGeneration":4}}`
	for _, c := range []struct {
		name, object, pods string
		kind               kind
		done               bool
	}{
		{"all Ready", deploy, "RR", deployment, true},
		{"one is missing", deploy, "R", deployment, false},
		{"one is not Ready", deploy, "Rn", deployment, false},
		{"an old one is left", deploy, "RRo", deployment, false},
		{"an old one is going", deploy, "RRx", deployment, false},
		{"one too many", deploy, "RRR", deployment, false},
		{"what was evicted stays in the list", deploy, "RRf", deployment, true},
		{"not looked at yet", `{"metadata":{"generation":5},"spec":{"replicas":2},"status":{"observedGeneration":4}}`, "RR", deployment, false},
		{"no replicas given are one", `{"metadata":{"generation":1},"spec":{},"status":{"observedGeneration":1}}`, "R", statefulSet, true},
		{"a Rollout observes in text", `{"metadata":{"generation":7},"spec":{"replicas":1},"status":{"observedGeneration":"7"}}`, "R", rollout, true},
		{"a Rollout has not looked", `{"metadata":{"generation":7},"spec":{"replicas":1},"status":{"observedGeneration":"6"}}`, "R", rollout, false},
		{"the nodes decide", `{"metadata":{"generation":1},"spec":{},"status":{"observedGeneration":1,"desiredNumberScheduled":3}}`, "RRR", daemonSet, true},
		{"a node is without", `{"metadata":{"generation":1},"spec":{},"status":{"observedGeneration":1,"desiredNumberScheduled":3}}`, "RR", daemonSet, false},
	} {
		o := object{unstructuredOf(parse(t, c.object))}
		if s := stands(Target{kind: c.kind}, o, pods(c.pods), "R-2"); s.done() != c.done {
			t.Errorf("%s: done %v, want %v (%s)", c.name, s.done(), c.done, s)
		}
	}
}

func TestFailing(t *testing.T) {
	now := time.Unix(2000, 0)
	late := pods("n")[0]
	late.UID = "late"
	looping := pods("n")[0]
	looping.Status.ContainerStatuses = []core.ContainerStatus{{Name: "app", RestartCount: crashes}}
	placed := map[types.UID]time.Time{"late": now.Add(-31 * time.Second)}
	for name, c := range map[string]struct {
		pod  *core.Pod
		says string
	}{
		"late":           {late, "not Ready after 30s"},
		"looping":        {looping, "ended 3 times"},
		"without a node": {pods("n")[0], ""},
		"Ready and restarted": {func() *core.Pod {
			p := pods("R")[0]
			p.Status.ContainerStatuses = looping.Status.ContainerStatuses
			return p
		}(), ""},
	} {
		got := failing([]*core.Pod{c.pod}, placed, 30*time.Second, now)
		if !strings.Contains(got, c.says) || (c.says == "") != (got == "") {
			t.Errorf("%s: %q, want %q", name, got, c.says)
		}
	}
}

func TestRefused(t *testing.T) {
	image, room := pods("n")[0], pods("n")[0]
	image.Status.ContainerStatuses = []core.ContainerStatus{{Name: "app", State: core.ContainerState{Waiting: &core.ContainerStateWaiting{Reason: "ImagePullBackOff", Message: "no such image"}}}}
	room.Status.Conditions = []core.PodCondition{{Type: core.PodScheduled, Status: core.ConditionFalse, Reason: "Unschedulable", Message: "0/1 nodes: Insufficient memory"}}
	pulling := pods("n")[0]
	pulling.Status.ContainerStatuses = []core.ContainerStatus{{Name: "app", State: core.ContainerState{Waiting: &core.ContainerStateWaiting{Reason: "ErrImagePull", Message: "no route"}}}}
	starting := pods("n")[0]
	starting.Status.ContainerStatuses = []core.ContainerStatus{{Name: "app", State: core.ContainerState{Waiting: &core.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}}}
	for name, c := range map[string]struct {
		pod  *core.Pod
		says string
		hard bool
	}{
		"image": {image, "no such image", true}, "image, the first time": {pulling, "no route", false}, "room": {room, "Insufficient memory", false}, "crash loop": {starting, "", false},
	} {
		why, hard := refused([]*core.Pod{c.pod})
		if !strings.Contains(why, c.says) || (c.says == "") != (why == "") || hard != c.hard {
			t.Errorf("%s: %q %v, want %q %v", name, why, hard, c.says, c.hard)
		}
	}
}

// list is a ResourceList from pairs.
func list(pairs ...string) core.ResourceList {
	l := core.ResourceList{}
	for i := 0; i < len(pairs); i += 2 {
		l[core.ResourceName(pairs[i])] = resource.MustParse(pairs[i+1])
	}
	return l
}

func TestQoS(t *testing.T) {
	both := core.Container{Resources: core.ResourceRequirements{Limits: list("cpu", "1", "memory", "1Gi")}}
	equal := core.Container{Resources: core.ResourceRequirements{Limits: list("cpu", "1", "memory", "1Gi"), Requests: list("cpu", "1000m", "memory", "1024Mi")}}
	less := core.Container{Resources: core.ResourceRequirements{Limits: list("cpu", "1", "memory", "1Gi"), Requests: list("cpu", "500m")}}
	for name, c := range map[string]struct {
		spec core.PodSpec
		want core.PodQOSClass
	}{
		"limits alone":          {core.PodSpec{Containers: []core.Container{both}}, core.PodQOSGuaranteed},
		"equal":                 {core.PodSpec{Containers: []core.Container{equal}}, core.PodQOSGuaranteed},
		"less":                  {core.PodSpec{Containers: []core.Container{equal, less}}, core.PodQOSBurstable},
		"one has none":          {core.PodSpec{Containers: []core.Container{both, {}}}, core.PodQOSBurstable},
		"an init container too": {core.PodSpec{InitContainers: []core.Container{{}}, Containers: []core.Container{both}}, core.PodQOSBurstable},
		"nothing":               {core.PodSpec{Containers: []core.Container{{}}}, core.PodQOSBestEffort},
	} {
		if got := qos(c.spec); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestDiffers(t *testing.T) {
	want := scenarios.Resources{CPULimit: 500, MemoryLimit: 64 * scenarios.MiB, MemoryRequest: 32 * scenarios.MiB}
	good := core.ResourceRequirements{Limits: list("cpu", "500m", "memory", "64Mi"), Requests: list("cpu", "0.5", "memory", "32Mi")}
	for name, c := range map[string]struct {
		want   scenarios.Resources
		spec   core.ResourceRequirements
		status *core.ResourceRequirements
		says   string
	}{
		"as asked, a request that is not set is the limit": {want, good, &good, ""},
		"a webhook raised it":                              {want, core.ResourceRequirements{Limits: list("cpu", "500m", "memory", "1Gi"), Requests: good.Requests}, nil, "has CPU"},
		"not in force yet":                                 {want, good, &core.ResourceRequirements{Limits: list("cpu", "1", "memory", "64Mi")}, "runs with CPU"},
		"below what a kubelet can hold": {
			scenarios.Resources{CPULimit: 5, CPURequest: 5}, core.ResourceRequirements{Limits: list("cpu", "5m"), Requests: list("cpu", "5m")},
			&core.ResourceRequirements{Limits: list("cpu", "10m")}, ""},
	} {
		got := differs(c.want, c.spec, c.status)
		if !strings.Contains(got, c.says) || (c.says == "") != (got == "") {
			t.Errorf("%s: %q, want %q", name, got, c.says)
		}
	}
}

func TestResizesWithoutRestart(t *testing.T) {
	pod := func(change func(*core.Pod)) *core.Pod {
		p := &core.Pod{Spec: core.PodSpec{Containers: []core.Container{{Name: "app", Resources: core.ResourceRequirements{
			Limits: list("cpu", "1", "memory", "64Mi"), Requests: list("cpu", "1", "memory", "64Mi")}}}}}
		p.Status.QOSClass = core.PodQOSGuaranteed
		change(p)
		return p
	}
	to := settingsOf("app", scenarios.Resources{CPULimit: 500, CPURequest: 500, MemoryLimit: 64 * scenarios.MiB})
	for name, c := range map[string]struct {
		pod  *core.Pod
		want bool
	}{
		"allowed":           {pod(func(*core.Pod) {}), true},
		"another QoS class": {pod(func(p *core.Pod) { p.Status.QOSClass = core.PodQOSBurstable }), false},
		"a policy": {pod(func(p *core.Pod) {
			p.Spec.Containers[0].ResizePolicy = []core.ContainerResizePolicy{{ResourceName: core.ResourceCPU, RestartPolicy: core.RestartContainer}}
		}), false},
		"restarted before": {pod(func(p *core.Pod) { p.Status.ContainerStatuses = []core.ContainerStatus{{Name: "app", RestartCount: 1}} }), false},
	} {
		if got := resizes(c.pod, to); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	text, err := resizePatch(pod(func(*core.Pod) {}), to)
	if err != nil {
		t.Fatal(err)
	}
	var patch struct{ Spec core.PodSpec }
	if err := json.Unmarshal(text, &patch); err != nil {
		t.Fatal(err)
	}
	if got := resourcesOf(patch.Spec.Containers[0].Resources); got.CPULimit != 500 || got.CPURequest != 500 || got.MemoryLimit != 64*scenarios.MiB {
		t.Errorf("the patch asks for %+v", got)
	}
}

func settingsOf(container string, r scenarios.Resources) tuner.Settings {
	return tuner.Settings{{Container: container, Resources: r}}
}

// A copy's Pods have one label, its own; the object it is of is left alone.
func TestCopyServesNobody(t *testing.T) {
	text := `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","labels":{"a":"b"},"annotations":{"argocd.argoproj.io/tracking-id":"x"}},
	 "spec":{"replicas":9,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"},"annotations":{"x":"y"}},"spec":{"containers":[{"name":"app"}]}}}}`
	o := object{unstructuredOf(parse(t, text))}
	got := copyOf(Target{kind: deployment, Namespace: "n", Object: "web"}, o, 2)
	selector, err := got.selector()
	template, err2 := got.template()
	if err != nil || err2 != nil || selector != copyLabel+"=web-plimsoll" || len(template.Labels) != 1 || template.Annotations["x"] != "y" {
		t.Errorf("selector %s, labels %v, %v, %v", selector, template.Labels, err, err2)
	}
	if got.GetName() != "web-plimsoll" || len(got.GetLabels()) > 0 || keptBy(got) != "" || got.number(0, "spec", "replicas") != 2 {
		t.Errorf("the copy is %v", got.Object)
	}
	if same := (object{unstructuredOf(parse(t, text))}); o.GetName() != same.GetName() || o.number(0, "spec", "replicas") != 9 || keptBy(o) != "Argo CD" {
		t.Error("the object itself was changed")
	}
}

func TestTunable(t *testing.T) {
	for name, c := range map[string]struct{ object, says string }{
		"plain":     {`{"metadata":{},"spec":{}}`, ""},
		"owned":     {`{"metadata":{"ownerReferences":[{"kind":"App","name":"a","uid":"u","controller":true}]},"spec":{}}`, "its owner, App a,"},
		"Flux":      {`{"metadata":{"labels":{"kustomize.toolkit.fluxcd.io/name":"x"}},"spec":{}}`, "Flux manages it"},
		"Argo CD":   {`{"metadata":{"managedFields":[{"manager":"argocd-controller"}]},"spec":{}}`, "Argo CD manages it"},
		"paused":    {`{"metadata":{},"spec":{"paused":true}}`, "paused"},
		"OnDelete":  {`{"metadata":{},"spec":{"updateStrategy":{"type":"OnDelete"}}}`, "OnDelete"},
		"part":      {`{"metadata":{},"spec":{"updateStrategy":{"rollingUpdate":{"partition":1}}}}`, "partition of 1"},
		"elsewhere": {`{"metadata":{},"spec":{"workloadRef":{"kind":"Deployment","name":"d"}}}`, "Deployment d"},
	} {
		err := tunable(Target{kind: deployment, Object: "web"}, object{unstructuredOf(parse(t, c.object))})
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}
