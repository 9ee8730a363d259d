package kube

import (
	"cmp"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/plimsoll/plimsoll/observer"
	"github.com/plimsoll/plimsoll/tuner"
)

// Tracker follows the Pods of a workload through what a watch tells of them and finds every end of a container once,
// however often, late or out of order it is told. What it was not told of it reports as unseen.
//
// Whoever feeds it owns the watch. It may be used by several goroutines at once; it keeps the Pods it is given and does
// not change them. The clock is the caller's: at is when it heard.
type Tracker struct {
	mu   sync.Mutex
	pods map[types.UID]*pod
	// belongs tells the Pods of the trial, by the revision that their labels carry.
	belongs func(*corev1.Pod) bool
	// notices are what nodes told since Begin; pressed are the nodes that are short of memory now.
	notices []notice
	pressed map[string]bool
	// events holds, for each Event that was taken in, how often it has occurred.
	events map[types.UID]int32
	// killings and unstarted are what Events since Begin told of Pods, some before the Pod itself was heard of.
	killings  map[types.UID][]killing
	unstarted map[types.UID]unstarted
}

// NewTracker returns a tracker that knows no Pod. Until Begin every Pod belongs.
func NewTracker() *Tracker {
	return &Tracker{
		pods: map[types.UID]*pod{}, pressed: map[string]bool{}, events: map[types.UID]int32{},
		killings: map[types.UID][]killing{}, unstarted: map[types.UID]unstarted{},
		belongs: func(*corev1.Pod) bool { return true },
	}
}

// End is one end of a container of a Pod.
type End struct {
	Pod       observer.Pod
	Container string
	// At is when it was heard of, on the caller's clock: up to a few seconds after. The node's own time of it has a
	// resolution of a second, on another clock.
	At     time.Time
	Reason observer.EndReason
	// Code as a shell gives it; nil where it is not known.
	Code *int
	// BeforeReady is true where the container was not seen Ready before.
	BeforeReady bool
	// Text is the kubelet's or the runtime's own message, "" where there is none.
	Text string
}

// Begin begins a trial: what has ended until now is history, and only Pods for which belongs is true count from now on
// (nil: every one). Those that are being deleted already belong to the trial before. Call it after a list, just before
// the change that the trial is about; belongs is asked again at every reading, so it may learn the new revision later.
func (t *Tracker) Begin(belongs func(*corev1.Pod) bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if belongs == nil {
		belongs = func(*corev1.Pod) bool { return true }
	}
	t.belongs, t.notices = belongs, nil
	clear(t.killings)
	clear(t.unstarted)
	for _, p := range t.pods {
		p.begin()
	}
}

// Pod takes in a Pod that was added or has changed.
func (t *Tracker) Pod(at time.Time, p *corev1.Pod) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.take(at, p)
}

// Gone takes in the deletion of a Pod with the last state that is known of it. stale is true where that state is from
// before a gap in the watch (client-go's DeletedFinalStateUnknown).
func (t *Tracker) Gone(at time.Time, p *corev1.Pod, stale bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.take(at, p).leave(stale)
}

// Listed takes in all Pods that there are, as a list that is not served from a cache gives them. Those it does not hold
// went away, and nobody saw how.
func (t *Tracker) Listed(at time.Time, all []*corev1.Pod) {
	t.mu.Lock()
	defer t.mu.Unlock()
	present := map[types.UID]bool{}
	for _, p := range all {
		present[p.UID] = true
		t.take(at, p)
	}
	for uid, p := range t.pods {
		if !present[uid] {
			p.leave(true)
		}
	}
}

// take folds one state of a Pod into what is known of it.
func (t *Tracker) take(at time.Time, p *corev1.Pod) *pod {
	known := t.pods[p.UID]
	if known == nil {
		known = &pod{containers: map[string]*container{}}
		t.pods[p.UID] = known
	}
	known.take(at, p)
	return known
}

// Ends are the ends of containers since Begin that Plimsoll did not ask for, in the order heard.
func (t *Tracker) Ends() []End {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []End
	for _, p := range t.ours() {
		all = append(all, t.ends(p)...)
	}
	slices.SortStableFunc(all, func(a, b End) int { return a.At.Compare(b.At) })
	return all
}

// Restarts is how often a container of a Pod was started again since Begin, seen or not.
func (t *Tracker) Restarts(uid, name string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p := t.pods[types.UID(uid)]; p != nil && p.containers[name] != nil {
		return p.containers[name].restarts()
	}
	return 0
}

// Doubts are the reasons since Begin for which what was seen says nothing of the settings, or not all was seen.
func (t *Tracker) Doubts() []tuner.Doubt {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []tuner.Doubt
	for _, p := range t.ours() {
		all = append(all, t.doubts(p)...)
	}
	return append(all, t.disturbed()...)
}

// ours are the Pods of the trial, by name.
func (t *Tracker) ours() []*pod {
	var all []*pod
	for _, p := range t.pods {
		if !p.past && t.belongs(p.last) {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b *pod) int {
		return cmp.Or(cmp.Compare(a.last.Name, b.last.Name), cmp.Compare(a.last.UID, b.last.UID))
	})
	return all
}
