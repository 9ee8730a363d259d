package loadgen

import "time"

// notSent is hitRecord.sent of a hit that was never acted upon, and firstByte of one without a reply.
const notSent time.Duration = -1

// hitRecord is one hit with its outcome and stamps: offsets from the start of the run on the loop's monotonic clock.
type hitRecord struct {
	// kind indexes traffic.kinds, replica Plan.Addresses (−1: not known), stage Scenario.Stages.
	kind, replica, stage int
	outcome              outcomeIndex
	planned              time.Duration
	// sent is when the generator acted on the hit: when its first byte was handed to the kernel or, where a connection
	// had to be opened for it, when that began, since waiting for accept and handshake is the server's time and not
	// lag. For a late hit it is when it was given up, so that the generator's own
	// stall shows in lag. notSent for a hit dropped at the cap.
	sent time.Duration
	// firstByte of the reply; done is when the outcome was known.
	firstByte, done time.Duration
}

// recorder takes down the hits of one loop. Only its loop may call its methods; none of them takes a lock, and none
// allocates. Its size depends on the numbers of stages, kinds of hit and replicas, not on how long the run is.
//
// Each planned hit takes one plan and later one record, dropped, late and unfinished hits included. Between the two comes
// one start, but for dropped and late hits. tick must be called at least once a second, also while no hit ends.
type recorder struct {
	// warmup is when the judged window begins, end when it ends: at the end of the scenario, or at the interruption.
	warmup, end time.Duration
	// timeout of a hit; the length of the scenario where it has none.
	timeout time.Duration
	closed  bool
	// outcomes holds done − planned of every hit planned in the window, by outcome. service is done − sent of the ok
	// ones, wait is firstByte − sent of the ok ones, lag is sent − planned.
	outcomes           [outcomeCount]histogram
	service, wait, lag histogram
	// stages are by the stage in which a hit was planned, kinds by kind of hit.
	stages, kinds []tally
	// stageEnds are the ends of the stages; ending is the stage that the latest done lies in.
	stageEnds []time.Duration
	ending    int
	// replicaOK counts ok hits by replica.
	replicaOK []int64
	// planned and started count hits planned in the window; okInWindow counts ok hits that ended in the window, whenever
	// they were planned.
	planned, started, okInWindow int64
	inFlight                     int64
	seconds
}

// tally is what is kept for each stage and each kind of hit.
type tally struct {
	planned  int64
	outcomes [outcomeCount]int64
	// okEnded counts ok hits that ended while the stage lasted.
	okEnded int64
	// known holds the response times of ok hits; censored the least that the others took, and least the least of those
	// (0: there are none).
	known, censored histogram
	least           time.Duration
}

func newTallies(n int) []tally {
	all := make([]tally, n)
	for i := range all {
		all[i].known, all[i].censored = newHistogram(coarseDigits), newHistogram(coarseDigits)
	}
	return all
}

// newRecorders returns n recorders for the loops of a run of plan.
func newRecorders(plan Plan, n int) []*recorder {
	all := make([]*recorder, n)
	for i := range all {
		all[i] = newRecorder(plan)
	}
	return all
}

func newRecorder(plan Plan) *recorder {
	r := &recorder{
		warmup:    plan.Scenario.Warmup,
		end:       plan.Scenario.Duration(),
		timeout:   plan.Traffic.Timeout,
		closed:    plan.Closed,
		service:   newHistogram(fineDigits),
		wait:      newHistogram(fineDigits),
		lag:       newHistogram(fineDigits),
		stages:    newTallies(len(plan.Scenario.Stages)),
		kinds:     newTallies(len(plan.Traffic.Hits)),
		replicaOK: make([]int64, max(len(plan.Addresses), 1)),
		seconds:   newSeconds(),
	}
	for i := range r.outcomes {
		r.outcomes[i] = newHistogram(fineDigits)
	}
	if r.timeout == 0 {
		r.timeout = r.end
	}
	var end time.Duration
	for _, stage := range plan.Scenario.Stages {
		end += stage.For
		r.stageEnds = append(r.stageEnds, end)
	}
	return r
}

// plan counts a hit planned at that instant, in that stage.
func (r *recorder) plan(at time.Duration, stage int) {
	r.tick(at)
	r.current.planned++
	if at >= r.warmup {
		r.planned++
		r.stages[stage].planned++
	}
}

// start counts a hit as in flight.
func (r *recorder) start(planned time.Duration) {
	r.inFlight++
	r.current.started++
	r.current.peak = max(r.current.peak, r.inFlight)
	if planned >= r.warmup {
		r.started++
	}
}

// record takes down one hit that ended.
func (r *recorder) record(h hitRecord) {
	r.tick(h.done)
	if h.outcome != ixDropped && h.outcome != ixLate {
		r.inFlight--
	}
	response := h.done - h.planned
	r.countEnd(h, response)
	if h.planned < r.warmup {
		return
	}
	r.outcomes[h.outcome].record(response)
	if h.sent != notSent && !r.closed {
		r.lag.record(h.sent - h.planned)
	}
	if h.outcome == ixOK {
		r.recordOK(h)
	}
	waited := leastWait(h.outcome, response, r.timeout)
	r.stages[h.stage].record(h.outcome, response, waited)
	r.kinds[h.kind].record(h.outcome, response, waited)
}

func (r *recorder) recordOK(h hitRecord) {
	r.service.record(h.done - h.sent)
	if h.firstByte != notSent {
		r.wait.record(h.firstByte - h.sent)
	}
	if uint(h.replica) < uint(len(r.replicaOK)) {
		r.replicaOK[h.replica]++
	}
}

// countEnd counts a hit for the second, the stage and the window in which it ended.
func (r *recorder) countEnd(h hitRecord, response time.Duration) {
	if h.outcome != ixOK {
		if h.outcome != ixLate {
			r.current.failed++
		}
		return
	}
	r.current.ok++
	r.current.response.record(response)
	for r.ending < len(r.stageEnds)-1 && h.done >= r.stageEnds[r.ending] {
		r.ending++
	}
	if h.done >= r.warmup && h.done < r.end {
		r.okInWindow++
		r.stages[r.ending].okEnded++
	}
}

func (t *tally) record(outcome outcomeIndex, response, waited time.Duration) {
	t.outcomes[outcome]++
	switch outcome {
	case ixOK:
		t.known.record(response)
	case ixLate: // it says nothing of the service
	default:
		t.noteCensored(waited)
	}
}

func (t *tally) noteCensored(waited time.Duration) {
	t.censored.record(waited)
	if t.least == 0 || waited < t.least {
		t.least = waited
	}
}

// leastWait is the least time for which a hit that was not ok had to go without its answer.
//
// A failed hit has no response time: whoever sent it never got the answer. Taking the time of the failure for one, as
// most tools do, lets a refused connection (0.1 ms) improve the percentiles of a service that is down; leaving it out
// judges a service by its survivors. So a failed hit is censored: within the timeout the answer did not come, however
// fast the failure did, and a slow failure waited even longer. "p99 < 200 ms" then says that 99 % of the hits planned
// were answered as expected within 200 ms. Only a hit cut off at the end of the run might still have been answered, so
// it is censored at what it was seen to wait. (Beyer et al., Site Reliability Engineering, ch. 6: keep the latency of
// failures apart from that of successes, and do not let fast failures flatter it. Tene, "How NOT to measure latency".)
func leastWait(outcome outcomeIndex, response, timeout time.Duration) time.Duration {
	if outcome == ixUnfinished {
		return response
	}
	return max(response, timeout)
}

// stopAt ends the window before the end of the scenario, because the run was interrupted then.
func (r *recorder) stopAt(at time.Duration) { r.end = min(r.end, at) }
