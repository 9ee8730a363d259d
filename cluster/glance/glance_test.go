package glance

import (
	"testing"
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
