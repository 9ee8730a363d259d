package kube

import (
	"cmp"
	"slices"
	"time"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/plimsoll/plimsoll/workload"
)

// endings collects the ends of containers from the statuses of their Pods, each once: a kubelet shows the same end first
// as the state and then as the last state, and it shows one earlier end only.
type endings struct {
	seen     map[ending]bool
	all      []podExit
	restarts map[instance]int
}

// instance is one container of one Pod, over all its restarts; ending is the end of one of them.
type instance struct {
	pod       types.UID
	container string
}

type ending struct {
	instance
	id string
}

// podExit is an exit with the Pod it was of.
type podExit struct {
	pod types.UID
	workload.Exit
}

func newEndings() *endings { return &endings{seen: map[ending]bool{}, restarts: map[instance]int{}} }

// forget makes all that was seen so far, and the restarts of pods until now, no part of what follows.
func (e *endings) forget(pods []*core.Pod) {
	e.all = nil
	clear(e.restarts)
	for _, p := range pods {
		for _, s := range statuses(p) {
			e.restarts[instance{p.UID, s.Name}] = int(s.RestartCount)
		}
	}
}

// statuses are those of the containers that run beside each other, and of init containers that ended badly.
func statuses(pod *core.Pod) []core.ContainerStatus {
	return slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses)
}

// see adds the ends that a status of pod shows. What ends because its Pod is being deleted was asked for.
func (e *endings) see(pod *core.Pod) {
	ready := podReady(pod)
	for _, s := range statuses(pod) {
		for _, t := range []*core.ContainerStateTerminated{s.LastTerminationState.Terminated, s.State.Terminated} {
			if t == nil || initDone(pod, s.Name, t) {
				continue
			}
			key := ending{instance{pod.UID, s.Name}, cmp.Or(t.ContainerID, t.FinishedAt.String())}
			if e.seen[key] {
				continue
			}
			e.seen[key] = true
			if pod.DeletionTimestamp == nil {
				e.all = append(e.all, podExit{pod.UID, exitOf(s.Name, t, ready)})
			}
		}
	}
}

// initDone is true for the end of an init container that did what it had to.
func initDone(pod *core.Pod, name string, t *core.ContainerStateTerminated) bool {
	return t.ExitCode == 0 && slices.ContainsFunc(pod.Spec.InitContainers, func(c core.Container) bool {
		return c.Name == name && !sidecar(c)
	})
}

func exitOf(container string, t *core.ContainerStateTerminated, ready time.Time) workload.Exit {
	x := workload.Exit{
		Container: container, At: t.FinishedAt.Time, Code: int(t.ExitCode), Reason: workload.ExitedError,
		BeforeReady: ready.IsZero() || t.StartedAt.Time.After(ready),
	}
	switch {
	case t.Reason == "OOMKilled":
		x.Reason = workload.OOMKilled
	case t.ExitCode == 0:
		x.Reason = workload.Completed
	}
	return x
}

// podReady is when pod last became Ready; zero where it is not.
func podReady(pod *core.Pod) time.Time {
	for _, c := range pod.Status.Conditions {
		if c.Type == core.PodReady && c.Status == core.ConditionTrue {
			return c.LastTransitionTime.Time
		}
	}
	return time.Time{}
}
