package kube

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/plimsoll/plimsoll/observer"
	"github.com/plimsoll/plimsoll/tuner"
)

// The words of a kubelet in state.terminated.reason. OOMKilled is the runtime's own: containerd sets it as soon as any
// process of the container was killed for the limit, whatever its exit code is later.
// https://github.com/containerd/containerd/blob/main/internal/cri/server/events.go
const (
	reasonOOMKilled   = "OOMKilled"
	reasonStartError  = "StartError"
	reasonLost        = "ContainerStatusUnknown"
	reasonRestartPod  = "RestartingAllContainers"
	codeKilled        = 137 // a shell's for SIGKILL: also that of a probe, an eviction, a deletion
	eventKilling      = "Killing"
	eventNoSandbox    = "FailedCreatePodSandBox"
	eventSystemOOM    = "SystemOOM"
	startedWithoutRAM = "OOM-killed"                 // runc: "container init was OOM-killed (memory limit too low?)"
	limitBelowUsage   = "unable to set memory limit" // runc on version 1: "… to 1048576 (current usage: 3411968, …)"
)

// killing is a kubelet's Event that it kills a container, and at what time by the node's clock.
type killing struct {
	container string
	at        time.Time
	probe     bool // its liveness or startup probe failed
	asked     bool // the change of its resources or its definition asks for a restart
}

// unstarted is a Pod whose memory limits together are too small to begin: when that was heard, and the runtime's words.
type unstarted struct {
	at   time.Time
	text string
}

// notice is something that a node told.
type notice struct{ node, text string }

// Event takes in an Event as a watch gives it. Only those that happen from now on: the caller watches from a list, and
// leaves out what the list held. Events are best effort: they explain an end, and are none, but for the memory limit of a
// Pod that is too small for its first process, which no status tells.
func (t *Tracker) Event(at time.Time, e *corev1.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n, known := t.events[e.UID]; known && n >= e.Count {
		return
	}
	t.events[e.UID] = e.Count
	uid := e.InvolvedObject.UID
	switch {
	case e.Reason == eventSystemOOM && e.InvolvedObject.Kind == "Node":
		t.notices = append(t.notices, notice{e.InvolvedObject.Name, e.Message})
	case e.Reason == eventNoSandbox && noRoom(e.Message):
		if _, known := t.unstarted[uid]; !known {
			t.unstarted[uid] = unstarted{at, e.Message}
		}
	case e.Reason == eventKilling && e.InvolvedObject.Kind == "Pod":
		t.killings[uid] = append(t.killings[uid], killing{
			container: inBraces(e.InvolvedObject.FieldPath),
			at:        happened(e),
			probe:     strings.Contains(e.Message, "failed liveness probe") || strings.Contains(e.Message, "failed startup probe"),
			asked:     strings.Contains(e.Message, "resize requires restart") || strings.Contains(e.Message, "definition changed"),
		})
	}
}

// Node takes in the state of a node: one that is short of memory disturbs what runs on it.
func (t *Tracker) Node(n *corev1.Node) {
	t.mu.Lock()
	defer t.mu.Unlock()
	pressed := slices.ContainsFunc(n.Status.Conditions, func(c corev1.NodeCondition) bool {
		return c.Type == corev1.NodeMemoryPressure && c.Status == corev1.ConditionTrue
	})
	if pressed && !t.pressed[n.Name] {
		t.notices = append(t.notices, notice{n.Name, "it is short of memory (MemoryPressure)"})
	}
	t.pressed[n.Name] = pressed
}

// inBraces is the container's name of a field path such as spec.containers{app}; "" where there is none.
func inBraces(path string) string {
	_, name, _ := strings.Cut(path, "{")
	return strings.TrimSuffix(name, "}")
}

// happened is when an Event last occurred, by the clock of who told it.
func happened(e *corev1.Event) time.Time {
	switch {
	case e.Series != nil:
		return e.Series.LastObservedTime.Time
	case !e.LastTimestamp.IsZero():
		return e.LastTimestamp.Time
	}
	return e.EventTime.Time
}

// ends are those of one Pod that Plimsoll did not ask for.
func (t *Tracker) ends(p *pod) []End {
	var all []End
	for _, name := range p.names() {
		c := p.containers[name]
		for _, e := range c.ends {
			reason, counts := t.reason(p, name, c, e)
			if !counts {
				continue
			}
			end := End{
				Pod: p.identity(e.id), Container: name, At: e.at, Reason: reason, BeforeReady: e.beforeReady,
				Text: strings.TrimSpace(e.state.Message),
			}
			if reason != observer.Unseen {
				end.Code = new(int(e.state.ExitCode))
			}
			all = append(all, end)
		}
	}
	if u, known := t.unstarted[p.last.UID]; known && len(all) == 0 {
		all = append(all, End{
			Pod: p.identity(""), Container: p.smallest(), At: u.at, Reason: observer.OOMKilled, Code: new(codeKilled),
			BeforeReady: true, Text: u.text,
		})
	}
	return all
}

// reason says why an instance ended; counts is false where it had to, or Plimsoll asked for it.
//
// An exit code of 137 alone is no OOM kill. Where the runtime does not say OOMKilled and no Event explains it, it stays an
// error with that code: whoever has the kernel's count of kills decides.
func (t *Tracker) reason(p *pod, name string, c *container, e *ended) (why observer.EndReason, counts bool) {
	killed := e.killing(name, t.killings[p.last.UID])
	code := e.state.ExitCode
	switch {
	case e.state.Reason == reasonLost, e.state.Reason == reasonRestartPod:
		return observer.Unseen, true
	case e.outOfMemory() && t.nodeOOM(p.last.Spec.NodeName):
		return observer.NodeOOM, true
	case e.outOfMemory() && (code == codeKilled || e.state.Reason == reasonStartError || c.once):
		return observer.OOMKilled, true
	case e.outOfMemory():
		return observer.ChildOOM, true
	case killed.asked:
		return "", false
	case e.evicted:
		return observer.Evicted, true
	case e.deleting:
		return observer.Deleted, true
	case killed.probe:
		return observer.LivenessKill, true
	case code == 0:
		return observer.Completed, !c.once
	}
	return observer.ExitedError, true
}

// outOfMemory is whether the runtime says that the kernel killed a process of it for its memory limit.
func (e *ended) outOfMemory() bool {
	return e.state.Reason == reasonOOMKilled ||
		e.state.Reason == reasonStartError && noRoom(e.state.Message)
}

// noRoom is whether the runtime could not start a process for its memory limit.
func noRoom(message string) bool {
	return strings.Contains(message, startedWithoutRAM) || strings.Contains(message, limitBelowUsage)
}

// killing is the Event that explains an end: the latest that the kubelet told while the instance lived, by the same
// clock, to a second. Zero where there is none.
func (e *ended) killing(name string, all []killing) killing {
	var found killing
	for _, k := range all {
		if k.container == name && !k.at.Before(e.state.StartedAt.Time) && !k.at.After(e.state.FinishedAt.Add(time.Second)) &&
			!k.at.Before(found.at) {
			found = k
		}
	}
	return found
}

// nodeOOM is whether the whole node ran out of memory since Begin.
func (t *Tracker) nodeOOM(node string) bool {
	return slices.ContainsFunc(t.notices, func(n notice) bool { return n.node == node })
}

// doubts are those about one Pod.
func (t *Tracker) doubts(p *pod) []tuner.Doubt {
	var all []tuner.Doubt
	doubt := func(kind tuner.DoubtKind, format string, args ...any) {
		all = append(all, tuner.Doubt{Kind: kind, Text: "Pod " + p.last.Name + " " + fmt.Sprintf(format, args...)})
	}
	switch {
	case p.evicted:
		doubt(tuner.NodeDisturbed, "was put off its node: %s", p.evictedFor)
	case p.deleting:
		doubt(tuner.NodeDisturbed, "was deleted during the trial, not by Plimsoll")
	}
	if p.unseen {
		doubt(tuner.RestartUnseen, "went away while it was not watched: how its containers ended is not known")
	}
	for _, name := range p.names() {
		c := p.containers[name]
		n := c.unseen()
		for _, e := range c.ends {
			if reason, _ := t.reason(p, name, c, e); reason == observer.Unseen {
				n++
			}
		}
		if n > 0 {
			doubt(tuner.RestartUnseen, "has container %s that ended %d times without anybody seeing how", name, n)
		}
	}
	return all
}

// smallest is the container with the smallest memory limit: where the Pod as a whole has too little to start, the one to
// begin with.
func (p *pod) smallest() string {
	name, least := "", int64(0)
	for _, c := range slices.Concat(p.last.Spec.InitContainers, p.last.Spec.Containers) {
		if n := c.Resources.Limits.Memory().Value(); n > 0 && (name == "" || n < least) {
			name, least = c.Name, n
		}
	}
	return name
}

func (p *pod) names() []string {
	var all []string
	for name := range p.containers {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// disturbed are the doubts about the nodes that Pods of the trial run on.
func (t *Tracker) disturbed() []tuner.Doubt {
	hosts := map[string]bool{}
	for _, p := range t.ours() {
		hosts[p.last.Spec.NodeName] = true
	}
	told := t.notices
	for node, pressed := range t.pressed {
		if pressed {
			told = append(slices.Clip(told), notice{node, "it is short of memory (MemoryPressure)"})
		}
	}
	var all []tuner.Doubt
	for _, n := range told {
		d := tuner.Doubt{Kind: tuner.NodeDisturbed, Text: "node " + n.node + " was disturbed: " + n.text}
		if hosts[n.node] && !slices.Contains(all, d) {
			all = append(all, d)
		}
	}
	return all
}
