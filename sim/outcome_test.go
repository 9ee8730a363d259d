package sim

import (
	"context"
	"testing"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

// Every kind of service ends with the outcome that says what it is.
func TestOutcomes(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*scenarios.File, *Service)
		want   tuner.Outcome
	}{
		{"ordinary", func(*scenarios.File, *Service) {}, tuner.Derived},
		{"leaks", func(_ *scenarios.File, s *Service) { s.Containers[0].Leak = 8 << 10 }, tuner.LeakDetected},
		{"a lock saturates below the load", func(_ *scenarios.File, s *Service) { s.LockAt = 120 }, tuner.Unexplained},
		{"needs more CPU than allowed", func(f *scenarios.File, _ *Service) { f.Workload.Containers[0].Bounds.CPUMax = 200 }, tuner.Infeasible},
		{"needs more memory than allowed", func(f *scenarios.File, _ *Service) { f.Workload.Containers[0].Bounds.MemoryMax = 64 << 20 }, tuner.Infeasible},
		{"as noisy as dice", func(_ *scenarios.File, s *Service) { s.LatencyNoise = 1.2; s.Containers[0].Base /= 8 }, tuner.TooNoisy},
		{"a budget of five trials", func(f *scenarios.File, _ *Service) { f.Tuning.MaxTrials = 5 }, tuner.BudgetSpent},
		{"a cliff above a range that passes", func(_ *scenarios.File, s *Service) {
			c := &s.Containers[0]
			c.Cliff, c.CliffFrom, c.CliffTo = 6, 600, 700
			s.Containers[0].Base *= 2
		}, tuner.NotMonotone},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := file(0.03, 3)
			r := New(f)
			c.change(&f, &r.service)
			trials, step := searched(t, tuner.NewGoal(f), r)
			if step.Result.Outcome != c.want {
				for _, x := range trials {
					t.Logf("%d %s %v %s | %s %s", x.Number, x.Step.Purpose, x.Step.Settings, x.Step.Reason, x.Verdict.Judgement, x.Verdict.Why)
				}
				t.Errorf("%s: %s, want %s", step.Result.Outcome, step.Result.Why, c.want)
			}
		})
	}
}

// A warm start from a result of the same service takes two trials; a confidence and the failure below are kept.
func TestWarmStart(t *testing.T) {
	f := file(0.02, 5)
	goal := tuner.NewGoal(f)
	_, first := searched(t, goal, New(f))
	if first.Result.Outcome != tuner.Derived {
		t.Fatal(first.Result.Why)
	}
	goal.Earlier = first.Result
	trials, again := searched(t, goal, New(f))
	if len(trials) != 2 || again.Result.Outcome != tuner.Derived || !again.Result.Verified {
		for _, x := range trials {
			t.Logf("%d %s %v %s | %s %s", x.Number, x.Step.Purpose, x.Step.Settings, x.Step.Reason, x.Verdict.Judgement, x.Verdict.Why)
		}
		t.Errorf("%d trials, %s: %s", len(trials), again.Result.Outcome, again.Result.Why)
	}
}

// The service grew: the earlier limits fail, and the search goes on from there.
func TestWarmStartAfterGrowth(t *testing.T) {
	f := file(0.02, 5)
	goal := tuner.NewGoal(f)
	_, first := searched(t, goal, New(f))
	goal.Earlier = first.Result
	f.Workload.Simulated.CPUPerHit = f.Workload.Simulated.CPUPerHit * 13 / 10
	trials, again := searched(t, goal, New(f))
	if again.Result.Outcome != tuner.Derived || again.Result.Settings[0].CPULimit <= first.Result.Settings[0].CPULimit {
		t.Errorf("%d trials, %s: %v after %v", len(trials), again.Result.Outcome, again.Result.Settings, first.Result.Settings)
	}
}

// A person's stop is a result of its own.
func TestInterrupted(t *testing.T) {
	f := file(0.02, 5)
	ctx, cancel := context.WithCancel(context.Background())
	r := New(f)
	trials, step, err := tuner.Search(ctx, tuner.NewGoal(f), nil, r, r.Elapsed, func(tr tuner.Trial) error {
		if tr.Number == 2 {
			cancel()
		}
		return nil
	})
	if err != nil || len(trials) != 2 || step.Result == nil || step.Result.Outcome != tuner.Interrupted {
		t.Errorf("%d trials, %+v, %v", len(trials), step.Result, err)
	}
}

func TestUnknownScenarioIsAnError(t *testing.T) {
	if _, err := New(file(0, 1)).RunTrial(context.Background(), tuner.Step{Scenario: "none"}); err == nil {
		t.Error("no error")
	}
}
