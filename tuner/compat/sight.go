package compat

import (
	"maps"
	"slices"
)

// Sight is one look at a workload and its autoscalers. Messages name the Pod or object that they are about.
type Sight struct {
	// Desired is what the HPA wants, the workload's own replicas without one; Ready how many Pods serve.
	Desired, Ready int
	// Pods are those that have not ended, by name, with what they carry.
	Pods []Carried
	// Own are the names of the workload, of its Pods and of the controllers of these.
	Own []string
	// Waiting are Pods that no node takes, Evicted those that somebody ends for another reason than their number.
	Waiting, Evicted []string
	// Restarts are those of each container, by "Pod/container".
	Restarts map[string]Told
	// Refusals and Evictions are the events of the namespace about refused and evicted Pods, by the events' own names; nil
	// where this look was not for events. EventsUnread says why they could not be read; empty where they could.
	Refusals, Evictions map[string]Told
	EventsUnread        string
}

// Told is something that was said, or happened, a number of times.
type Told struct {
	// Object is the name of what it is about.
	Object string
	Times  int
	Text   string
}

// Seen gathers looks; what was before its first does not count.
type Seen struct {
	first Sight
	own   map[string]bool
	// waiting is of the last look; the others have each message once, in the order they came.
	waiting, evicted, ended []string
	refusals, evictions     map[string]Told
	unread                  string
}

// NewSeen begins with a look for events.
func NewSeen(first Sight) *Seen {
	s := &Seen{first: first, own: map[string]bool{}}
	s.See(first)
	return s
}

// See takes one more look in.
func (s *Seen) See(now Sight) {
	for _, name := range now.Own {
		s.own[name] = true
	}
	s.waiting = now.Waiting
	for _, text := range now.Evicted {
		if !slices.Contains(s.first.Evicted, text) {
			s.evicted = once(s.evicted, text)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(now.Restarts)) {
		if now.Restarts[name].Times > s.first.Restarts[name].Times {
			s.ended = once(s.ended, now.Restarts[name].Text)
		}
	}
	if now.Refusals != nil {
		s.refusals, s.evictions = now.Refusals, now.Evictions
	}
	if now.EventsUnread != "" {
		s.unread = now.EventsUnread
	}
}

// Into writes what was gathered into t. Events count where they are about the workload itself, a Pod of it that was seen,
// or a controller of such a Pod.
func (s *Seen) Into(t *Trajectory) {
	t.Restarted, t.EventsUnread = s.ended, s.unread
	t.Refused = append(s.news(s.refusals, s.first.Refusals), s.waiting...)
	t.Evicted = s.evicted
	for _, text := range s.news(s.evictions, s.first.Evictions) {
		t.Evicted = once(t.Evicted, text)
	}
}

// news are the texts of our own that now has and before had not, or fewer times.
func (s *Seen) news(now, before map[string]Told) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if told := now[name]; s.own[told.Object] && told.Times > before[name].Times {
			all = once(all, told.Text)
		}
	}
	return all
}

func once(all []string, text string) []string {
	if slices.Contains(all, text) {
		return all
	}
	return append(all, text)
}
