package local

import (
	"slices"
	"sync"
	"time"

	"github.com/plimsoll/plimsoll/workload"
)

// crashLoop is how many ends before it was ever Ready make a replica one that will not get there.
const crashLoop = 3

// state is what is known of one replica's life. Its methods are safe for use by several goroutines.
type state struct {
	replica int

	mu sync.Mutex
	// containers by the container they are of.
	containers map[*container]*life
	// begun is when the replica was started, readyAt when it was first Ready; zero where it was not yet.
	begun, readyAt time.Time
	// ready is whether it is so now: its probe passed after the last end of one of its containers.
	ready bool
	// unready counts those ends; a probe sent before one tells nothing about what came after.
	unready int
	exits   []workload.Exit
	// changed is closed, and replaced, whenever something here changes.
	changed chan struct{}
}

// life is one container's.
type life struct {
	started  time.Time
	starts   int
	running  bool
	liveness bool   // being killed for its liveness probe
	oomKills *int64 // when it was started
}

func newState(replica int, containers []*container) *state {
	s := &state{replica: replica, begun: time.Now(), containers: map[*container]*life{}, changed: make(chan struct{})}
	for _, c := range containers {
		s.containers[c] = &life{}
	}
	return s
}

// notify wakes who waits for a change; the caller holds mu.
func (s *state) notify() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// starting notes that c is about to be started.
func (s *state) starting(c *container) {
	kills := c.group.oomKills()
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.containers[c]
	l.started, l.running, l.liveness, l.oomKills = time.Now(), true, false, kills
	l.starts++
	s.notify()
}

// ended notes an end of c that nobody asked for.
func (s *state) ended(c *container, code int, lines []string) {
	kills := c.group.oomKills()
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.containers[c]
	s.exits = append(s.exits, workload.Exit{Container: c.spec.Name, Replica: s.replica, At: time.Now(),
		Reason: reasonFor(code, l.oomKills, kills, l.liveness), Code: code, BeforeReady: !s.ready, Output: lines})
	l.running, s.ready = false, false
	s.unready++
	s.notify()
}

// failsLiveness notes that every container of the replica is about to be killed for its probe.
func (s *state) failsLiveness() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.containers {
		l.liveness = true
	}
}

// probing returns what to hand to passed when the probe that is about to be sent passes.
func (s *state) probing() (unready int, ready bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.unready, s.ready
}

// passed makes the replica Ready, unless a container has ended since the probe was sent or is not running.
func (s *state) passed(unready int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.containers {
		if !l.running {
			return
		}
	}
	if s.ready || unready != s.unready {
		return
	}
	s.ready = true
	if s.readyAt.IsZero() {
		s.readyAt = time.Now()
	}
	s.notify()
}

// standing is where a replica is on its way to Ready. startup is its time from start to Ready, where it has been.
type standing struct {
	ready, crashLoop bool
	begun            time.Time
	startup          time.Duration
}

// now returns the standing, and a channel that is closed when it may have changed.
func (s *state) now() (standing, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	early := 0
	for _, e := range s.exits {
		if e.BeforeReady {
			early++
		}
	}
	st := standing{ready: s.ready, crashLoop: early >= crashLoop, begun: s.begun}
	if !s.readyAt.IsZero() {
		st.startup = s.readyAt.Sub(s.begun)
	}
	return st, s.changed
}

// of returns when c was last started and how often it was restarted.
func (s *state) of(c *container) (started time.Time, restarts int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.containers[c]
	return l.started, max(0, l.starts-1)
}

// seen returns the exits so far, in order of time; forget empties them and counts restarts from here.
func (s *state) seen() []workload.Exit {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.exits)
}

func (s *state) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.exits = nil
	for _, l := range s.containers {
		l.starts = min(l.starts, 1)
	}
}
