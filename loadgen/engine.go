package loadgen

import (
	"sync"
	"time"
)

// job is what every loop of a run is told. Loops read it and change nothing in it but failures, which locks.
type job struct {
	plan Plan
	// began is the instant that all times of the run count from.
	began time.Time
	// timeout of a hit; never where it has none.
	timeout time.Duration
	kinds   []kindFacts
	// endpoints are the replicas, in the order of Plan.Addresses.
	endpoints []*endpoint
	loops     int
	failures  failures
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

func (j *job) now() time.Duration { return time.Since(j.began) }

// catchUp is how late a hit may be sent. Later ones are dropped: sent all at once, after a pause of the generator, they
// would be a peak that nobody planned.
const catchUp = 10 * time.Millisecond

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
