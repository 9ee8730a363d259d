package loadgen

import (
	"sync"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// job is what every loop of a run is told. Loops read it and change nothing in it but failures, which locks.
type job struct {
	plan Plan
	// began is the instant that all times of the run count from.
	began time.Time
	// timeout of a hit; never where it has none.
	timeout time.Duration
	// timedOut is the error of a hit that took longer.
	timedOut error
	kinds    []kindFacts
	// endpoints are the replicas, in the order of Plan.Addresses.
	endpoints []*endpoint
	// secure is true for https.
	secure bool
	// loops is how many goroutines share the schedule.
	loops    int
	failures failures
}

// kindFacts is what an engine needs to know of a kind of hit beside how it is rendered.
type kindFacts struct {
	// headOnly is true for HEAD, whose replies have no body.
	headOnly bool
	// repeatable is true where doing it twice is as good as doing it once (RFC 9110 9.2.2).
	repeatable bool
	search     textSearch
}

func factsOf(t *traffic) []kindFacts {
	facts := make([]kindFacts, len(t.kinds))
	for i, k := range t.kinds {
		facts[i] = kindFacts{headOnly: k.method == "HEAD", search: newTextSearch(string(k.bodyContains))}
		switch k.method {
		case "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE":
			facts[i].repeatable = true
		}
	}
	return facts
}

// never is later than every instant of a run.
const never = time.Duration(1<<63 - 1)

// judge says what a complete reply is.
func (h *hitKind) judge(status int, found bool) outcomeIndex {
	switch {
	case !h.expected.has(status):
		return ixUnexpectedStatus
	case !found:
		return ixUnexpectedBody
	}
	return ixOK
}

// scheme of the URLs.
func (j *job) scheme() string {
	if j.secure {
		return "https"
	}
	return "http"
}

func (j *job) now() time.Duration { return time.Since(j.began) }

// catchUp is how late a hit may be sent. Later ones are dropped: sent all at once, after a pause of the generator, they
// would be a peak that nobody planned.
const catchUp = 10 * time.Millisecond

// interruptedGrace is how long hits in flight may take to finish once the run is cancelled, where Plan.Grace is longer.
const interruptedGrace = time.Second

// giveUpAt is when the hits in flight at now, the moment of an interruption, are given up.
func (j *job) giveUpAt(now time.Duration) time.Duration {
	return now + min(j.plan.Grace, interruptedGrace)
}

// hitState is a hit in flight.
type hitState struct {
	number           int64 // from 0, over all loops
	kind, row, stage int
	// planned, sent and firstByte are times since the run began. sent is when the first byte was given to the kernel,
	// or when it was told to connect where the hit needs a new connection: what comes after is not ours.
	planned, sent, firstByte time.Duration
}

// share is part i of n nearly equal parts of whole.
func share(whole, i, n int) int { return (whole + n - 1 - i) / n }

// wornOut reports whether a connection has made all its hits or lived its time.
func wornOut(t *scenarios.Traffic, hits int, age time.Duration) bool {
	return t.HitsPerConnection > 0 && hits >= t.HitsPerConnection ||
		t.ConnectionLifetime > 0 && age >= t.ConnectionLifetime
}

// restSafely is how long a connection must have been idle for a close without a reply to be the server's idle timeout
// that crossed with the hit on the way. A server that drops connections under load is not excused by it.
const restSafely = time.Second

// crossed reports whether err, of a connection that had been idle for so long, means that the server closed it while
// the hit was on its way. Such a hit is repeated, once, where that can do no harm (RFC 9112 9.3.1).
func crossed(err error, idle time.Duration) bool {
	return idle >= restSafely && outcomeOf(err) == ixReset
}

// ended is the record of h.
func (h *hitState) ended(outcome outcomeIndex, replica int, done time.Duration) hitRecord {
	return hitRecord{
		kind: h.kind, replica: replica, stage: h.stage, outcome: outcome,
		planned: h.planned, sent: h.sent, firstByte: h.firstByte, done: done,
	}
}

// openingRate is how many connections a second a closed loop opens, at the beginning and in place of broken ones: slow
// enough for the accept queue of a server, and no storm where one refuses them all. openingBurst may be opened at once.
// An open loop opens a connection when a hit is planned and has no such cap.
const (
	openingRate  = 5000
	openingBurst = 64
)

// stageClock tells the stage at ascending instants.
type stageClock struct {
	stages []scenarios.Stage
	stage  int
	end    time.Duration
}

func newStageClock(stages []scenarios.Stage) stageClock {
	return stageClock{stages: stages, end: stages[0].For}
}

// at is the index of the stage at now; the last one for later instants.
func (s *stageClock) at(now time.Duration) int {
	for now >= s.end && s.stage < len(s.stages)-1 {
		s.stage++
		s.end += s.stages[s.stage].For
	}
	return s.stage
}

// failures keeps the first error of each outcome, for the message beside its count.
type failures struct {
	mu    sync.Mutex
	first [outcomeCount]error
}

// note keeps err where it is the first of its outcome.
func (f *failures) note(o outcomeIndex, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.first[o] == nil {
		f.first[o] = err
	}
}

// messages are the errors as text.
func (f *failures) messages() map[Outcome]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	texts := map[Outcome]string{}
	for i, err := range f.first {
		if err != nil {
			texts[outcomeIndex(i).outcome()] = err.Error()
		}
	}
	return texts
}
