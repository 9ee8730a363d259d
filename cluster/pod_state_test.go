package cluster

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func podIn(s corev1.ContainerState) *corev1.Pod {
	return &corev1.Pod{Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{State: s}}}}
}

func TestStateOf(t *testing.T) {
	waiting := func(reason, message string) *corev1.Pod {
		return podIn(corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}})
	}
	ended := func(reason string, code int32, message string) *corev1.Pod {
		return podIn(corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: reason, ExitCode: code, Message: message}})
	}
	running := podIn(corev1.ContainerState{Running: &corev1.ContainerStateRunning{}})
	evicted := ended("Error", 137, "")
	evicted.Status.Phase, evicted.Status.Reason, evicted.Status.Message = corev1.PodFailed, "Evicted", "The node was low on resource: memory."
	preempted := running.DeepCopy()
	preempted.Status.Conditions = []corev1.PodCondition{{Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, Reason: "PreemptionByScheduler", Message: "preempting"}}
	deleted := running.DeepCopy()
	deleted.DeletionTimestamp = &metav1.Time{}
	unscheduled := &corev1.Pod{Status: corev1.PodStatus{Conditions: []corev1.PodCondition{{
		Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable, Message: "0/1 nodes are available: 1 Insufficient cpu.",
	}}}}
	gated := unscheduled.DeepCopy()
	gated.Status.Conditions[0].Reason = corev1.PodReasonSchedulingGated
	lost := &corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodFailed, Reason: "NodeLost", Message: "gone"}}
	for name, c := range map[string]struct {
		pod   *corev1.Pod
		phase podPhase
		text  string
		stuck bool
	}{
		"new":            {&corev1.Pod{}, podWaiting, "", false},
		"creating":       {waiting("ContainerCreating", ""), podWaiting, "", false},
		"no image":       {waiting("ImagePullBackOff", "Back-off pulling"), podWaiting, "ImagePullBackOff: Back-off pulling", true},
		"bad config":     {waiting("CreateContainerConfigError", "runs as root"), podWaiting, "CreateContainerConfigError: runs as root", true},
		"no node":        {unscheduled, podWaiting, "Unschedulable: 0/1 nodes are available: 1 Insufficient cpu.", true},
		"gated":          {gated, podWaiting, "SchedulingGated: 0/1 nodes are available: 1 Insufficient cpu.", false},
		"running":        {running, podRunning, "", false},
		"preempted":      {preempted, podRunning, "PreemptionByScheduler: preempting", false},
		"being deleted":  {deleted, podRunning, "it was deleted", false},
		"completed":      {ended("Completed", 0, ""), podEnded, "Completed, exit code 0", false},
		"out of memory":  {ended("OOMKilled", 137, ""), podEnded, "OOMKilled, exit code 137", false},
		"evicted":        {evicted, podEnded, "Evicted: The node was low on resource: memory.: Error, exit code 137", false},
		"never admitted": {lost, podEnded, "NodeLost: gone", false},
	} {
		t.Run(name, func(t *testing.T) {
			phase, text, stuck := stateOf(c.pod)
			if phase != c.phase || text != c.text || stuck != c.stuck {
				t.Errorf("%d %q stuck %v, want %d %q stuck %v", phase, text, stuck, c.phase, c.text, c.stuck)
			}
		})
	}
}
