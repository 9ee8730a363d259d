package kube

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"time"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/plimsoll/plimsoll/cluster"
	"github.com/plimsoll/plimsoll/observer"
	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
	"github.com/plimsoll/plimsoll/workload"
)

// Options of a workload in a cluster.
type Options struct {
	// Notice gets one line for each thing a person should know: another run's leftovers, a Lease that is waited for. nil:
	// nothing.
	Notice func(text string)
	// Resize allows CPU changes on running Pods, where the cluster, their QoS class and their resizePolicy allow them.
	Resize bool
	// OnCopy tunes a copy of the object, which serves nobody and is deleted at the end.
	OnCopy bool
	// Patience is how long Begin and Apply may take: an API server that does not answer for so long ends the search. 0: for
	// ever.
	Patience time.Duration
}

// patiently is ctx that ends with the patience.
func (o Options) patiently(ctx context.Context) (context.Context, context.CancelFunc) {
	if o.Patience <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, o.Patience)
}

// Kube is a workload object in a cluster. It implements workload.Workload.
type Kube struct {
	client  *cluster.Client
	target  Target
	objects store
	file    scenarios.File
	options Options
	// run names this run on everything it changes.
	run   string
	lease *cluster.Lease
	watch *watch
	// resizable is true where the cluster resizes running Pods.
	resizable bool

	// trials counts the changes of the template; mark is the newest's, on the template and so on its Pods.
	trials int
	mark   string
	// settings in force, by template or by resize.
	settings tuner.Settings
	resized  bool
	// replicas are the Pods of the trial in the order of their numbers; nil until they are Ready.
	replicas []types.UID
	doubts   []tuner.Doubt
	// keep are the settings to leave in place instead of the original ones; nil: none.
	keep tuner.Settings
	// copy is what Begin creates, where a copy of the object is tuned; nil otherwise.
	copy *object
}

var _ workload.Workload = (*Kube)(nil)

// Open reads the object of file and checks that its limits can be searched; it changes nothing. File is then what the
// scenario file says, completed by what the object has.
func Open(ctx context.Context, client *cluster.Client, file scenarios.File, options Options) (*Kube, error) {
	namespace := file.Workload.Namespace
	if namespace == "" {
		namespace = client.Namespace
	}
	target, err := ParseTarget(namespace, file.Workload.Object)
	if err != nil {
		return nil, err
	}
	k := &Kube{client: client, target: target, objects: storeOf(client, target.Resource, namespace), options: options,
		run: newRun()}
	o, err := k.objects.read(ctx, target.Object)
	if err != nil {
		return nil, fmt.Errorf("read %s in namespace %s: %w", target, namespace, err)
	}
	before, err := original(o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", target, err)
	}
	if k.file, err = complete(file, before); err != nil {
		return nil, err
	}
	if options.OnCopy {
		err = k.useCopy(before)
	} else {
		err = tunable(target, before)
	}
	if err != nil {
		return nil, err
	}
	k.resizable = options.Resize && offersResize(client)
	return k, nil
}

// newRun is a name for a run that no other has.
func newRun() string { return rand.Text()[:12] }

// File is the scenario file, completed by the object: its containers, and the resources they have today.
func (k *Kube) File() scenarios.File { return k.file }

// Target is the object under test.
func (k *Kube) Target() Target { return k.target }

// original is the object as it was before a run changed it that has not put it back: what that run's record says.
func original(o object) (object, error) {
	r, err := recordOf(o.Object)
	if err != nil || r == nil {
		return o, err
	}
	e := newEdit(o.Object)
	_, err = r.restore(e, func(place) bool { return false })
	if err == nil {
		err = e.remove(place{"metadata", "annotations", recordAnnotation}, 0)
	}
	o.Object = e.object
	return o, err
}

// complete fills in the containers of the object: resources of today, and those that the file does not name, which are
// left alone. A container of the file that the object lacks is an error.
func complete(file scenarios.File, o object) (scenarios.File, error) {
	t, err := o.template()
	if err != nil {
		return file, err
	}
	live := long(t.Spec)
	named := slices.Clone(file.Workload.Containers)
	for i, c := range named {
		at := slices.IndexFunc(live, func(l core.Container) bool { return l.Name == c.Name })
		if at < 0 {
			return file, fmt.Errorf("workload.containers: %s has no container %q; it has %s", file.Workload.Object, c.Name, names(live))
		}
		named[i].Resources = resourcesOf(live[at].Resources)
	}
	for _, l := range live {
		if !slices.ContainsFunc(named, func(c scenarios.Container) bool { return c.Name == l.Name }) {
			named = append(named, scenarios.Container{Name: l.Name, Resources: resourcesOf(l.Resources)})
		}
	}
	file.Workload.Containers = named
	return file, nil
}

func names(containers []core.Container) []string {
	var all []string
	for _, c := range containers {
		all = append(all, c.Name)
	}
	return all
}

// Begin takes the Lease, puts back what an earlier run left changed, stills the autoscalers and begins to watch. After it,
// whatever its error, the caller calls Close.
func (k *Kube) Begin(ctx context.Context) (err error) {
	ctx, cancel := k.options.patiently(ctx)
	defer cancel()
	k.lease, err = cluster.Acquire(ctx, k.client, k.target.Namespace, k.target.lease(), k.run, func(h cluster.Holder) {
		k.say(fmt.Sprintf("%s: run %s (process %d on %s) holds the lease; waiting to see whether it is alive", k.target, h.Run, h.PID, h.Host))
	})
	if err != nil {
		return err
	}
	if err := k.recoverEarlier(ctx); err != nil {
		return err
	}
	if k.copy != nil {
		if err := k.makeCopy(ctx); err != nil {
			return err
		}
	}
	o, err := k.objects.read(ctx, k.target.Object)
	if err != nil {
		return err
	}
	if err := k.follow(ctx, o); err != nil {
		return err
	}
	return k.pin(ctx)
}

func (k *Kube) say(text string) {
	if k.options.Notice != nil {
		k.options.Notice(text)
	}
}

// Apply makes every replica run with settings. CPU alone is changed on the running Pods where that is possible; all else
// is a new Pod template, and with it new Pods.
func (k *Kube) Apply(ctx context.Context, settings tuner.Settings, fresh bool) (restarted bool, err error) {
	if err := k.lease.Lost(); err != nil {
		return false, err
	}
	ctx, cancel := k.options.patiently(ctx)
	defer cancel()
	inPlace := !fresh && k.inPlace(settings)
	k.doubts, k.replicas = nil, nil
	k.watch.forget(func(p *core.Pod) bool { return p.Annotations[trialAnnotation] == k.mark })
	if inPlace {
		err = k.resize(ctx, settings)
	} else {
		err = k.replace(ctx, settings)
	}
	if err != nil {
		return false, err
	}
	k.settings, k.resized = slices.Clone(settings), inPlace
	return !inPlace, nil
}

// Keep makes Close leave the limits and requests of settings in place instead of the original ones.
func (k *Kube) Keep(settings tuner.Settings) { k.keep = settings }

// Instances are the containers of every replica, by replica, then in the order of the file. The order of the replicas is
// that of the names of their Pods when they became Ready; a Pod that went since keeps its place.
func (k *Kube) Instances() []workload.Instance {
	var all []workload.Instance
	for i, p := range k.current() {
		for _, c := range k.file.Workload.Containers {
			all = append(all, k.instance(i, p, c.Name))
		}
	}
	return all
}

// current are the Pods of the trial in order; one that went is a Pod with its UID alone.
func (k *Kube) current() []*core.Pod {
	now := k.watch.now()
	if k.replicas == nil {
		return of(now.pods, k.mark)
	}
	var all []*core.Pod
	for _, uid := range k.replicas {
		pod := &core.Pod{}
		pod.UID = uid
		if at := slices.IndexFunc(now.pods, func(p *core.Pod) bool { return p.UID == uid }); at >= 0 {
			pod = now.pods[at]
		}
		all = append(all, pod)
	}
	return all
}

func (k *Kube) instance(replica int, pod *core.Pod, container string) workload.Instance {
	x := workload.Instance{Target: observer.Target{Container: container, Replica: replica, Pod: observer.Pod{
		Namespace: k.target.Namespace, Name: pod.Name, UID: string(pod.UID), Node: pod.Spec.NodeName, NodeIP: pod.Status.HostIP}}}
	if k.file.Workload.Port > 0 && pod.Status.PodIP != "" {
		x.Address = hostPort(pod.Status.PodIP, k.file.Workload.Port)
	}
	for _, s := range statuses(pod) {
		if s.Name != container {
			continue
		}
		x.Pod.ContainerID = bareID(s.ContainerID)
		if s.State.Running != nil {
			x.Started = s.State.Running.StartedAt.Time
		}
		x.Restarts = k.watch.tracker.Restarts(string(pod.UID), container)
	}
	return x
}

// Exits are the ends of containers since the last Apply that nobody asked for.
func (k *Kube) Exits() []workload.Exit {
	replicas := map[types.UID]int{}
	for i, p := range k.current() {
		replicas[p.UID] = i
	}
	var all []workload.Exit
	for _, e := range k.watch.tracker.Ends() {
		replica, ok := replicas[types.UID(e.Pod.UID)]
		if !ok {
			continue // of a Pod that Instances does not show; Doubts tells that it went
		}
		x := workload.Exit{Container: e.Container, Replica: replica, At: e.At, Reason: e.Reason, BeforeReady: e.BeforeReady}
		if e.Code != nil {
			x.Code = *e.Code
		}
		if e.Text != "" {
			x.Output = []string{e.Text}
		}
		all = append(all, x)
	}
	return all
}

// Doubts are what makes the trial say nothing of its settings.
func (k *Kube) Doubts() []tuner.Doubt {
	all := slices.Clone(k.doubts)
	for _, text := range k.watch.foreignChanges() {
		all = append(all, tuner.Doubt{Kind: tuner.SettingsDiffer, Text: text})
	}
	if k.replicas != nil {
		all = append(all, disturbed(k.current())...)
	}
	all = append(all, k.watch.tracker.Doubts()...)
	if err := k.lease.Lost(); err != nil {
		all = append(all, tuner.Doubt{Kind: tuner.SettingsDiffer, Text: err.Error()})
	}
	return all
}
