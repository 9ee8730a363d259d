package loadgen

import (
	"context"
	"time"

	"golang.org/x/time/rate"

	"github.com/plimsoll/plimsoll/scenarios"
)

// newLoops returns the loops that offer the hits of j over HTTP/1.1 in the clear.
func newLoops(j *job, t *traffic, recorders []*recorder) ([]*loop, error) {
	loops := make([]*loop, 0, len(recorders))
	for i, r := range recorders {
		p, err := newPoll()
		if err != nil {
			for _, l := range loops {
				l.poll.close()
			}
			return nil, err
		}
		loops = append(loops, newLoop(j, p, t.clone(), r, i))
	}
	return loops, nil
}

// newLoop returns loop number part of j.loops.
func newLoop(j *job, p *poll, t *traffic, r *recorder, part int) *loop {
	s := &j.plan.Scenario
	l := &loop{
		job:      j,
		poll:     p,
		recorder: r,
		traffic:  t,
		schedule: newSchedule(*s, j.plan.Traffic.Arrivals, j.plan.Traffic.Seed).share(part, j.loops),
		replicas: make([]replica, len(j.endpoints)),
		turn:     part,
		end:      s.Duration(),
		deadline: s.Duration() + j.plan.Grace,
		buffer:   make([]byte, 64<<10),
	}
	for i, e := range j.endpoints {
		l.replicas[i] = replica{endpoint: e, index: i, room: share(j.plan.Traffic.MaxInFlight, part*len(j.endpoints)+i, j.loops*len(j.endpoints))}
	}
	if j.plan.Closed {
		l.closed = &closedLoop{
			toOpen:  share(j.plan.Connections, part, j.loops),
			opening: rate.NewLimiter(rate.Limit(openingRate/j.loops), openingBurst),
			number:  int64(part),
			step:    int64(j.loops),
			stages:  newStageClock(s.Stages),
		}
	}
	return l
}

// newOfferers returns what offers the hits of j: loops where they can, or else a crew.
func newOfferers(ctx context.Context, j *job, t *traffic, recorders []*recorder) ([]offerer, error) {
	if j.secure || j.plan.Traffic.Protocol != scenarios.HTTP1 || j.plan.Traffic.FollowRedirects {
		return newCrews(ctx, j, t, recorders)
	}
	loops, err := newLoops(j, t, recorders)
	if err != nil {
		return nil, err
	}
	o := make([]offerer, len(loops))
	for i, l := range loops {
		o[i] = l
	}
	return o, nil
}

var _ offerer = (*loop)(nil)

func (l *loop) over() (ended time.Duration, interrupted bool) { return l.end, l.interrupted }
