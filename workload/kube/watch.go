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
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	machinery "k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"

	"github.com/plimsoll/plimsoll/cluster"
)

// watch follows the workload object and its Pods, by one filtered watch of each.
type watch struct {
	target Target
	stop   context.CancelFunc
	group  sync.WaitGroup

	mu     sync.Mutex
	object object
	gone   bool
	pods   map[types.UID]*core.Pod
	// placed is when a Pod was first seen to have a node, on this process's clock.
	placed map[types.UID]time.Time
	ends   *endings
	// foreign are the differences somebody else made since the last forget, each once.
	foreign []string
	changed chan struct{}
}

// scene is what a watch sees at one instant; pods are in order of their names.
type scene struct {
	object object
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
		ends: newEndings(), changed: make(chan struct{})}
	api := c.Typed.CoreV1().Pods(target.Namespace)
	pods := cache.NewSharedIndexInformer(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, l meta.ListOptions) (runtime.Object, error) {
			l.LabelSelector = selector
			return api.List(ctx, l)
		},
		WatchFuncWithContext: func(ctx context.Context, l meta.ListOptions) (machinery.Interface, error) {
			l.LabelSelector = selector
			return api.Watch(ctx, l)
		},
	}, &core.Pod{}, 0, cache.Indexers{})
	name := fields.OneTermEqualSelector("metadata.name", target.Object).String()
	all := storeOf(c, target.Resource, target.Namespace)
	objects := cache.NewSharedIndexInformer(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, l meta.ListOptions) (runtime.Object, error) {
			l.FieldSelector = name
			return all.List(ctx, l)
		},
		WatchFuncWithContext: func(ctx context.Context, l meta.ListOptions) (machinery.Interface, error) {
			l.FieldSelector = name
			return all.Watch(ctx, l)
		},
	}, &unstructured.Unstructured{}, 0, cache.Indexers{})
	handlers := []struct {
		informer cache.SharedIndexInformer
		seen     func(any, bool)
	}{{pods, w.seePod}, {objects, w.seeObject}}
	var synced []cache.InformerSynced
	for _, h := range handlers {
		registration, err := h.informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc:    func(x any) { h.seen(x, false) },
			UpdateFunc: func(_, x any) { h.seen(x, false) },
			DeleteFunc: func(x any) {
				if last, ok := x.(cache.DeletedFinalStateUnknown); ok {
					x = last.Obj
				}
				h.seen(x, true)
			},
		})
		if err != nil {
			w.end()
			return nil, err
		}
		synced = append(synced, registration.HasSynced)
		w.group.Go(func() { h.informer.Run(follow.Done()) })
	}
	if !cache.WaitForCacheSync(ctx.Done(), synced...) {
		w.end()
		return nil, context.Cause(ctx)
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

func (w *watch) seePod(x any, gone bool) {
	pod, ok := x.(*core.Pod)
	if !ok || !w.target.owns(pod) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ends.see(pod)
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

func (w *watch) seeObject(x any, gone bool) {
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

// foreign says what somebody else did to an object under test, by the record on it: both come in the same patch.
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
	return scene{object: w.object, pods: pods, placed: maps.Clone(w.placed), changed: w.changed}
}

// forget makes what was seen so far no part of the trial that begins.
func (w *watch) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.foreign = nil
	w.ends.forget(slices.Collect(maps.Values(w.pods)))
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
