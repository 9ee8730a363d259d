package restore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// trouble is one case: a search on a workload, what is done to it, and who puts back what it left.
type trouble struct {
	Workload string
	fault
	// After is when it is killed, where that is at an instant and not at a call.
	After time.Duration
	// Next has the next search put back what was left, instead of `plimsoll restore`.
	Next bool
	// Edit is the foreign edit that is made.
	Edit string
}

func (c trouble) String() string {
	text := c.Workload + ", " + c.fault.String()
	if c.damage == killAt {
		text = fmt.Sprintf("%s, killed after %v", c.Workload, c.After)
	}
	if c.Edit != "" {
		text += " (" + c.Edit + ")"
	}
	if c.Next {
		text += ", then the next run"
	}
	return text
}

// result is what came of a case.
type result struct {
	// Reached is false where the search ended before it made the call; then nothing was tried.
	Reached bool
	// Itself is true where the search put everything back, Healed where another process had to.
	Itself, Healed bool
	// Calls are the mutating calls that the search made.
	Calls []string
	// Bad is what went wrong; Took how long the case took.
	Bad  []string
	Took time.Duration
}

// play does a case on the stage. Its error is one of the test itself.
func (s *stage) play(ctx context.Context, p program, c trouble) (r result, err error) {
	began := time.Now()
	defer func() { r.Took = time.Since(began) }()
	edit := edited{want: s.before}
	run, err := s.startArmed(ctx, p, c, &edit)
	if err != nil {
		return r, err
	}
	if c.damage == killAt {
		select {
		case <-run.ended:
		case <-time.After(c.After):
			run.kill()
		}
	}
	code, err := run.wait(ctx)
	r.Calls = s.proxy.seen()
	s.proxy.set(fault{}, nil)
	s.proxy.outage.end()
	if err := errors.Join(err, edit.err); err != nil {
		return r, fmt.Errorf("%v: %w\n%s", c, err, run.said.String())
	}
	r.Reached = c.damage == none || c.call > 0 && len(r.Calls) >= c.call || c.damage == killAt && code == -1
	e, err := s.ending(ctx, code, run.said.String(), edit.want)
	if err != nil {
		return r, err
	}
	if code != -1 {
		r.Bad = judgeRun(e, c.times != forGood)
		if !strings.Contains(e.said, edit.noted) {
			r.Bad = append(r.Bad, "it does not say that somebody else set "+edit.noted+"\nit said:\n"+e.said)
		}
		if r.Itself = e.clean(); r.Itself || len(r.Bad) > 0 {
			return r, nil
		}
	}
	r.Healed = true
	r.Bad, err = s.heal(ctx, p, c.Next, edit.want)
	return r, err
}

// How long a search may take to put back: much longer than it needs, and short where the API server never comes back.
const (
	restoreTime = 3 * time.Minute
	giveUpTime  = 15 * time.Second
)

// startArmed starts a search with the fault set. A foreign edit that it makes is written to edit.
func (s *stage) startArmed(ctx context.Context, p program, c trouble, edit *edited) (*run, error) {
	ready := make(chan *run, 1)
	s.proxy.set(c.fault, func() {
		run := <-ready
		ready <- run
		switch c.damage {
		case killBefore, killAfter:
			run.kill()
		case interrupted:
			_ = run.Process.Signal(syscall.SIGINT) // fails only where it has ended
		case foreign:
			*edit = s.edit(ctx, c.Edit)
		}
	})
	limit := restoreTime
	if c.times == forGood {
		limit = giveUpTime
	}
	run, err := s.start(p, s.tune(limit))
	if err != nil {
		return nil, err
	}
	ready <- run
	return run, nil
}

// heal has another process put back what is left, and returns what it did wrong.
func (s *stage) heal(ctx context.Context, p program, next bool, want snapshot) ([]string, error) {
	args := s.putBack()
	if next {
		args = s.tune(restoreTime)
	}
	run, err := s.start(p, args)
	if err != nil {
		return nil, err
	}
	code, err := run.wait(ctx)
	if err != nil {
		return nil, fmt.Errorf("%v: %w\n%s", args, err, run.said.String())
	}
	e, err := s.ending(ctx, code, run.said.String(), want)
	return judgeHeal(e, !next), err
}

// ending compares the namespace with what should be there, as soon as it is the same, at the latest when the controllers
// have had their time.
func (s *stage) ending(ctx context.Context, code int, said string, want snapshot) (ending, error) {
	e := ending{code: code, said: said}
	if code < 0 {
		return e, nil // killed: nobody expects it
	}
	limit, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	if code == exitNotRestored {
		cancel() // what it left is what counts
	}
	err := poll(limit, 100*time.Millisecond, func() (bool, error) {
		is, owned, err := s.camera.take(ctx, s.namespace)
		if err != nil {
			return false, err
		}
		if want.partial() {
			maps.DeleteFunc(is, func(name, _ string) bool { return followed(name) })
		}
		e.wrong = append(differences(want, is), owned...)
		return e.clean(), nil
	})
	if limit.Err() != nil && ctx.Err() == nil {
		err = nil
	}
	return e, err
}

// file is a file of the stage.
func (s *stage) file(name string) string { return filepath.Join(s.dir, name) }

// write makes the files that a search needs.
func (s *stage) write() error {
	kubeconfig := fmt.Sprintf(kubeconfigText, s.proxy.URL, s.proxy.authority(), userToken, s.namespace)
	if err := os.WriteFile(s.file("kubeconfig"), []byte(kubeconfig), 0o600); err != nil {
		return err
	}
	scenario := fmt.Sprintf(scenarioText, objectOf[s.workload], s.namespace, s.outside.URL)
	return os.WriteFile(s.file("scenarios.yaml"), []byte(scenario), 0o600)
}
