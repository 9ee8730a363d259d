package kube

import (
	"context"

	core "k8s.io/api/core/v1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	machinery "k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"

	"github.com/plimsoll/plimsoll/cluster"
)

// feed is one filtered watch of a cluster.
type feed struct {
	source  cache.ListWatch
	example runtime.Object
	// seen is told each state of each object; gone is true for its last one, stale where that may be an earlier one.
	seen func(x any, gone, stale bool)
	// fresh leaves out what was there when the watch began.
	fresh bool
}

// run follows the feed until follow is done. synced tells when all that was there at the beginning has been seen.
func (f feed) run(w *watch, follow context.Context) (informer cache.SharedIndexInformer, synced cache.InformerSynced, err error) {
	informer = cache.NewSharedIndexInformer(&f.source, f.example, 0, cache.Indexers{})
	registration, err := informer.AddEventHandler(cache.ResourceEventHandlerDetailedFuncs{
		AddFunc: func(x any, first bool) {
			if !first || !f.fresh {
				f.seen(x, false, false)
			}
		},
		UpdateFunc: func(was, x any) {
			if replaced(was, x) {
				f.seen(was, true, true)
			}
			f.seen(x, false, false)
		},
		DeleteFunc: func(x any) {
			last, stale := x.(cache.DeletedFinalStateUnknown)
			if stale {
				x = last.Obj
			}
			f.seen(x, true, stale)
		},
	})
	if err != nil {
		return nil, nil, err
	}
	w.group.Go(func() { informer.Run(follow.Done()) })
	return informer, registration.HasSynced, nil
}

// replaced says whether an object is another one of the same name. An informer tells of that as of an update, where both the
// deletion and the creation fell into a gap of its watch: a StatefulSet's Pods, while the API server is away.
func replaced(was, x any) bool {
	a, errA := apimeta.Accessor(was)
	b, errB := apimeta.Accessor(x)
	return errA == nil && errB == nil && a.GetUID() != b.GetUID()
}

// allowed is whether this user may list and watch what f follows: without the watch it would come too late.
func (f feed) allowed(ctx context.Context) bool {
	if _, err := f.source.ListWithContextFunc(ctx, meta.ListOptions{Limit: 1}); err != nil {
		return false
	}
	w, err := f.source.WatchFuncWithContext(ctx, meta.ListOptions{})
	if err != nil {
		return false
	}
	w.Stop()
	return true
}

// source lists and watches with a filter.
func source[L runtime.Object](filter func(*meta.ListOptions), list func(context.Context, meta.ListOptions) (L, error),
	watch func(context.Context, meta.ListOptions) (machinery.Interface, error)) cache.ListWatch {
	return cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o meta.ListOptions) (runtime.Object, error) {
			filter(&o)
			return list(ctx, o)
		},
		WatchFuncWithContext: func(ctx context.Context, o meta.ListOptions) (machinery.Interface, error) {
			filter(&o)
			return watch(ctx, o)
		},
	}
}

// feeds are the workload object and its Pods, which a watch can't be without.
func (w *watch) feeds(c *cluster.Client, selector string) (object, pods feed) {
	named := fields.OneTermEqualSelector("metadata.name", w.target.Object).String()
	objects, api := storeOf(c, w.target.Resource, w.target.Namespace), c.Typed.CoreV1().Pods(w.target.Namespace)
	return feed{source(func(o *meta.ListOptions) { o.FieldSelector = named }, objects.List, objects.Watch), &unstructured.Unstructured{}, w.seeObject, false},
		feed{source(func(o *meta.ListOptions) { o.LabelSelector = selector }, api.List, api.Watch), &core.Pod{}, w.seePod, false}
}

// extras are what explains ends, where this user may read it: kills of containers and what nodes say of their memory.
func (w *watch) extras(c *cluster.Client) []feed {
	api := c.Typed.CoreV1()
	events := func(namespace, reason string) feed {
		filter := func(o *meta.ListOptions) { o.FieldSelector = fields.OneTermEqualSelector("reason", reason).String() }
		return feed{source(filter, api.Events(namespace).List, api.Events(namespace).Watch), &core.Event{}, w.seeEvent, true}
	}
	return []feed{
		events(w.target.Namespace, "Killing"), events(meta.NamespaceDefault, "SystemOOM"),
		{source(func(*meta.ListOptions) {}, api.Nodes().List, api.Nodes().Watch), &core.Node{}, w.seeNode, false},
	}
}
