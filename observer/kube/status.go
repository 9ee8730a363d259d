package kube

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/plimsoll/plimsoll/observer"
)

// pod is what is known of one Pod.
type pod struct {
	// last is the state heard of last.
	last *corev1.Pod
	// past is true for a Pod of an earlier trial, gone where it is not there any more, and unseen where it went while
	// nobody watched.
	past, gone, unseen bool
	// deleting and evicted stay true once they were. Why it was put off its node is in evictedFor.
	deleting, evicted bool
	evictedFor        string
	containers        map[string]*container
}

// container is one container of a Pod through its restarts. The kubelet numbers its instances from 0 by the restart
// count, and an instance is also known by the runtime's container ID.
type container struct {
	// once is true for an init container that has to end, before the others start.
	once bool
	// base is the number of the instance that ran, or was the last to run, at Begin; baseEnded is true where it had ended
	// by then. most is the largest number heard of since.
	base, most int32
	baseEnded  bool
	// ids are the instances heard of since Begin, the one that ran then included; ends those of them that ended, by ID,
	// in the order heard; before the ends from before Begin.
	ids    []instance
	ends   []*ended
	before map[string]bool
	// ready holds the instances that were seen Ready.
	ready map[string]bool
}

// instance is one instance of a container, with the restart count that it was heard of with.
type instance struct {
	id     string
	number int32
}

// ended is how one instance of a container ended.
type ended struct {
	id     string
	number int32
	at     time.Time
	state  corev1.ContainerStateTerminated
	// beforeReady, deleting and evicted are how things stood when it was first heard of.
	beforeReady, deleting, evicted bool
}

// take folds one state of the Pod into what is known of it.
func (p *pod) take(at time.Time, state *corev1.Pod) {
	p.last = state
	p.deleting = p.deleting || state.DeletionTimestamp != nil
	if why := evictedFor(state); why != "" {
		p.evicted, p.evictedFor = true, why
	}
	once := map[string]bool{}
	for _, c := range state.Spec.InitContainers {
		once[c.Name] = c.RestartPolicy == nil || *c.RestartPolicy != corev1.ContainerRestartPolicyAlways
	}
	for _, s := range slices.Concat(state.Status.InitContainerStatuses, state.Status.ContainerStatuses) {
		c := p.containers[s.Name]
		if c == nil {
			c = &container{before: map[string]bool{}, ready: map[string]bool{}}
			p.containers[s.Name] = c
		}
		c.once = once[s.Name]
		for _, e := range c.take(s) {
			e.at, e.deleting, e.evicted = at, p.deleting, p.evicted
		}
	}
}

// evictedFor says why a Pod was put off its node, "" where it was not. Deleting it is not that; a node that gave it up is.
func evictedFor(p *corev1.Pod) string {
	if p.Status.Reason == "Evicted" {
		return strings.TrimSpace(p.Status.Message)
	}
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.DisruptionTarget && c.Status == corev1.ConditionTrue {
			return strings.TrimSpace(c.Reason + " " + c.Message)
		}
	}
	return ""
}

// leave notes that the Pod is not there any more; unseen is true where its last state was not told.
func (p *pod) leave(unseen bool) {
	if !p.gone {
		p.gone, p.unseen = true, unseen
	}
}

// begin makes history of all that was heard until now.
func (p *pod) begin() {
	if p.gone || p.deleting {
		p.past = true
	}
	for _, c := range p.containers {
		c.begin()
	}
}

func (c *container) begin() {
	c.base, c.baseEnded = c.most, false
	var newest *instance
	for _, e := range c.ends {
		c.before[e.id] = true
		c.baseEnded = c.baseEnded || e.number == c.most
	}
	for _, i := range c.ids {
		if !c.before[i.id] && (newest == nil || i.number > newest.number) {
			newest = &i
		}
		c.before[i.id] = true
	}
	c.ids, c.ends = nil, nil
	// One instance can live on. Others that were not told to have ended did so unseen, and that was told before.
	if newest != nil && !c.baseEnded {
		delete(c.before, newest.id)
		c.ids = []instance{*newest}
	}
}

// take folds one status into what is known, and returns the ends that it is the first to tell.
func (c *container) take(s corev1.ContainerStatus) []*ended {
	c.most = max(c.most, s.RestartCount)
	running := s.State.Running != nil
	if running && s.ContainerID != "" {
		c.see(s.ContainerID, s.RestartCount)
		if s.Ready {
			c.ready[s.ContainerID] = true
		}
	}
	var fresh []*ended
	if t := s.State.Terminated; t != nil {
		fresh = c.end(fresh, s.RestartCount, t)
	}
	if t := s.LastTerminationState.Terminated; t != nil {
		number := s.RestartCount - 1
		if s.State.Waiting != nil { // the next instance does not exist yet
			number = s.RestartCount
		}
		fresh = c.end(fresh, number, t)
	}
	return fresh
}

// see notes that an instance exists.
func (c *container) see(id string, number int32) {
	if !c.before[id] && !slices.ContainsFunc(c.ids, func(i instance) bool { return i.id == id }) {
		c.ids = append(c.ids, instance{id, number})
	}
}

// end notes the end of an instance, and appends it to fresh where it is new.
func (c *container) end(fresh []*ended, number int32, t *corev1.ContainerStateTerminated) []*ended {
	id := t.ContainerID
	if id == "" { // made up by the kubelet for one that it lost
		id = fmt.Sprintf("lost:%d:%d", number, t.FinishedAt.Unix())
	}
	if c.before[id] {
		return fresh
	}
	for _, e := range c.ends {
		if e.id == id {
			return fresh
		}
	}
	c.see(id, number)
	e := &ended{id: id, number: number, state: *t, beforeReady: !c.ready[id]}
	c.ends = append(c.ends, e)
	return append(fresh, e)
}

// restarts is how often the container was started again since Begin.
func (c *container) restarts() int {
	instances := len(c.ids) - 1
	if c.baseEnded {
		instances++
	}
	return max(int(c.most-c.base), instances, 0)
}

// unseen is how many of its ends since Begin nobody has told, at the least.
//
// By number: each instance before the newest has ended, so most − base ends are due, one less where the first of them was
// told before Begin. By ID: of all instances that were not told to have ended only one can still run. The count of restarts
// can be lost together with a dead container, the ID can be missed between two states: the larger counts.
func (c *container) unseen() int {
	due := int(c.most - c.base)
	if c.baseEnded && due > 0 {
		due--
	}
	told := 0
	for _, e := range c.ends {
		if e.number < c.most {
			told++
		}
	}
	return max(due-told, len(c.ids)-len(c.ends)-1, 0)
}

// identity is the Pod as the rest of the program knows it, with one of its instances.
func (p *pod) identity(id string) observer.Pod {
	return observer.Pod{
		Namespace: p.last.Namespace, Name: p.last.Name, UID: string(p.last.UID), Node: p.last.Spec.NodeName, ContainerID: bareID(id),
	}
}

// bareID is a container ID without the runtime's scheme: "containerd://0123" is "0123".
func bareID(id string) string {
	if _, bare, found := strings.Cut(id, "://"); found {
		return bare
	}
	return id
}
