package tuner

import (
	"testing"

	"github.com/plimsoll/plimsoll/scenarios"
)

// pairTrial is a trial of two containers: their memory limits in Mi, and what the proxy used of its 200m, in cores.
func pairTrial(app, proxy scenarios.Bytes, used float64, v Verdict) Trial {
	calm := 0.1
	settings := Settings{{"app", scenarios.Resources{CPULimit: 600, MemoryLimit: app << 20}}, {"proxy", scenarios.Resources{CPULimit: 200, MemoryLimit: proxy << 20}}}
	return Trial{Step: Step{Settings: settings}, Verdict: v,
		Observation: Observation{Containers: []ContainerUse{{Container: "app", CPU: &calm}, {Container: "proxy", CPU: &used}}}}
}

func pairGoal() (goal Goal, app, proxy, proxyCPU Limit) {
	app, proxy, proxyCPU = Limit{"app", Memory}, Limit{"proxy", Memory}, Limit{"proxy", CPU}
	return Goal{Limits: []Searched{{app, 1 << 20, 1 << 30}, {proxyCPU, 10, 4000}, {proxy, 1 << 20, 1 << 30}}}, app, proxy, proxyCPU
}

// The proxy's memory went down, and the app's was put back up since something passed: what the proxy fails of, using more CPU
// than ever, is its own memory. Where nothing was blamed, a search repeated such a trial until its budget was spent.
func TestAccusesBesideMoreMemory(t *testing.T) {
	goal, app, proxy, proxyCPU := pairGoal()
	pegged := Verdict{Judgement: Fail, Mode: CPUPegged, Culprit: &proxyCPU}
	h := newHistory(goal, []Trial{pairTrial(48, 300, 0.11, Verdict{Judgement: Pass}), pairTrial(50, 130, 0.199, pegged)})
	for _, l := range []Limit{app, proxy, proxyCPU} {
		if got := h.blames(1, l); got != (l == proxy) {
			t.Errorf("%s blamed %v", limitName(l), got)
		}
	}
}

// The memory that the newest trial lacked goes up before the other container's goes on down: else nothing can pass.
func TestLackedMemoryGoesFirst(t *testing.T) {
	goal, app, proxy, _ := pairGoal()
	killed := Verdict{Judgement: Fail, Mode: OOM, Culprit: &proxy}
	h := newHistory(goal, []Trial{pairTrial(300, 50, 0.1, Verdict{Judgement: Pass}), pairTrial(200, 50, 0.1, killed)})
	next := h.nextOf([]estimate{{Searched: Searched{Limit: app}, next: 200 << 20}, {Searched: Searched{Limit: proxy}, next: 60 << 20}})
	if next == nil || next.Limit != proxy {
		t.Errorf("next is %+v, want the memory of the proxy", next)
	}
}
