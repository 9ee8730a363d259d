package loadgen

import "time"

// Second is the figures of one second of load.
type Second struct {
	// At is the end of the second since the run began.
	At     time.Duration
	Warmup bool
	// Planned and Started hits of this second; OK and Failed hits that ended in it, dropped ones among the failed.
	Planned, Started, OK, Failed int64
	// InFlight at the end of the second.
	InFlight int64
	// P50 and P99 of response times of the ok hits that ended in this second; nil where none did.
	P50, P99 *time.Duration
}

// Result is what came of one run. Hits are those planned in the window, the warm-up left out, where nothing else is said.
type Result struct {
	// Started is the instant the schedule counts from.
	Started time.Time `json:"started"`
	// Warmup came before the window.
	Warmup time.Duration `json:"warmup_ns"`
	// Window is the judged time (without the warm-up), up to the end or the interruption.
	Window time.Duration `json:"window_ns"`
	// Complete is false where the run was interrupted: its schedule, or hits in flight after it.
	Complete bool `json:"complete"`
	// ClosedLoop is true where there was no schedule to keep: then Offered is Achieved, and there is no lag.
	ClosedLoop bool `json:"closed_loop"`
	// Offered is hits planned per second of the window, Achieved hits started. Throughput is hits that ended ok in the
	// window, per second: over Offered it says how far a server fell short. 0 where the window is empty.
	Offered    float64 `json:"offered_hits_per_second"`
	Achieved   float64 `json:"achieved_hits_per_second"`
	Throughput float64 `json:"throughput_hits_per_second"`
	// Hits planned in the window; Outcomes counts each of them once, and has no entry for outcomes that none had.
	Hits     int64             `json:"hits"`
	Outcomes map[Outcome]int64 `json:"outcomes"`
	// Errors holds the first error of each outcome but ok, where there was one to tell.
	Errors map[Outcome]string `json:"first_errors,omitempty"`
	// Invalid says why the run can't be judged (the generator lagged or was throttled itself); empty: it can.
	Invalid []string `json:"invalid,omitempty"`
	// MaxInFlight is the most hits in flight at once.
	MaxInFlight int64 `json:"max_in_flight"`
	// ReplicaOK counts ok hits by address, in the order of Plan.Addresses.
	ReplicaOK []int64 `json:"replica_hits_ok"`
	// Response is done − planned of every hit but the late ones, what SLOs are judged on. Hits that were not ok are
	// censored: at the timeout or at what they were seen to wait, the longer of the two; those unfinished at the end at
	// what they were seen to wait. So "p99" is the time within which 99 % of the hits planned were answered as expected.
	Response Distribution `json:"response"`
	// Service is done − sent, and Wait first byte − sent, of ok hits.
	Service Distribution `json:"service"`
	Wait    Distribution `json:"wait"`
	// Lag is sent − planned, the generator's own, of hits that were sent or given up as late. Empty in a closed loop.
	Lag Distribution `json:"lag"`
	// ByOutcome is done − planned of the hits of each outcome as it was measured, nothing censored.
	ByOutcome map[Outcome]Distribution `json:"response_by_outcome"`
	// Stages has one entry for each stage of the scenario that reaches into the window, in order.
	Stages []StageResult `json:"stages"`
	// Kinds has one entry for each kind of hit, in the order of the scenario file.
	Kinds []KindResult `json:"kinds"`
	// Generator is what the run cost the generator itself, warm-up and drain included.
	Generator GeneratorUse `json:"generator"`
	// Remote says where the generator ran; nil: in this process.
	Remote *Remote `json:"remote,omitempty"`
}

// Remote is a generator on another machine.
type Remote struct {
	// Place names it: the Pod and its node.
	Place string `json:"place"`
	// ClockOffset is how far its clock was ahead of this machine's, as measured; times in the Result are by this machine's
	// clock. The truth lies within ClockWithin of it. Both are null where it could not be measured.
	ClockOffset *time.Duration `json:"clock_offset_ns"`
	ClockWithin *time.Duration `json:"clock_within_ns"`
}

// StageResult is what came of the hits planned in one stage.
type StageResult struct {
	// Number of the stage in the scenario, from 0.
	Number int `json:"stage"`
	// Window is how much of the stage was run and judged.
	Window time.Duration `json:"window_ns"`
	// Offered and Throughput as in Result, over this window.
	Offered    float64           `json:"offered_hits_per_second"`
	Throughput float64           `json:"throughput_hits_per_second"`
	Outcomes   map[Outcome]int64 `json:"outcomes"`
	Response   Distribution      `json:"response"`
}

// KindResult is what came of the hits of one kind.
type KindResult struct {
	Name     string            `json:"name"`
	Outcomes map[Outcome]int64 `json:"outcomes"`
	Response Distribution      `json:"response"`
}

// ranFor says what only the engine knows of a run.
type ranFor struct {
	started time.Time
	// ended is when the schedule ended or was interrupted; drained when the last hit had ended or the grace was over.
	ended, drained time.Duration
	complete       bool
	maxInFlight    int64
	before, after  ownUse
	// errors holds the first error of each outcome.
	errors map[Outcome]string
}

// summarize folds the recorders of a run into its result.
func summarize(plan Plan, recorders []*recorder, ran ranFor) Result {
	sum := foldRecorders(plan, recorders)
	window := max(ran.ended-plan.Scenario.Warmup, 0)
	r := Result{
		Started: ran.started, Warmup: plan.Scenario.Warmup, Window: window,
		Complete: ran.complete, ClosedLoop: plan.Closed,
		Offered:     perSecond(sum.planned, window),
		Achieved:    perSecond(sum.started, window),
		Throughput:  perSecond(sum.okInWindow, window),
		Hits:        sum.planned,
		Outcomes:    map[Outcome]int64{},
		Errors:      ran.errors,
		MaxInFlight: ran.maxInFlight,
		ReplicaOK:   sum.replicaOK,
		Service:     knownDistribution(sum.service),
		Wait:        knownDistribution(sum.wait),
		Lag:         knownDistribution(sum.lag),
		ByOutcome:   map[Outcome]Distribution{},
		Stages:      stageResults(plan, sum, ran.ended),
		Kinds:       kindResults(plan, sum),
		Generator:   ran.after.since(ran.before),
	}
	r.Response = responses(sum)
	for i := range outcomeCount {
		if n := sum.outcomes[i].total(); n > 0 {
			r.Outcomes[i.outcome()] = n
			r.ByOutcome[i.outcome()] = knownDistribution(sum.outcomes[i])
		}
	}
	r.Invalid = doubts(plan, r)
	return r
}

// foldRecorders adds up what the recorders of all loops took down.
func foldRecorders(plan Plan, recorders []*recorder) *recorder {
	sum := newRecorder(plan)
	for _, r := range recorders {
		sum.merge(r)
	}
	return sum
}

// merge adds what other took down, except for its seconds.
func (r *recorder) merge(other *recorder) {
	for i := range r.outcomes {
		r.outcomes[i].merge(other.outcomes[i])
	}
	r.service.merge(other.service)
	r.wait.merge(other.wait)
	r.lag.merge(other.lag)
	mergeTallies(r.stages, other.stages)
	mergeTallies(r.kinds, other.kinds)
	for i := range r.replicaOK {
		r.replicaOK[i] += other.replicaOK[i]
	}
	r.planned += other.planned
	r.started += other.started
	r.okInWindow += other.okInWindow
}

func mergeTallies(all, others []tally) {
	for i, other := range others {
		all[i].planned += other.planned
		all[i].okEnded += other.okEnded
		for o, n := range other.outcomes {
			all[i].outcomes[o] += n
		}
		all[i].known.merge(other.known)
		all[i].censored.merge(other.censored)
		if other.least > 0 && (all[i].least == 0 || other.least < all[i].least) {
			all[i].least = other.least
		}
	}
}

// responses puts the histograms of all outcomes together, those of failed hits censored as leastWait says.
func responses(sum *recorder) Distribution {
	d := newDistribution(fineDigits)
	for i := range outcomeCount {
		switch i {
		case ixOK:
			d.addKnown(sum.outcomes[i])
		case ixLate: // never sent, through the generator's own fault: it says nothing of the service
		default:
			d.addCensored(sum.outcomes[i], leastWait(i, 0, sum.timeout))
		}
	}
	return d
}

func (t *tally) responses() Distribution {
	d := newDistribution(coarseDigits)
	d.addKnown(t.known)
	d.addCensored(t.censored, t.least)
	return d
}

func (t *tally) counts() map[Outcome]int64 {
	counts := map[Outcome]int64{}
	for i, n := range t.outcomes {
		if n > 0 {
			counts[outcomeIndex(i).outcome()] = n
		}
	}
	return counts
}

func knownDistribution(h histogram) Distribution { return Distribution{known: h, all: h} }

func stageResults(plan Plan, sum *recorder, ended time.Duration) []StageResult {
	var all []StageResult
	var start time.Duration
	for i, stage := range plan.Scenario.Stages {
		from, to := max(start, plan.Scenario.Warmup), min(start+stage.For, ended)
		start += stage.For
		if to <= from {
			continue
		}
		t := &sum.stages[i]
		all = append(all, StageResult{
			Number: i, Window: to - from,
			Offered: perSecond(t.planned, to-from), Throughput: perSecond(t.okEnded, to-from),
			Outcomes: t.counts(), Response: t.responses(),
		})
	}
	return all
}

func kindResults(plan Plan, sum *recorder) []KindResult {
	var all []KindResult
	for i, hit := range plan.Traffic.Hits {
		t := &sum.kinds[i]
		all = append(all, KindResult{Name: hit.Name, Outcomes: t.counts(), Response: t.responses()})
	}
	return all
}

// perSecond is n over window in seconds, 0 where the window is empty.
func perSecond(n int64, window time.Duration) float64 {
	if window <= 0 {
		return 0
	}
	return float64(n) / window.Seconds()
}
