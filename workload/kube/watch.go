package kube

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"

	"github.com/plimsoll/plimsoll/cluster"
	"github.com/plimsoll/plimsoll/observer/kube"
)

// watch follows the workload object and its Pods, by one filtered watch of each, and, where that is allowed, what is told
// of containers that are killed and of nodes that run out of memory.
type watch struct {
	target Target
	stop   context.CancelFunc
	group  sync.WaitGroup
	// tracker finds the ends of containers in what is seen of their Pods.
	tracker *kube.Tracker

	mu     sync.Mutex
	object object
	gone   bool
	pods   map[types.UID]*core.Pod
	// placed is when a Pod was first seen to have a node, on this process's clock.
	placed map[types.UID]time.Time
	// foreign are the differences somebody else made since the last forget, each once.
	foreign []string
	changed chan struct{}
}

// scene is what a watch sees at one instant; pods are in order of their names.
type scene struct {
	object object
	// gone is true where the object was deleted; object is then what it was last.
	gone   bool
	pods   []*core.Pod
	placed map[types.UID]time.Time
	// changed is closed as soon as the next scene is another one.
	changed <-chan struct{}
}

// startWatch begins to follow the object and its Pods and returns once both were read. The caller calls end.
func startWatch(ctx context.Context, c *cluster.Client, o object, target Target) (*watch, error) {
	selector, err := o.selector()
	if err != nil {
		return nil, err
	}
	follow, stop := context.WithCancel(context.WithoutCancel(ctx))
	w := &watch{target: target, stop: stop, object: o, pods: map[types.UID]*core.Pod{}, placed: map[types.UID]time.Time{},
		tracker: kube.NewTracker(), changed: make(chan struct{})}
	object, pods := w.feeds(c, selector)
	all := []feed{object, pods}
	for _, f := range w.extras(c) {
		if f.allowed(ctx) {
			all = append(all, f)
		}
	}
	var synced []cache.InformerSynced
	var first cache.SharedIndexInformer
	for i, f := range all {
		informer, done, err := f.run(w, follow)
		if err != nil {
			w.end()
			return nil, err
		}
		if i == 0 {
			first = informer
		}
		synced = append(synced, done)
	}
	if !cache.WaitForCacheSync(ctx.Done(), synced...) {
		w.end()
		return nil, context.Cause(ctx)
	}
	if len(first.GetStore().ListKeys()) == 0 {
		w.seeObject(&o.Unstructured, true, true)
	}
	return w, nil
}

// end stops watching.
func (w *watch) end() {
	w.stop()
	w.group.Wait()
}

func (w *watch) tell() {
	close(w.changed)
	w.changed = make(chan struct{})
}

func (w *watch) seePod(x any, gone, stale bool) {
	pod, ok := x.(*core.Pod)
	if !ok || !w.target.owns(pod) {
		return
	}
	if gone {
		w.tracker.Gone(time.Now(), pod, stale)
	} else {
		w.tracker.Pod(time.Now(), pod)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pods[pod.UID] = pod
	if _, known := w.placed[pod.UID]; !known && pod.Spec.NodeName != "" {
		w.placed[pod.UID] = time.Now()
	}
	if gone {
		delete(w.pods, pod.UID)
		delete(w.placed, pod.UID)
	}
	w.tell()
}

func (w *watch) seeObject(x any, gone, _ bool) {
	u, ok := x.(*unstructured.Unstructured)
	if !ok {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.object, w.gone = object{*u}, gone
	for _, text := range foreign(w.object, gone) {
		if !slices.Contains(w.foreign, text) {
			w.foreign = append(w.foreign, text)
		}
	}
	w.tell()
}

// seeEvent takes in what was told of a kill.
func (w *watch) seeEvent(x any, gone, _ bool) {
	if e, ok := x.(*core.Event); ok && !gone {
		w.tracker.Event(time.Now(), e)
	}
}

func (w *watch) seeNode(x any, gone, _ bool) {
	if n, ok := x.(*core.Node); ok && !gone {
		w.tracker.Node(n)
	}
}

// foreign says what somebody else did to an object under test, by the record on it.
func foreign(o object, gone bool) []string {
	if gone {
		return []string{o.GetName() + " was deleted"}
	}
	r, err := recordOf(o.Object)
	if err != nil {
		return []string{err.Error()}
	}
	if r == nil {
		return nil // not begun, or put back
	}
	var all []string
	for _, d := range r.differences(o.Object) {
		all = append(all, d.String())
	}
	return all
}

// now is what is to be seen.
func (w *watch) now() scene {
	w.mu.Lock()
	defer w.mu.Unlock()
	pods := slices.SortedFunc(maps.Values(w.pods), func(a, b *core.Pod) int {
		return cmp.Or(cmp.Compare(len(a.Name), len(b.Name)), cmp.Compare(a.Name, b.Name))
	})
	return scene{object: w.object, gone: w.gone, pods: pods, placed: maps.Clone(w.placed), changed: w.changed}
}

// forget makes what was seen so far no part of the trial that begins, whose Pods are those for which belongs is true.
func (w *watch) forget(belongs func(*core.Pod) bool) {
	w.mu.Lock()
	w.foreign = nil
	w.mu.Unlock()
	w.tracker.Begin(belongs)
}

// owns is true where pod is one of t's own: the selector of another workload may overlap.
func (t Target) owns(pod *core.Pod) bool {
	owner := meta.GetControllerOf(pod)
	if owner == nil {
		return false
	}
	switch t.Name {
	case deployment.Name:
		return owner.Kind == "ReplicaSet" && owner.Name == t.Object+"-"+pod.Labels["pod-template-hash"]
	case rollout.Name:
		return owner.Kind == "ReplicaSet" && owner.Name == t.Object+"-"+pod.Labels["rollouts-pod-template-hash"]
	}
	return owner.Kind == t.Name && owner.Name == t.Object
}
