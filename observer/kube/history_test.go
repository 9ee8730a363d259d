package kube

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll/plimsoll/observer"
)

// history is a made-up life of one container: what a kubelet told of it, in order, and the truth.
type history struct {
	states     []*corev1.Pod
	ends, ooms int
	// before is how many of the states came before the trial, and the ends and OOM kills among them.
	before, endsBefore, oomsBefore int
}

// live makes up a life of up to six instances, told as a kubelet does: an instance runs, then it may be told as ended, then
// as waiting for the next. Where lossy is true the kubelet forgets how often it restarted, as it does once a dead container
// and its log are collected.
func live(chance *rand.Rand, lossy bool) history {
	var h history
	count := int32(0)
	var last *corev1.ContainerStateTerminated
	cut := chance.IntN(4)
	for i := range 1 + chance.IntN(6) {
		if i == cut {
			h.before, h.endsBefore, h.oomsBefore = len(h.states), h.ends, h.ooms
		}
		id := fmt.Sprintf("containerd://%d", i)
		h.tell(count, id, chance.IntN(2) == 0, corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}, last)
		if chance.IntN(4) == 0 {
			break
		}
		end := &corev1.ContainerStateTerminated{ContainerID: id, Reason: "Error", ExitCode: 1}
		if h.ends++; chance.IntN(2) == 0 {
			end.Reason, end.ExitCode = "OOMKilled", []int32{0, 1, 137, 143}[chance.IntN(4)]
			h.ooms++
		}
		h.tell(count, id, false, corev1.ContainerState{Terminated: end}, last)
		if chance.IntN(2) == 0 {
			h.tell(count, id, false, corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}, end)
		}
		last = end
		if count++; lossy && chance.IntN(3) == 0 {
			count = int32(chance.IntN(int(count)))
		}
	}
	return h
}

func (h *history) tell(count int32, id string, ready bool, state corev1.ContainerState, last *corev1.ContainerStateTerminated) {
	h.states = append(h.states, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "app-0", UID: "uid"},
		Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{
			Name: "app", ContainerID: id, RestartCount: count, Ready: ready, State: state, LastTerminationState: corev1.ContainerState{Terminated: last},
		}}},
	})
}

// Over many made-up lives, told with gaps, twice and out of order and closed by one list: no OOM kill and no end is
// counted that did not happen, none twice, none of the trial before, and each that was not seen is said to be unseen.
func TestHistories(t *testing.T) {
	const seed = 7
	chance := rand.New(rand.NewPCG(seed, 1))
	for n := range 5000 {
		h := live(chance, false)
		tracker := NewTracker()
		tellSome(chance, tracker, h.states[:h.before])
		tracker.Begin(nil)
		tellSome(chance, tracker, h.states[h.before:])
		tracker.Listed(began, h.states[len(h.states)-1:])
		ends, ooms := h.ends-h.endsBefore, h.ooms-h.oomsBefore
		seen, unseen := tracker.Ends(), unseenOf(tracker)
		if len(seen) > ends || oomsOf(seen) > ooms || len(seen)+unseen != ends || tracker.Restarts("uid", "app") < ends-1 {
			t.Fatalf("life %d of seed %d: %d ends and %d OOM kills; seen %d and %d, said unseen %d, %d restarts",
				n, seed, ends, ooms, len(seen), oomsOf(seen), unseen, tracker.Restarts("uid", "app"))
		}
	}
}

// Where the kubelet forgets the count too, what was seen is still never too much, and a gap that any instance shows is told.
func TestLossyHistories(t *testing.T) {
	const seed = 8
	chance := rand.New(rand.NewPCG(seed, 1))
	for n := range 5000 {
		h := live(chance, true)
		tracker := NewTracker()
		tellSome(chance, tracker, h.states)
		tracker.Listed(began, h.states[len(h.states)-1:])
		if seen := tracker.Ends(); len(seen) > h.ends || oomsOf(seen) > h.ooms {
			t.Fatalf("life %d of seed %d: %d ends and %d OOM kills; seen %d and %d", n, seed, h.ends, h.ooms, len(seen), oomsOf(seen))
		}
		whole := NewTracker()
		for _, s := range h.states {
			whole.Pod(began, s)
		}
		if len(whole.Ends()) != h.ends || unseenOf(whole) != 0 {
			t.Fatalf("life %d of seed %d, all told: %d of %d ends, %d said unseen", n, seed, len(whole.Ends()), h.ends, unseenOf(whole))
		}
	}
}

// tellSome tells states with gaps, twice, and now and then out of order. The last one is told in any case: a trial begins
// with a list.
func tellSome(chance *rand.Rand, tracker *Tracker, states []*corev1.Pod) {
	var some []*corev1.Pod
	for _, s := range states {
		for range chance.IntN(3) {
			some = append(some, s)
		}
	}
	if chance.IntN(3) == 0 {
		chance.Shuffle(len(some), func(i, j int) { some[i], some[j] = some[j], some[i] })
	}
	for i, s := range some {
		tracker.Pod(began.Add(time.Duration(i)*time.Second), s)
	}
	if len(states) > 0 {
		tracker.Pod(began, states[len(states)-1])
	}
}

func oomsOf(ends []End) int {
	return len(slices.DeleteFunc(slices.Clone(ends), func(e End) bool {
		return e.Reason != observer.OOMKilled && e.Reason != observer.ChildOOM
	}))
}
