package kube

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/plimsoll/plimsoll/tuner"
)

// told is one line of a recorded watch.
type told struct {
	gone  bool
	pod   *corev1.Pod
	event *corev1.Event
}

// UnmarshalJSON reads a line as `kubectl get --watch --output-watch-events -o json` writes it.
func (l *told) UnmarshalJSON(text []byte) error {
	var line struct {
		Type   string
		Object json.RawMessage
	}
	var kind struct{ Kind string }
	if err := errors.Join(json.Unmarshal(text, &line), json.Unmarshal(line.Object, &kind)); err != nil {
		return err
	}
	l.gone = line.Type == "DELETED"
	switch kind.Kind {
	case "Pod":
		return json.Unmarshal(line.Object, &l.pod)
	case "Event":
		return json.Unmarshal(line.Object, &l.event)
	}
	return fmt.Errorf("a line of a %q", kind.Kind)
}

// recorded reads testdata/pods/NAME.json, as a real watch told it (kubelet 1.35.4, containerd 2.4.2).
func recorded(t *testing.T, name string) []told {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "pods", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var all []told
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return all
}

// began is the time of the tests; each line of a recording comes a second after the one before.
var began = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// tell feeds lines to the tracker.
func tell(tracker *Tracker, lines []told) {
	for i, l := range lines {
		at := began.Add(time.Duration(i) * time.Second)
		switch {
		case l.event != nil:
			tracker.Event(at, l.event)
		case l.gone:
			tracker.Gone(at, l.pod, false)
		default:
			tracker.Pod(at, l.pod)
		}
	}
}

// said is the ends and the doubts of a tracker in short: "app OOMKilled 137 early; restart_unseen".
func said(tracker *Tracker) string {
	var all []string
	for _, e := range tracker.Ends() {
		text := fmt.Sprintf("%s %s", e.Container, e.Reason)
		if e.Code != nil {
			text += fmt.Sprintf(" %d", *e.Code)
		}
		if e.BeforeReady {
			text += " early"
		}
		all = append(all, text)
	}
	for _, d := range tracker.Doubts() {
		all = append(all, string(d.Kind))
	}
	return strings.Join(all, "; ")
}

// cases are the recordings, with what they show.
var cases = []struct {
	name, want string
	restarts   map[string]int
}{
	{name: "burn", want: ""},
	{name: "oom-main", restarts: map[string]int{"app": 3}, want: "app OOMKilled 137; app OOMKilled 137; app OOMKilled 137; app OOMKilled 137"},
	{name: "oom-child", want: ""}, // its status shows nothing: the kernel's count does
	{name: "child-exit", restarts: map[string]int{"app": 1}, want: "app ChildOOMKilled 1; app ChildOOMKilled 1"},
	{name: "oom-sidecar", restarts: map[string]int{"proxy": 3}, want: "proxy OOMKilled 137; proxy OOMKilled 137; proxy OOMKilled 137; proxy OOMKilled 137"},
	{name: "oom-init", restarts: map[string]int{"setup": 3}, want: "setup OOMKilled 137 early; setup OOMKilled 137 early; setup OOMKilled 137 early; setup OOMKilled 137 early"},
	{name: "oom-start", want: "app OOMKilled 137 early"},
	{name: "start-error", restarts: map[string]int{"app": 2}, want: "app OOMKilled 128 early; app OOMKilled 128 early; app OOMKilled 128 early"},
	{name: "crash", restarts: map[string]int{"app": 3}, want: "app Error 3; app Error 3; app Error 3; app Error 3"},
	{name: "killed9", restarts: map[string]int{"app": 1}, want: "app Error 137"},
	{name: "liveness", restarts: map[string]int{"app": 2}, want: "app Liveness 2; app Liveness 2; app Liveness 2"},
	{name: "resized", restarts: map[string]int{"app": 1}, want: ""},
	{name: "evicted", want: "app Evicted 2; node_disturbed"},
	{name: "doomed", want: "app Deleted 2; node_disturbed"},
	{name: "forced", want: "node_disturbed"},
}

func TestRecorded(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			lines := recorded(t, c.name)
			tracker := NewTracker()
			tell(tracker, lines)
			if got := said(tracker); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
			pod := lines[0].pod
			for name, want := range c.restarts {
				if got := tracker.Restarts(string(pod.UID), name); got != want {
					t.Errorf("%s restarted %d times, want %d", name, got, want)
				}
			}
			// Told again, and again backwards, nothing is counted twice.
			tell(tracker, lines)
			slices.Reverse(lines)
			tell(tracker, lines)
			if got := said(tracker); got != c.want {
				t.Errorf("told three times: %q, want %q", got, c.want)
			}
			tracker.Begin(nil)
			if got := said(tracker); got != "" {
				t.Errorf("the next trial begins with %q", got)
			}
			tell(tracker, lines)
			if got := said(tracker); got != "" {
				t.Errorf("the next trial was told of the one before, and counts %q", got)
			}
		})
	}
}

// Whatever a watch leaves out or turns round, no end is counted that was not, and with the last state known none is lost:
// it was seen, or it is said how many were not.
func TestGaps(t *testing.T) {
	for _, c := range cases {
		if c.name == "oom-start" || c.name == "resized" || strings.Contains(c.want, "node_disturbed") {
			continue // only an Event tells of it, or that it was asked for; a deletion is a doubt by itself
		}
		t.Run(c.name, func(t *testing.T) {
			lines := recorded(t, c.name)
			last := lines[:1]
			for _, l := range lines {
				if l.pod != nil {
					last = []told{l}
				}
			}
			whole := NewTracker()
			tell(whole, lines)
			chance := rand.New(rand.NewPCG(1, 2))
			for range 500 {
				var some []told
				for _, l := range lines {
					for range chance.IntN(3) { // not at all, once or twice
						some = append(some, l)
					}
				}
				if chance.IntN(2) == 0 {
					chance.Shuffle(len(some), func(i, j int) { some[i], some[j] = some[j], some[i] })
				}
				gappy := NewTracker()
				tell(gappy, append(some, last...))
				seen, unseen, truth := len(gappy.Ends()), unseenOf(gappy), len(whole.Ends())
				if seen > truth || seen+unseen < truth {
					t.Fatalf("of %d ends %d were seen and %d are said to be unseen, with %d of %d lines", truth, seen, unseen, len(some), len(lines))
				}
				if oom := strings.Count(said(gappy), "OOMKilled"); oom > strings.Count(c.want, "OOMKilled") {
					t.Fatalf("%d OOM kills, with %d of %d lines", oom, len(some), len(lines))
				}
			}
		})
	}
}

// unseenOf counts the ends that a tracker says nobody saw.
func unseenOf(tracker *Tracker) int {
	n := 0
	for _, p := range tracker.pods {
		for _, c := range p.containers {
			n += c.unseen()
		}
	}
	if said := slices.ContainsFunc(tracker.Doubts(), func(d tuner.Doubt) bool { return d.Kind == tuner.RestartUnseen }); said != (n > 0) {
		return -1 << 20
	}
	return n
}
