package loadgen

import "time"

// notSent is hitRecord.sent of a hit that was never acted upon.
const notSent time.Duration = -1

// hitRecord is one hit with its outcome and stamps: offsets from the start of the run on the loop's monotonic clock.
type hitRecord struct {
	// kind indexes traffic.kinds, replica Plan.Addresses (−1: not known), stage Scenario.Stages.
	kind, replica, stage int
	outcome              outcomeIndex
	// blocked is true where the hit had to wait for the cap on hits in flight: its lateness is the server's doing and
	// stays out of lag.
	blocked bool
	planned time.Duration
	// sent is when the generator acted on the hit: when its first byte was handed to the kernel or, where a connection
	// had to be opened for it, when that began, since waiting for accept and handshake is the server's time and not
	// lag. For a hit dropped because the generator was too late it is when it was given up, so that the generator's own
	// stall shows in lag. notSent for a hit dropped at the cap.
	sent time.Duration
	// firstByte of the reply; notSent where there was none. done is when the outcome was known.
	firstByte, done time.Duration
}

// recorder takes down the hits of one loop. Only its loop may call its methods.
//
// Each planned hit takes one plan and later one record, dropped and unfinished hits included; between them one start
// where it was sent. tick must be called at least once a second also where no hit ends.
type recorder struct {
}

// newRecorders returns n recorders for the loops of a run of plan.
func newRecorders(plan Plan, n int) []*recorder { return make([]*recorder, n) }

// plan counts a planned hit.
func (r *recorder) plan(at time.Duration, stage int) {}

// start counts a hit as in flight.
func (r *recorder) start(planned time.Duration) {}

// record takes down one hit that ended. It takes no lock and allocates nothing.
func (r *recorder) record(h hitRecord) {}

// tick hands over the figures of every second that ended before now.
func (r *recorder) tick(now time.Duration) {}

// finish hands over the last second; nothing may be recorded after it.
func (r *recorder) finish(now time.Duration) {}
