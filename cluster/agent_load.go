package cluster

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/plimsoll/plimsoll/loadgen"
	"github.com/plimsoll/plimsoll/loadgen/wire"
)

// The agent tells the time often while its log is first read, and again when the load is over: see clock.
const (
	ticksFirst    = 5 * time.Second
	ticksLast     = time.Second
	tickInterval  = 50 * time.Millisecond
	lastIntervals = 20 * time.Millisecond
)

// LoadAgent is the load generator in its Pod: it runs the plan in a file and writes what comes of it as rows.
type LoadAgent struct {
	// Plan is the file with the plan, Scratch a directory that it may write the plan's own files to.
	Plan, Scratch string
	// Version of this plimsoll; a plan of another one is refused.
	Version string
	Out     io.Writer
}

// Run runs the plan. Cancelling ctx ends the load gracefully, and its result is written all the same. The error has been
// written as a row too.
func (a LoadAgent) Run(ctx context.Context) error {
	say := sayer{NewRowWriter(a.Out)}
	if err := say.message(wire.Message{Hello: &wire.Hello{Format: wire.Version, Plimsoll: a.Version}}); err != nil {
		return err
	}
	result, err := a.load(ctx, say)
	if err != nil {
		_ = say.message(wire.Message{Failed: &wire.Failed{Text: err.Error()}})
		return err
	}
	parts, err := wire.Split(result)
	if err != nil {
		return err
	}
	for _, m := range parts {
		if err := say.message(m); err != nil {
			return err
		}
	}
	if ctx.Err() != nil { // it was told to end; this last second is for the clock
		ctx = context.Background()
	}
	say.ticks(ctx, lastIntervals, ticksLast)
	return nil
}

func (a LoadAgent) load(ctx context.Context, say sayer) (loadgen.Result, error) {
	text, err := os.ReadFile(a.Plan)
	if err != nil {
		return loadgen.Result{}, fmt.Errorf("read the plan: %w", err)
	}
	plan, err := wire.DecodePlan(text, a.Version, a.Scratch)
	if err != nil {
		return loadgen.Result{}, err
	}
	ticking, stop := context.WithCancel(ctx)
	var first sync.WaitGroup
	first.Go(func() { say.ticks(ticking, tickInterval, ticksFirst) })
	defer first.Wait()
	defer stop()
	// A row that can't be written costs the follower a second, which it will miss by its number.
	plan.OnStart = func(began time.Time) { _ = say.message(wire.Message{Began: &began}) }
	plan.OnSecond = func(s loadgen.Second) { _ = say.message(wire.Message{Second: &s}) }
	return loadgen.Run(ctx, plan)
}

// sayer writes messages as rows.
type sayer struct{ rows *RowWriter }

func (s sayer) message(m wire.Message) error {
	m.At = time.Now()
	b, err := m.Encode()
	if err != nil {
		return err
	}
	return s.rows.Write(b)
}

// ticks tells the time every interval, for that long or until ctx is done.
func (s sayer) ticks(ctx context.Context, interval, during time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, during)
	defer cancel()
	next := time.NewTicker(interval)
	defer next.Stop()
	for {
		if s.message(wire.Message{Tick: &wire.Tick{Every: interval}}) != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		}
	}
}
