package glance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll/plimsoll/scenarios"
)

const cadvisor = `# HELP container_cpu_cfs_periods_total Number of elapsed enforcement period intervals.
# TYPE container_cpu_cfs_periods_total counter
container_cpu_cfs_periods_total{container="",id="/kubepods",image="",name="",namespace="",pod=""} 9000 1700000000000
container_cpu_cfs_periods_total{container="app",id="/kubepods/a",namespace="shop",pod="web-6d4-x"} 1200 1700000000000
container_cpu_cfs_throttled_periods_total{container="app",id="/kubepods/a",namespace="shop",pod="web-6d4-x"} 300 1700000000000
container_cpu_cfs_periods_total{container="idle",namespace="shop",pod="web-6d4-x"} 0
container_memory_working_set_bytes{container="app",namespace="shop",pod="web-6d4-x"} 1e+06
`

func TestDecodePeriods(t *testing.T) {
	all, err := decodePeriods([]byte(cadvisor))
	if err != nil {
		t.Fatal(err)
	}
	app, idle := all[containerKey{"shop", "web-6d4-x", "app"}], all[containerKey{"shop", "web-6d4-x", "idle"}]
	if r := app.ratio(); len(all) != 2 || r == nil || *r != 0.25 {
		t.Errorf("%d containers, %+v", len(all), app)
	}
	if idle.ratio() != nil {
		t.Error("no periods are a ratio")
	}
	for _, bad := range []string{periodsSeries + `{container="a"`, periodsSeries + `{container="a"}`, periodsSeries + `{container="a"} x`} {
		if _, err := decodePeriods([]byte(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func FuzzDecodePeriods(f *testing.F) {
	f.Add([]byte(cadvisor))
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := decodePeriods(text)
		if err != nil {
			return
		}
		for key, p := range all {
			if r := p.ratio(); key.container == "" || r != nil && !(*r >= 0 && *r <= 1) {
				t.Errorf("%+v %+v", key, p)
			}
		}
	})
}

func pod(name string, owner metav1.OwnerReference, hash string) corev1.Pod {
	p := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, Labels: map[string]string{"pod-template-hash": hash}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Resources: corev1.ResourceRequirements{
			Requests: corev1.ResourceList{"cpu": resource.MustParse("500m")}, Limits: corev1.ResourceList{"memory": resource.MustParse("64Mi")}}}}},
		Status: corev1.PodStatus{Phase: corev1.PodRunning}}
	if owner.Kind != "" {
		owner.Controller = new(true)
		p.OwnerReferences = []metav1.OwnerReference{owner}
	}
	return p
}

// A Pod that terminates is still Running for its grace, and no replica any more: it sets nothing aside, and one that was
// killed for memory on its way out is no danger of those that stay.
func TestTerminatingPodIsNoReplica(t *testing.T) {
	replicaSet := metav1.OwnerReference{Kind: "ReplicaSet", Name: "web-6d4"}
	stays, goes := pod("web-6d4-x", replicaSet, "6d4"), pod("web-6d4-y", replicaSet, "6d4")
	goes.DeletionTimestamp = &metav1.Time{Time: time.Unix(1700000000, 0)}
	goes.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "app", RestartCount: 3,
		LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "OOMKilled"}}}}
	used := map[containerKey]usage{{"shop", "web-6d4-x", "app"}: {100, 10 * scenarios.MiB}}
	all := gather([]corev1.Pod{stays, goes}, used, nil)
	if len(all) != 1 || all[0].Replicas != 1 {
		t.Fatalf("%+v", all)
	}
	if c := all[0].Containers[0]; c.OOMKills != 0 || c.Restarts != 0 || c.UsedCPU == nil || *c.UsedCPU != 100 {
		t.Errorf("%+v", c)
	}
	if all := gather([]corev1.Pod{goes}, used, nil); len(all) != 0 {
		t.Errorf("a workload that is gone: %+v", all)
	}
}

// While a rollout is under way the newest Pod says what the workload sets aside, in whatever order they are listed.
func TestResourcesOfTheNewestPod(t *testing.T) {
	old, young := pod("web-6d4-x", metav1.OwnerReference{Kind: "ReplicaSet", Name: "web-6d4"}, "6d4"), pod("web-7f9-a", metav1.OwnerReference{Kind: "ReplicaSet", Name: "web-7f9"}, "7f9")
	old.CreationTimestamp, young.CreationTimestamp = metav1.Unix(1700000000, 0), metav1.Unix(1700000060, 0)
	young.Spec.Containers[0].Resources.Requests = corev1.ResourceList{"cpu": resource.MustParse("200m")}
	for _, listed := range [][]corev1.Pod{{old, young}, {young, old}} {
		first := listed[0].Name
		all := gather(listed, nil, nil)
		if len(all) != 1 || all[0].Replicas != 2 || all[0].Containers[0].CPURequest != 200 {
			t.Errorf("%s listed first: %+v", first, all)
		}
		if listed[0].Name != first {
			t.Error("the list of the caller was sorted")
		}
	}
}

// A kubelet that hangs costs its own figures and no others; no more than eight are asked at once. The time is that of the
// bubble.
func TestOneHungKubeletBlindsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var nodes, hung []string
		for i := range 40 {
			name := fmt.Sprintf("node-%02d", i)
			nodes = append(nodes, name)
			if i%10 == 0 {
				hung = append(hung, name)
			}
		}
		var asked, most atomic.Int64
		read := func(ctx context.Context, node string) ([]byte, error) {
			n := asked.Add(1)
			defer asked.Add(-1)
			for seen := most.Load(); n > seen && !most.CompareAndSwap(seen, n); seen = most.Load() {
			}
			if slices.Contains(hung, node) {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			time.Sleep(time.Second)
			return fmt.Appendf(nil, "%s{namespace=\"shop\",pod=%q,container=\"app\"} 10\n", periodsSeries, "on-"+node), nil
		}
		began := time.Now()
		all, unread := readNodes(t.Context(), nodes, read)
		if took := time.Since(began); took > 13*time.Second || most.Load() != nodesAtOnce {
			t.Errorf("40 nodes took %v, %d at once", took, most.Load())
		}
		if len(all) != 36 || all[containerKey{"shop", "on-node-39", "app"}].all != 10 {
			t.Errorf("%d nodes were read", len(all))
		}
		want := []string{}
		for _, node := range hung {
			want = append(want, "throttling on node "+node+": no answer within 8s")
		}
		if !slices.Equal(unread, want) {
			t.Errorf("%q", unread)
		}
	})
}

// What a kubelet or the API server answers is told, and so is that the scan itself was ended.
func TestWhyANodeWasNotRead(t *testing.T) {
	ended, end := context.WithCancel(t.Context())
	end()
	for name, c := range map[string]struct {
		ctx  context.Context
		text string
		err  error
		want string
	}{
		"refused": {t.Context(), "", errors.New("forbidden"), "throttling on node a: forbidden"},
		"garbled": {t.Context(), periodsSeries + `{container="a"`, nil, "throttling on node a: no end of the labels in " + fmt.Sprintf("%q", periodsSeries+`{container="a"`)},
		"ended":   {ended, "", context.Canceled, "throttling on node a: context canceled"},
	} {
		_, unread := readNodes(c.ctx, []string{"a"}, func(context.Context, string) ([]byte, error) { return []byte(c.text), c.err })
		if len(unread) != 1 || unread[0] != c.want {
			t.Errorf("%s: %q, want %q", name, unread, c.want)
		}
	}
}

func TestGather(t *testing.T) {
	replicaSet := metav1.OwnerReference{Kind: "ReplicaSet", Name: "web-6d4"}
	first, second := pod("web-6d4-x", replicaSet, "6d4"), pod("web-6d4-y", replicaSet, "6d4")
	second.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "app", RestartCount: 3,
		LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "OOMKilled", FinishedAt: metav1.Unix(1700000000, 0)}}}}
	done := pod("web-6d4-z", replicaSet, "6d4")
	done.Status.Phase = corev1.PodSucceeded
	pods := []corev1.Pod{first, second, done, pod("db-0", metav1.OwnerReference{Kind: "StatefulSet", Name: "db"}, ""), pod("lone", metav1.OwnerReference{}, "")}
	used := map[containerKey]usage{{"shop", "web-6d4-x", "app"}: {100, 10 * scenarios.MiB}, {"shop", "web-6d4-y", "app"}: {300, 5 * scenarios.MiB}}
	all := gather(pods, used, map[containerKey]periods{{"shop", "web-6d4-y", "app"}: {100, 50}})
	if len(all) != 3 || all[0].Name != "web" || all[0].Kind != "Deployment" || all[1].Kind != "Pod" || all[2].Name != "db" {
		t.Fatalf("%+v", all)
	}
	c := all[0].Containers[0]
	if all[0].Replicas != 2 || *c.UsedCPU != 300 || *c.UsedMemory != 10*scenarios.MiB || c.CPURequest != 500 || c.CPULimit != 0 ||
		c.MemoryLimit != 64*scenarios.MiB || *c.Throttled != 0.5 || c.OOMKills != 1 || c.Restarts != 3 || c.LastOOMKill.Unix() != 1700000000 {
		t.Errorf("%+v", c)
	}
	if db := all[2].Containers[0]; db.UsedCPU != nil {
		t.Error("a container that metrics-server does not know has a usage")
	}
	delete(used, containerKey{"shop", "web-6d4-x", "app"})
	if c := gather(pods, used, nil)[0].Containers[0]; c.UsedCPU != nil || c.Throttled != nil {
		t.Error("one replica that is not known may be the busiest")
	}
}
