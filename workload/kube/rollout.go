package kube

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// standing is how far a rollout is.
type standing struct {
	// Observed is true where the controller has taken notice of the newest template.
	Observed bool
	// Want is how many Pods there should be; Ready how many of the newest template are Ready, New how many there are.
	Want, New, Ready int
	// Old counts Pods of other templates, and those that are being deleted.
	Old int
}

func (s standing) done() bool {
	return s.Observed && s.Old == 0 && s.New == s.Want && s.Ready == s.Want
}

func (s standing) String() string {
	text := fmt.Sprintf("%d of %d new Pods are Ready", s.Ready, s.Want)
	if s.Old > 0 {
		text += fmt.Sprintf(", %d old ones are still there", s.Old)
	}
	if !s.Observed {
		text += ", the controller has not looked at the change yet"
	}
	return text
}

// stands tells how far the rollout of the template marked with mark is; "" is the template without a mark. A controller's
// own word is not enough: a Deployment is complete while Pods of the old template still end, and they use the node too.
func stands(t Target, o object, pods []*core.Pod, mark string) standing {
	s := standing{Want: int(o.number(1, "spec", "replicas"))}
	if t.OnEveryNode {
		s.Want = int(o.number(0, "status", "desiredNumberScheduled"))
	}
	observed := o.number(0, "status", "observedGeneration")
	if text := o.text("status", "observedGeneration"); text != "" { // an Argo Rollout's is text
		observed, _ = strconv.ParseInt(text, 10, 64)
	}
	s.Observed = observed >= o.GetGeneration()
	for _, p := range pods {
		switch {
		case p.Status.Phase == core.PodFailed || p.Status.Phase == core.PodSucceeded:
			// what was evicted stays in the list until somebody cleans up
		case p.DeletionTimestamp != nil || p.Annotations[trialAnnotation] != mark:
			s.Old++
		default:
			s.New++
			if !podReady(p).IsZero() {
				s.Ready++
			}
		}
	}
	return s
}

// of are the Pods of the template with mark that are neither ending nor ended, in the order given.
func of(pods []*core.Pod, mark string) []*core.Pod {
	var all []*core.Pod
	for _, p := range pods {
		if p.DeletionTimestamp == nil && p.Annotations[trialAnnotation] == mark &&
			p.Status.Phase != core.PodFailed && p.Status.Phase != core.PodSucceeded {
			all = append(all, p)
		}
	}
	return all
}

// crashes is how often a container may end before its Pod was Ready until the Pod is given up.
const crashes = 3

// failing says that a Pod will not become Ready in the time that a replica has, and why; "" while it may.
func failing(pods []*core.Pod, placed map[types.UID]time.Time, limit time.Duration, now time.Time) string {
	for _, p := range pods {
		if !podReady(p).IsZero() {
			continue
		}
		for _, s := range statuses(p) {
			if s.RestartCount >= crashes {
				return fmt.Sprintf("container %s of Pod %s ended %d times", s.Name, p.Name, s.RestartCount)
			}
		}
		if at, ok := placed[p.UID]; ok && now.Sub(at) > limit {
			return fmt.Sprintf("Pod %s is not Ready after %s", p.Name, limit)
		}
	}
	return ""
}

// startup is the slowest Pod's time from the start of its first container to Ready, by the node's clock, which counts
// whole seconds.
func startup(pods []*core.Pod) time.Duration {
	slowest := time.Duration(0)
	for _, p := range pods {
		var began time.Time
		for _, s := range statuses(p) {
			if r := s.State.Running; r != nil && (began.IsZero() || r.StartedAt.Time.Before(began)) {
				began = r.StartedAt.Time
			}
		}
		if ready := podReady(p); !ready.IsZero() && !began.IsZero() {
			slowest = max(slowest, ready.Sub(began))
		}
	}
	return slowest
}

// refused says why a Pod cannot run at all, whatever its limits do: its image, or no room for it. hard is false for what
// may pass by itself.
func refused(pods []*core.Pod) (why string, hard bool) {
	for _, p := range pods {
		for _, s := range statuses(p) {
			if w := s.State.Waiting; w != nil {
				switch w.Reason {
				case "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError":
					return fmt.Sprintf("container %s of Pod %s: %s: %s", s.Name, p.Name, w.Reason, w.Message), true
				case "ErrImagePull":
					return fmt.Sprintf("container %s of Pod %s: %s: %s", s.Name, p.Name, w.Reason, w.Message), false
				}
			}
		}
		for _, c := range p.Status.Conditions {
			if c.Type == core.PodScheduled && c.Status == core.ConditionFalse {
				return fmt.Sprintf("Pod %s: %s: %s", p.Name, cmp.Or(c.Reason, "not scheduled"), c.Message), false
			}
		}
	}
	return "", false
}

// statuses are those of all containers of a Pod, init containers first.
func statuses(pod *core.Pod) []core.ContainerStatus {
	return slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses)
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
