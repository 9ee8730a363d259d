package tuner

import (
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
)

// Where the budget ends two limits away from all that passed, what a soak confirmed is the result.
func TestBudgetFallsBackToTheSoak(t *testing.T) {
	goal := coldGoal()
	goal.Tuning.MaxTrials, goal.Tuning.MaxTime = 3, time.Hour
	soak := coldTrial(400, 100, true, 0.2, 50*time.Millisecond)
	soak.Step.Purpose, soak.Number = Confirm, 1
	failed := func(number int, cpu scenarios.MilliCPU, memory scenarios.Bytes) Trial {
		x := coldTrial(cpu, memory, true, 0.2, 50*time.Millisecond)
		x.Verdict, x.Number = Verdict{Judgement: Fail, Mode: OOM, Culprit: &Limit{"app", Memory}}, number
		return x
	}
	r := Decide(goal, []Trial{soak, failed(2, 400, 80), failed(3, 300, 80)}).Result
	if r == nil || r.Outcome != BudgetSpent || !r.Verified || valueOf(r.Settings, Limit{"app", CPU}) != 400 || valueOf(r.Settings, Limit{"app", Memory}) != 100<<20 {
		t.Errorf("the result is %+v, want 400m and 100Mi, confirmed", r)
	}
}

// Settings that fresh replicas failed at more often than they passed are refuted, whatever warm ones did.
func TestWarmPassesDoNotAcquit(t *testing.T) {
	ms := 50 * time.Millisecond
	pair := []Trial{coldTrial(600, 100, true, 0.190, ms), coldTrial(600, 100, false, 0.155, ms)}
	failed := coldTrial(300, 100, true, 0.190, ms)
	failed.Verdict = Verdict{Judgement: Fail, Mode: CPUPegged, Culprit: &Limit{"app", CPU}}
	trials := append(pair, coldTrial(300, 100, false, 0.155, ms), failed)
	h := newHistory(coldGoal(), trials)
	if !h.cold.matters() || !h.refuted(trials[3].Step.Settings) {
		t.Errorf("300m failed cold and passed warm, and is not refuted (%+v)", h.cold)
	}
}
