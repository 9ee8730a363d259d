package restore

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// crew plays series side by side, each worker on stages of its own.
type crew struct {
	world   *world
	program program
	table   table
	// only names the cases to play; nil: all.
	only *regexp.Regexp
	// done are the cases of earlier starts with the same seed and program, by their text.
	done map[string]result
	log  *os.File

	mu     sync.Mutex
	failed []string
}

// work plays what next gives until it gives no more, with so many workers. report is called after each case.
func (c *crew) work(t *testing.T, workers int, next <-chan series) {
	t.Helper()
	var working sync.WaitGroup
	for range workers {
		working.Go(func() {
			stages := map[string]*stage{}
			for s := range next {
				if err := c.playSeries(t, stages, s); err != nil {
					t.Errorf("%s: %v", s.row, err)
				}
			}
		})
	}
	working.Wait()
}

// playSeries plays the cases of a series until the search ends before it makes the call.
func (c *crew) playSeries(t *testing.T, stages map[string]*stage, s series) error {
	for call := 1; t.Context().Err() == nil; call++ {
		one := s.at(call)
		if c.only != nil && !c.only.MatchString(one.String()) {
			if s.single || call > 60 {
				return nil
			}
			continue
		}
		r, known := c.done[one.String()]
		if !known {
			var err error
			if r, err = c.playOne(t, stages, one); err != nil {
				return err
			}
		}
		if r.Reached || s.single || len(r.Bad) > 0 {
			c.table.add(s.row, r)
		}
		// A search that gave up before it made the call, on a machine that stood still, is not the last.
		if s.single || !r.Reached && !r.Healed {
			return nil
		}
	}
	return nil
}

// playOne plays a case on the worker's stage for it, which is built anew where the last case left it changed.
func (c *crew) playOne(t *testing.T, stages map[string]*stage, one trouble) (result, error) {
	s := stages[one.Workload]
	if s == nil {
		s = &stage{world: c.world, workload: one.Workload, dir: t.TempDir(), proxy: newProxy(t, c.world.control.config(userToken)), patience: controllersTime}
		if err := s.build(t.Context()); err != nil {
			return result{}, err
		}
		stages[one.Workload] = s
	}
	r, err := s.play(t.Context(), c.program, one)
	if err != nil {
		r.Bad = append(r.Bad, err.Error())
	}
	if len(r.Bad) > 0 || one.Edit != "" {
		delete(stages, one.Workload)
	}
	if len(r.Bad) > 0 {
		c.fail(t, one, r)
	}
	return r, c.note(one, r)
}

// controllersTime is how long the cluster's own controllers get to follow what plimsoll put back.
const controllersTime = 5 * time.Second

// mostShown is how many failures are shown in full.
const mostShown = 20

func (c *crew) fail(t *testing.T, one trouble, r result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed = append(c.failed, one.String())
	if len(c.failed) > mostShown {
		t.Errorf("FAILED: %v", one)
		return
	}
	t.Errorf("FAILED: %v (after %.1f s)\n  %s", one, r.Took.Seconds(), strings.ReplaceAll(strings.Join(r.Bad, "\n"), "\n", "\n  "))
}

// note keeps a case for a later start.
func (c *crew) note(one trouble, r result) error {
	if c.log == nil {
		return nil
	}
	text, err := json.Marshal(noted{one.String(), r})
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err = c.log.Write(append(text, '\n'))
	return err
}

// noted is a case that was played, as it is kept.
type noted struct {
	Case   string
	Result result
}

// remember opens the log of cases that were played with this program and seed, and reads it.
func (c *crew) remember(dir string, seed uint64) error {
	text, err := os.ReadFile(c.program.path)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, fmt.Sprintf("%.6x-%d.jsonl", sha256.Sum256(text), seed))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if c.log, err = os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o644); err != nil {
		return err
	}
	c.done = map[string]result{}
	decoder := json.NewDecoder(c.log)
	for {
		var n noted
		if decoder.Decode(&n) != nil { // the end, or a line that was cut short by a kill
			return nil
		}
		if len(n.Result.Bad) == 0 {
			c.done[n.Case] = n.Result
		}
	}
}

// progress says every ten seconds how far the crew is, until ctx ends.
func (c *crew) progress(ctx context.Context, t *testing.T) {
	began := time.Now()
	tick := time.NewTicker(10 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			sum := c.table.total()
			t.Logf("%4.0f s: %d cases (%.2f s each), %d put back by the run itself, %d by another, %d failed", time.Since(began).Seconds(),
				sum.cases, time.Since(began).Seconds()/float64(max(1, sum.cases)), sum.itself, sum.healed, sum.bad)
		}
	}
}
