package cluster

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// hopeless are the reasons for which a container waits that do not pass by themselves within seconds.
var hopeless = []string{
	"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "ImageInspectError", "RegistryUnavailable",
	"CreateContainerConfigError", "CreateContainerError", "RunContainerError", "CrashLoopBackOff",
}

// podPhase is how far a Pod with one container has got.
type podPhase int

const (
	podWaiting podPhase = iota // not started yet
	podRunning
	podEnded // its container has ended, or will never start
)

// stateOf says how far pod has got; text is why it waits or how it ended, in the Pod's own words, "" where it has none.
// stuck is true where it waits for what will not come by itself.
func stateOf(pod *corev1.Pod) (phase podPhase, text string, stuck bool) {
	for _, c := range pod.Status.ContainerStatuses {
		switch s := c.State; {
		case s.Terminated != nil:
			return podEnded, join(podReason(pod), endOf(*s.Terminated)), false
		case s.Running != nil:
			return podRunning, podReason(pod), false
		case s.Waiting != nil && slices.Contains(hopeless, s.Waiting.Reason):
			return podWaiting, join(s.Waiting.Reason, s.Waiting.Message), true
		}
	}
	if pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded {
		return podEnded, podReason(pod), false
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			return podWaiting, join(c.Reason, c.Message), c.Reason == corev1.PodReasonUnschedulable
		}
	}
	return podWaiting, podReason(pod), false
}

// podReason is what the Pod says of itself as a whole: that it was evicted, preempted, or is being deleted.
func podReason(pod *corev1.Pod) string {
	text := join(pod.Status.Reason, pod.Status.Message)
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.DisruptionTarget && c.Status == corev1.ConditionTrue && text == "" {
			text = join(c.Reason, c.Message)
		}
	}
	if text == "" && pod.DeletionTimestamp != nil {
		text = "it was deleted"
	}
	return text
}

func endOf(t corev1.ContainerStateTerminated) string {
	return join(fmt.Sprintf("%s, exit code %d", t.Reason, t.ExitCode), t.Message)
}

// join puts a reason and a message together; either may be empty.
func join(reason, message string) string {
	return strings.Trim(reason+": "+strings.TrimSpace(message), ": ")
}
